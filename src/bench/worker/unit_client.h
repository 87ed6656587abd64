// A connection that does one unit of work at a time: a stream, an exchange, a transfer.
//
// Knows when a unit begins, ends or fails, tells the tally of each exactly once, and opens the
// connection again when it is gone: at once the first time, then with growing pauses. What a unit
// is made of, the classes made from this one know.
#pragma once

#include "connection.h"
#include "tally.h"

namespace ringway::bench {

class UnitClient : public Connection {
  public:
    using Connection::Connection;

    void begin(base::Instant due) final;
    void check_timeout(base::Instant now) final;
    void give_up() final;

  protected:
    // The connection is open and a unit has begun: say what there is to say.
    virtual void start() = 0;
    // The connection is gone: nothing of what was said on it counts any more.
    virtual void forget() = 0;

    bool is_busy() const { return is_busy_; }
    base::Instant due() const { return due_; }
    // The plan's timeout counts from here; begin() is the first progress.
    void note_progress() { progress_at_ = now(); }
    base::Instant now();
    // Of this unit, now: it was due in the window, or what it does falls into it.
    bool is_counted();
    Tally& tally();
    KindTally* kind_tally(std::uint32_t kind);
    virtual std::uint32_t kind() const { return 0; }

    // The unit ended in order and was counted; the next one may begin here when `stays_open`.
    void finish(bool stays_open);
    // It failed. The connection closes, unless it is known to be fit for the next unit.
    void fail_unit(ErrorKind error, bool stays_open = false);
    // It was ended by this side because the window is over: neither answered nor unfinished.
    void abandon();
    // Something came that nobody asked for.
    void refuse_unasked();

    void opened() final;
    void peer_ended() override;
    void broke(ErrorKind kind) final;
    void closed() final;
    void wake() final;

  private:
    void make_room(bool stays_open);

    bool is_busy_ = false;
    base::Instant due_{};
    base::Instant progress_at_{};
};

}  // namespace ringway::bench
