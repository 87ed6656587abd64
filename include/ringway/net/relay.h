// Passes bytes between two sockets, both ways, until both ways have ended.
//
// Each direction moves bytes in one of three ways and changes between them without losing one:
//   copy    multishot receive into provided buffers, one gathered send per turn: small messages
//   splice  splice(2) through a pooled pipe under ring poll: bulk
//   peek    look, send, drop what was taken: holds no memory, for when no buffer is left
// Holds at most `held_bytes_max` (and what one turn brings) per direction: the reader is parked at
// the limit and armed again at half of it. A relay never waits itself: advance() does what can be
// done now, and the session waits for the next completion.
#pragma once

#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/config/settings.h"
#include "ringway/net/pipe_pool.h"
#include "ringway/net/socket.h"

namespace ringway::net {

// When a direction changes its way of moving bytes; tuned by measurement (docs/decisions/0004).
struct RelayThresholds {
    static constexpr std::uint32_t splice_after_bytes = 64 * 1024;
    static constexpr std::uint32_t splice_read_bytes_mean = 24 * 1024;
    static constexpr std::uint32_t small_move_bytes = 4 * 1024;
    static constexpr std::uint32_t small_moves_in_a_row = 32;
    static constexpr base::Duration splice_idle = base::Duration::milliseconds(100);
    static constexpr std::uint32_t turn_bytes_max = 1024 * 1024;  // then others have their share
    static constexpr base::Duration buffer_patience = base::Duration::milliseconds(50);
};

struct RelaySettings {
    config::RelayMode mode = config::RelayMode::automatic;
    std::uint32_t held_bytes_max = 64 * 1024;
};

// What the relays of one shard share.
struct RelayContext {
    const RelaySettings& settings;
    PipePool& pipes;
    const ring::BufferGroup& buffers;
    std::byte* scratch;  // for peeking
    std::size_t scratch_bytes;
    const base::Instant& now;  // the shard's clock, read once per turn
};

enum class RelayWay : std::uint8_t { copy, splice, peek };
const char* name_of(RelayWay way);

class RelayDirection {
  public:
    RelayDirection(RelayContext& context, Socket& source, Socket& target)
        : context_(context), source_(source), target_(target) {}
    RelayDirection(const RelayDirection&) = delete;
    RelayDirection& operator=(const RelayDirection&) = delete;
    ~RelayDirection();

    void start();
    void advance();
    // Ended: everything that was read has been written and the end was passed on, or the direction
    // was given up because a side broke.
    bool has_ended() const { return state_ == State::ended; }
    // Its target broke and it has not given up yet.
    bool is_pointless() const { return !has_ended() && target_.is_broken(); }
    std::uint64_t held_bytes() const;  // received and not yet delivered
    bool holds_bytes() const { return held_bytes() > 0; }
    // Grows with every byte that is received and again when it is delivered.
    std::uint64_t traffic() const { return 2 * flow.bytes + held_bytes(); }
    RelayWay way() const;
    // True while it needs a look every RelayThresholds::splice_idle even if nothing happens.
    bool wants_ticks() const;
    void tick();
    // Tells the target that no more comes, if that is still owed.
    void settle_end();
    // Gives everything back; the session is closing.
    void abandon() { end(); }

    Flow flow;

  private:
    enum class State : std::uint8_t {
        copying,
        leaving_copy,  // the receive was asked to end; what came before it is sent
        splicing,
        leaving_splice,  // the watches were asked to end; the pipe is empty
        peeking,
        ended,
    };

    void advance_copying();
    void advance_leaving_copy();
    void advance_splicing();
    void advance_leaving_splice();
    void advance_peeking();

    bool is_bulk();
    void leave_copy(State next);
    void enter_splicing();
    void leave_splicing();
    void stop_watching();
    void drop_undeliverable();
    void count_pause();
    void regulate_reader();
    bool fill();
    bool drain();
    void flush_held();
    void pass_end_on();
    void end();

    RelayContext& context_;
    Socket& source_;
    Socket& target_;
    Pipe* pipe_ = nullptr;
    base::Instant last_move_{0};      // in copying: no pipe was to be had, not again before this
    std::uint32_t streak_bytes_ = 0;  // arrived, and in how many turns: how bulk is told from
    std::uint16_t streak_reads_ = 0;  // small messages
    std::uint16_t small_moves_ = 0;
    State state_ = State::copying;
    State next_ = State::splicing;  // where leaving_copy leads
    bool paused_ = false;           // the reader is parked because the target is slow
    bool one_at_a_time_ = false;    // it overran its limit: one buffer per receive, no multishot
    bool starved_ = false;          // the reader waits for a buffer; last_move_ ends its patience
    bool owes_end_ = false;         // the target has yet to be told that no more comes
};

class Relay {
  public:
    Relay(RelayContext& context, Socket& downstream, Socket& upstream)
        : up(context, downstream, upstream), down(context, upstream, downstream) {}

    void start() {
        up.start();
        down.start();
        settle_ends();
    }
    void advance() {
        up.advance();
        down.advance();
        // A splice that found the upstream broken found it after up had its turn, and no completion
        // will come to tell up.
        if (up.is_pointless()) up.advance();
        settle_ends();
    }
    bool has_ended() const { return up.has_ended() && down.has_ended(); }
    bool holds_bytes() const { return up.holds_bytes() || down.holds_bytes(); }
    std::uint64_t traffic() const { return up.traffic() + down.traffic(); }

    RelayDirection up;    // client to upstream
    RelayDirection down;  // upstream to client

  private:
    void settle_ends() {
        // When both have ended the sockets are closed at once, which says the same for less.
        if (has_ended()) return;
        up.settle_end();
        down.settle_end();
    }
};

}  // namespace ringway::net
