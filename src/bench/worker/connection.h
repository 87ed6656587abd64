// One connection slot of a worker: a socket, its life, and what the ring does for it.
//
// A slot is used again and again: open, talk, close, open. What is said on it is the business of a
// class made from it (HttpClient and others), which is told what happened and answers with send()
// and close(). Lives at one address, is used by its worker's thread alone, and is never destroyed
// while the kernel holds a request of it. Must never block.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/bench/result.h"
#include "ringway/ring/buffer_group.h"
#include "ringway/ring/op.h"

namespace ringway::bench {

class Worker;

class Connection {
  public:
    Connection(Worker& worker, std::uint32_t index);
    virtual ~Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    enum class State : std::uint8_t { closed, connecting, open, closing };
    State state() const { return state_; }
    std::uint32_t index() const { return index_; }

    // The worker's side.

    // Begins one unit of work: a request, an exchange, a transfer. Called when has_room() of the
    // worker was called for it, in a closed loop at once. `due`: when it should have begun.
    virtual void begin(base::Instant due) = 0;
    // How many units a fresh connection has room for.
    virtual unsigned room() const { return 1; }
    // The window is over: end what has no end of its own. Units that are counted as begun are
    // waited for, until the plan's drain time is over.
    virtual void wind_down() {}
    // Called every now and then: fail what has taken longer than the plan allows.
    virtual void check_timeout(base::Instant now) = 0;
    // The run is over: count what is under way as unfinished. The worker closes the slot after it.
    virtual void give_up() = 0;
    // Sends what begin() of this turn left to be sent in one piece; see Worker::flush_later.
    virtual void flush() {}

    void open();   // from `closed`; opened() or broke() follows
    void close();  // closed() follows, not before the next turn
    // Everything that the kernel held has come back.
    void settle();
    void resume_receiving();  // after no buffer was left

    // For Worker's lists.
    base::ListLink free_link;  // open loop: ready for the next that is due
    base::Instant free_since{};
    bool flush_is_listed = false;
    unsigned thinking = 0;  // units that begin when their think time is over
    unsigned failures_in_a_row = 0;

  protected:
    // What the class made from this one is told.
    virtual void opened() = 0;
    virtual void received(std::string_view bytes) = 0;  // looks only; the bytes are gone after it
    virtual void sent() = 0;                            // all of what send() was given
    virtual void peer_ended() = 0;                      // in order; nothing more will be received
    // It could not be opened, or it broke. It is closing when this is called.
    virtual void broke(ErrorKind kind) = 0;
    virtual void closed() = 0;  // may open() again

    // `bytes` must stay until sent(). One at a time.
    void send(std::string_view bytes);
    bool is_sending() const { return !unsent_.empty(); }
    bool peer_has_ended() const { return peer_ended_; }
    // Calls wake() after `span`, to the millisecond; replaces an earlier one.
    void wake_after(base::Duration span);
    virtual void wake() {}
    // How long to stay closed after `failures_in_a_row`: not at all after the first.
    base::Duration pause_before_opening() const;
    Worker& worker() { return worker_; }

  private:
    friend class Worker;
    struct OwnedOp : ring::Op {
        OwnedOp(Handler handler, Connection& connection) : Op(handler), owner(connection) {}
        Connection& owner;
    };
    struct OwnedTimer : base::Timer {
        OwnedTimer(Fire fire, Connection& connection) : Timer(fire), owner(connection) {}
        Connection& owner;
    };
    struct OwnedWaiter : ring::BufferWaiter {
        OwnedWaiter(Resume callback, Connection& connection)
            : BufferWaiter(callback), owner(connection) {}
        Connection& owner;
    };
    static Connection& owner_of(ring::Op& op) { return static_cast<OwnedOp&>(op).owner; }
    void on_connected(const ring::Completion& completion);
    void on_received(const ring::Completion& completion);
    void on_sent(const ring::Completion& completion);
    void on_timer();
    void receive();
    bool is_in_flight() const;
    void fail(ErrorKind kind);
    static ErrorKind kind_of(int os_error);

    Worker& worker_;
    OwnedOp recv_op_;
    OwnedOp send_op_;  // connects first, sends later: never both
    int fd_ = -1;
    int os_error_ = 0;  // why it could not be opened
    std::uint32_t index_;
    State state_ = State::closed;
    bool peer_ended_ = false;
    std::string_view unsent_;
    base::Instant open_began_{};
    OwnedTimer timer_;
    OwnedWaiter waiter_;
};

}  // namespace ringway::bench
