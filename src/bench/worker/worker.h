// One thread of the generator: its ring, its connections, its clock and what it has counted.
//
// Decides when the next unit of work begins (closed loop, think time, open loop, replayed log, a
// number of requests) and leaves what a unit is to its connections. Everything here belongs to the
// worker's own thread, but for the few atomics that the run's thread reads (WorkerSignals, Tally).
// Sleeps in the ring when there is nothing to do; allocates nothing once its connections are open.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"
#include "gathering.h"
#include "request/request_source.h"
#include "response_reader.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/bench/plan.h"
#include "ringway/ring/buffer_group.h"
#include "ringway/ring/ring.h"
#include "schedule.h"
#include "tally.h"

namespace ringway::bench {

// From the run's thread to all workers.
struct RunSignals {
    std::atomic<std::int64_t> start_ns{0};  // begin at this instant; 0: not yet
    std::atomic<bool> stop{false};          // end now, with what there is
};

// From one worker to the run's thread.
struct WorkerSignals {
    enum class Phase : std::uint8_t { connecting, ready, running, draining, finished, failed };
    std::atomic<Phase> phase{Phase::connecting};
    std::atomic<int> os_error{0};  // why no ring could be had, or why nobody could be reached
    std::atomic<std::int64_t> window_end_ns{0};
};

class Worker {
  public:
    Worker(const RunPlan& plan, unsigned thread, const RunSignals& run);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // The thread's whole life. `core` < 0: wherever the scheduler likes.
    void run(int core);

    // For the run's thread.
    const Tally& tally() const { return tally_; }
    const WorkerSignals& signals() const { return signals_; }

    // For connections.
    const RunPlan& plan() const { return plan_; }
    Tally& tally() { return tally_; }
    ring::Ring& ring() { return *ring_; }
    ring::BufferGroup& buffers() { return *buffers_; }
    base::TimerWheel& wheel() { return *wheel_; }
    ReaderScratch& reader_scratch() { return reader_scratch_; }
    // The time at which this turn began.
    base::Instant now() {
        if (now_.ns == 0) refresh_now();
        return now_;
    }
    // The measured window is open now.
    bool in_window() { return counts(now()); }
    // Whether what was due then is measured.
    bool counts(base::Instant due) const { return due >= window_begin_ && due < window_end_; }
    // New work may begin; false before the start and from the window's end on.
    bool may_begin() const { return may_begin_; }
    // A connection can take one more unit of work: begins it, now or when its time has come.
    void has_room(Connection& connection);
    void flush_later(Connection& connection);
    // A send that completes as it is submitted: nothing to wait for.
    void note_send() { ++sends_queued_; }
    void settled(Connection& connection) { settled_.push_back(&connection); }
    void connecting_began() { ++connecting_; }
    void connecting_ended(int os_error) {
        --connecting_;
        if (os_error != 0) signals_.os_error.store(os_error, std::memory_order_relaxed);
    }
    void count_begun(base::Instant due);
    void count_ended() { --under_way_; }  // answered, failed or given up
    void count_error(ErrorKind kind);     // of a connection, not of a request
    // Of event streams the plan's number of requests means events: each takes one when it comes.
    void use_quota() {
        if (quota_ > 0) --quota_;
    }
    // No more may begin: the number of requests, or the log, is used up.
    bool used_up() const;
    base::Instant window_end() const { return window_end_; }

    // Requests.
    bool is_constant() const { return !constant_.empty(); }
    bool constant_is_head() const { return constant_is_head_; }
    // `count` copies of the constant request, count <= pipeline.
    std::string_view constant_requests(std::size_t count) const {
        return std::string_view(constant_).substr(0, count * constant_bytes_);
    }
    OutgoingRequest next_request(std::string& buffer, std::uint32_t connection);
    KnownHead& known_head(std::uint32_t kind) { return known_heads_[kind]; }
    bool verifies_hash() const { return verifies_hash_; }
    std::optional<ErrorKind> judge_answer(std::uint32_t kind, bool is_head, std::uint16_t status,
                                          std::uint64_t body_bytes, std::uint64_t body_hash);

  private:
    // What the body of an answer must be.
    struct ExpectedBody {
        bool checks_bytes = false;
        bool checks_hash = false;
        bool learns = false;  // from the first answer
        std::uint64_t bytes = 0;
        std::uint64_t hash = 0;
    };
    struct Thinking {
        base::Instant until;
        Connection* connection;
    };

    bool open_ring();
    void make_connections();
    void make_expectations();
    void take_constant();
    void connect_all();
    void await_start();
    void begin_all();
    void loop();
    void drain();
    void leave();

    void turn(base::Instant wait_until);
    void after_turn();
    base::Instant next_wake();
    unsigned wanted() const;
    void learn_to_gather();
    void refresh_now();
    void use_room(Connection& connection);
    void begin_due();
    void prepare_next_due();
    void count_overdue();
    void end_thinking();
    void check_timeouts();
    bool is_stopped() const { return run_.stop.load(std::memory_order_relaxed); }
    void set_phase(WorkerSignals::Phase phase) {
        signals_.phase.store(phase, std::memory_order_release);
    }

    const RunPlan& plan_;
    const RunSignals& run_;
    unsigned thread_;
    Tally tally_;
    WorkerSignals signals_;
    std::unique_ptr<ring::Ring> ring_;
    std::unique_ptr<ring::BufferGroup> buffers_;
    std::optional<base::TimerWheel> wheel_;
    RequestSource source_;
    Schedule schedule_;
    ReaderScratch reader_scratch_;
    std::vector<std::unique_ptr<Connection>> connections_;

    Gathering gathering_;
    unsigned gather_ = 1;  // answers that one wake-up should bring
    base::Instant period_began_{};
    std::uint64_t answered_before_ = 0;
    base::Instant now_{};
    base::Instant start_{};
    base::Instant window_begin_ = base::Instant::never();
    base::Instant window_end_ = base::Instant::never();
    bool may_begin_ = false;
    bool is_open_loop_;
    bool keeps_times_;
    bool gathers_;
    unsigned connecting_ = 0;
    unsigned sends_queued_ = 0;
    std::size_t under_way_ = 0;

    // A number of requests: how many this worker may still begin within the window.
    bool has_quota_ = false;
    std::uint64_t quota_ = 0;

    std::string constant_;  // `pipeline` copies; empty when requests differ
    std::size_t constant_bytes_ = 0;
    bool constant_is_head_ = false;
    std::vector<KnownHead> known_heads_;
    std::vector<ExpectedBody> expected_bodies_;
    std::vector<bool> expected_status_;
    bool verifies_hash_ = false;

    // Open loop.
    base::IntrusiveList<Connection, &Connection::free_link> free_;
    std::uint64_t next_number_ = 0;
    base::Instant next_due_ = base::Instant::never();
    std::string ahead_buffer_;  // a replayed log: the next request, made to learn when it is due
    OutgoingRequest ahead_;
    bool has_ahead_ = false;

    // Think time: all pauses are equal, so the oldest ends first. A ring of fixed size.
    std::vector<Thinking> thinking_;
    std::size_t thinking_first_ = 0;
    std::size_t thinking_count_ = 0;

    std::vector<Connection*> settled_;
    std::vector<Connection*> settling_;  // the same list, while it is worked off
    std::vector<Connection*> to_flush_;
    std::size_t check_at_ = 0;  // the connection whose timeout is looked at next
    base::Instant next_check_{};
    base::Duration check_pause_{};
};

}  // namespace ringway::bench
