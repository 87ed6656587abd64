#include "worker.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#include "ringway/ring/sys.h"
#include "work.h"

namespace ringway::bench {
namespace sys = ring::sys;

namespace {

// As often as this, at least, a worker looks whether it was asked to stop.
constexpr base::Duration look_pause = base::Duration::milliseconds(50);
constexpr unsigned connecting_max = 128;  // at once, before the start: listen queues are short
constexpr std::size_t checks_at_once = 512;
// A wait for several answers ends after this, should they stop coming. Not shorter than the tick of
// the kernel's own clock: a timer before that one costs as much as a wake-up where a hypervisor has
// to set it.
constexpr base::Duration gather_max = base::Duration::milliseconds(8);
// Being woken takes this long where a hypervisor idles the core. So the last bit before a request
// is due is not slept through but spent looking for answers.
constexpr base::Duration spin_span = base::Duration::microseconds(50);
constexpr base::Duration leave_max = base::Duration::seconds(5);

// The first `count` of `total` things belong to thread 0, and so on; the rest is dealt out.
std::uint64_t share_of(std::uint64_t total, unsigned thread, unsigned threads) {
    return total / threads + (thread < total % threads ? 1 : 0);
}

}  // namespace

Worker::Worker(const RunPlan& plan, unsigned thread, const RunSignals& run)
    : plan_(plan),
      run_(run),
      thread_(thread),
      tally_(plan),
      source_(plan, thread, plan.threads),
      schedule_(plan, thread, plan.threads),
      is_open_loop_(plan.rate > 0 || (plan.replay && plan.replay->keep_times)),
      keeps_times_(plan.replay && plan.replay->keep_times),
      gathers_(!is_open_loop_ && plan.think_time.ns <= 0 &&
               (plan.work == Work::requests || plan.work == Work::ping_pong)),
      has_quota_(plan.requests_max > 0),
      quota_(share_of(plan.requests_max, thread, plan.threads)),
      known_heads_(std::max<std::size_t>(plan.kinds.size(), 1)) {}

Worker::~Worker() = default;

void Worker::run(int core) {
    if (core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(core), &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // wake when a request is due, not after it
    if (!open_ring()) {
        set_phase(WorkerSignals::Phase::failed);
        return;
    }
    make_connections();
    connect_all();
    await_start();
    if (!is_stopped()) {
        begin_all();
        loop();
        drain();
    }
    leave();
    set_phase(WorkerSignals::Phase::finished);
}

bool Worker::open_ring() {
    const auto wanted = static_cast<std::uint32_t>(
        std::bit_ceil(share_of(plan_.connections, thread_, plan_.threads) + 1) * 4);
    auto ring =
        ring::Ring::open({.submission_entries = std::clamp<std::uint32_t>(wanted / 2, 256, 4096),
                          .completion_entries = std::clamp<std::uint32_t>(wanted, 2048, 65536)});
    if (!ring) {
        signals_.os_error.store(ring.error().os_error);
        return false;
    }
    ring_ = std::move(*ring);
    auto buffers = ring::BufferGroup::create(
        *ring_, {.group = 0, .count = 32, .bytes_each = 32768, .split_when_whole = 8});
    if (!buffers) {
        signals_.os_error.store(buffers.error().os_error);
        return false;
    }
    buffers_ = std::move(*buffers);
    wheel_.emplace(sys::now());
    return true;
}

void Worker::make_connections() {
    take_constant();
    make_expectations();
    const std::uint64_t count = share_of(plan_.connections, thread_, plan_.threads);
    connections_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        // Numbers that no other thread's connections have.
        const auto index = static_cast<std::uint32_t>(i * plan_.threads + thread_);
        connections_.push_back(make_connection(*this, index));
    }
    thinking_.resize(plan_.think_time.ns > 0 ? count * std::max(1u, plan_.pipeline) : 0);
    settled_.reserve(count);
    settling_.reserve(count);
    to_flush_.reserve(count);
    const base::Duration round = {std::clamp(plan_.timeout.ns / 16,
                                             base::Duration::milliseconds(1).ns,
                                             base::Duration::milliseconds(250).ns)};
    check_pause_ = round / static_cast<std::int64_t>(1 + count / checks_at_once);
}

void Worker::take_constant() {
    const bool is_http = plan_.work == Work::requests || plan_.work == Work::events;
    if (!is_http || !source_.is_constant()) return;
    std::string buffer;
    const OutgoingRequest request = source_.next(buffer, 0);
    for (unsigned i = 0; i < std::max(1u, plan_.pipeline); ++i) constant_.append(request.bytes);
    constant_bytes_ = request.bytes.size();
    constant_is_head_ = request.is_head;
}

void Worker::make_expectations() {
    const Verification& wanted = plan_.verification;
    ExpectedBody body;
    body.bytes = wanted.expected_body_bytes;
    body.hash = wanted.expected_body_hash;
    body.learns = wanted.check == BodyCheck::first;
    body.checks_bytes = wanted.check == BodyCheck::length || wanted.check == BodyCheck::hash;
    body.checks_hash = wanted.check == BodyCheck::hash;
    verifies_hash_ = body.checks_hash || body.learns;
    expected_bodies_.assign(known_heads_.size(), body);
    expected_status_.assign(status_count, false);
    for (std::size_t code = 0; code < status_count; ++code) {
        expected_status_[code] = wanted.expected_status.empty() && code < 400;
    }
    for (const std::uint16_t code : wanted.expected_status) {
        if (code < status_count) expected_status_[code] = true;
    }
}

// Opens what is to be open when the run starts: every connection that is kept, or one, to learn
// whether anybody is there.
void Worker::connect_all() {
    const std::size_t count = plan_.new_connection_each
                                  ? std::min<std::size_t>(1, connections_.size())
                                  : connections_.size();
    std::size_t next = 0;
    while ((next < count || connecting_ > 0) && !is_stopped()) {
        while (next < count && connecting_ < connecting_max) connections_[next++]->open();
        turn(next_wake());
    }
    set_phase(WorkerSignals::Phase::ready);
}

void Worker::await_start() {
    while (!is_stopped()) {
        const base::Instant start{run_.start_ns.load(std::memory_order_acquire)};
        if (start.ns != 0 && now() >= start) {
            start_ = start;
            return;
        }
        const base::Instant look = now() + base::Duration::milliseconds(1);
        turn(start.ns != 0 ? std::min(start, look) : look);
    }
}

void Worker::begin_all() {
    window_begin_ = start_ + plan_.warm_up;
    window_end_ = window_begin_ + plan_.measure;
    may_begin_ = true;
    next_check_ = now() + check_pause_;
    set_phase(WorkerSignals::Phase::running);
    prepare_next_due();
    for (const auto& connection : connections_) {
        if (connection->state() == Connection::State::open || plan_.new_connection_each) {
            const unsigned room = is_open_loop_ ? 1 : connection->room();
            for (unsigned i = 0; i < room; ++i) use_room(*connection);
        } else if (connection->state() == Connection::State::closed) {
            connection->open();
        }
    }
    after_turn();
}

void Worker::loop() {
    while (now() < window_end_ && !is_stopped()) {
        if (used_up() && under_way_ == 0) break;
        turn(next_wake());
    }
    may_begin_ = false;
    count_overdue();
    window_end_ = std::min(window_end_, now());
    signals_.window_end_ns.store(window_end_.ns, std::memory_order_relaxed);
}

void Worker::drain() {
    set_phase(WorkerSignals::Phase::draining);
    thinking_count_ = 0;
    for (const auto& connection : connections_) connection->wind_down();
    const base::Instant end = now() + plan_.drain;
    while (under_way_ > 0 && now() < end && !is_stopped()) turn(std::min(end, next_wake()));
}

// Nothing may be destroyed while the kernel holds a request of it.
void Worker::leave() {
    may_begin_ = false;
    for (const auto& connection : connections_) {
        connection->give_up();
        connection->close();
    }
    const base::Instant end = sys::now() + leave_max;
    const auto is_closed = [](const auto& connection) {
        return connection->state() == Connection::State::closed;
    };
    while (!std::all_of(connections_.begin(), connections_.end(), is_closed) && now() < end) {
        turn(next_wake());
    }
    settled_.clear();
    buffers_.reset();
    ring_.reset();  // takes back whatever the kernel still held
    connections_.clear();
}

void Worker::refresh_now() {
    now_ = sys::now();
    if (now_ >= window_end_) may_begin_ = false;
}

void Worker::turn(base::Instant wait_until) {
    const unsigned completions = wanted();
    sends_queued_ = 0;
    now_ = {};
    ring_->turn(wait_until, completions);
    after_turn();
}

void Worker::after_turn() {
    if (wheel_->armed_count() > 0) wheel_->advance(now());
    if (thinking_count_ > 0) end_thinking();
    if (!settled_.empty()) {
        std::swap(settled_, settling_);
        for (Connection* connection : settling_) connection->closed();
        settling_.clear();
    }
    if (is_open_loop_) begin_due();
    for (Connection* connection : to_flush_) {
        connection->flush_is_listed = false;
        connection->flush();
    }
    to_flush_.clear();
    if (now() >= next_check_) check_timeouts();
    if (gathers_) learn_to_gather();
    buffers_->flush();
    buffers_->offer();
}

base::Instant Worker::next_wake() {
    if (!settled_.empty() || buffers_->has_offer()) return {};
    base::Instant wake = std::min(now() + (gather_ > 1 ? gather_max : look_pause), next_check_);
    if (may_begin_) wake = std::min(wake, window_end_);
    if (wheel_->armed_count() > 0) wake = std::min(wake, wheel_->next_due());
    if (thinking_count_ > 0) wake = std::min(wake, thinking_[thinking_first_].until);
    if (!free_.empty() && may_begin_ && !next_due_.is_never()) {
        wake = std::min(wake, next_due_ - spin_span);
        if (wake <= now()) return {};
    }
    return wake;
}

// How many completions to wait for: what was sent completes at once and is nothing to wake up for.
unsigned Worker::wanted() const {
    if (plan_.work == Work::upload) return 1;  // nothing but sends completes there
    const auto most = static_cast<unsigned>(under_way_ / 2);
    return sends_queued_ + std::clamp(gather_, 1u, std::max(1u, most));
}

void Worker::learn_to_gather() {
    const base::Duration passed = now() - period_began_;
    if (passed < Gathering::period) return;
    const std::uint64_t answered = tally_.answered_in_all.read();
    gather_ = gathering_.next(passed, answered - answered_before_, under_way_);
    answered_before_ = answered;
    period_began_ = now();
}

void Worker::has_room(Connection& connection) {
    if (!may_begin_) return;
    if (thinking_.empty() || is_open_loop_) {
        use_room(connection);
        return;
    }
    RW_ASSERT(thinking_count_ < thinking_.size());
    const std::size_t at = (thinking_first_ + thinking_count_) % thinking_.size();
    thinking_[at] = {now() + plan_.think_time, &connection};
    ++thinking_count_;
    ++connection.thinking;
}

void Worker::use_room(Connection& connection) {
    if (is_open_loop_) {
        connection.free_since = now();
        connection.free_link.unlink();
        free_.push_back(connection);
    } else if (!used_up()) {
        connection.begin(now());
    }
}

bool Worker::used_up() const {
    return (has_quota_ && quota_ == 0) || (plan_.replay && source_.is_exhausted() && !has_ahead_);
}

void Worker::flush_later(Connection& connection) {
    if (connection.flush_is_listed) return;
    connection.flush_is_listed = true;
    to_flush_.push_back(&connection);
}

void Worker::end_thinking() {
    while (thinking_count_ > 0 && thinking_[thinking_first_].until <= now() && may_begin_) {
        Connection& connection = *thinking_[thinking_first_].connection;
        thinking_first_ = (thinking_first_ + 1) % thinking_.size();
        --thinking_count_;
        --connection.thinking;
        if (!used_up()) connection.begin(now());
    }
}

// Learns when the open loop's next request is due.
void Worker::prepare_next_due() {
    next_due_ = base::Instant::never();
    if (!is_open_loop_ || used_up()) return;
    if (keeps_times_) {
        ahead_ = source_.next(ahead_buffer_, 0);
        has_ahead_ = true;
        next_due_ = start_ + ahead_.offset;
    } else {
        next_due_ = start_ + schedule_.due(next_number_++);
    }
}

void Worker::begin_due() {
    while (!free_.empty() && may_begin_ && next_due_ < window_end_) {
        if (next_due_ > now()) return;
        refresh_now();  // what came before it in this turn took its time
        Connection& connection = free_.pop_front();
        const base::Instant due = next_due_;
        if (counts(due)) {
            const auto late_ns = static_cast<std::uint64_t>((now() - due).ns);
            (connection.free_since <= due ? tally_.lateness : tally_.waiting).record(late_ns);
            tally_.scheduled.add();
        }
        connection.begin(due);
        prepare_next_due();
    }
}

void Worker::count_overdue() {
    const base::Instant end = std::min(window_end_, now());
    while (is_open_loop_ && next_due_ < end) {
        if (counts(next_due_)) {
            tally_.scheduled.add();
            tally_.overdue_at_end.add();
        }
        has_ahead_ = false;
        prepare_next_due();
    }
}

void Worker::check_timeouts() {
    next_check_ = now() + check_pause_;
    const std::size_t count = std::min(checks_at_once, connections_.size());
    for (std::size_t i = 0; i < count; ++i) {
        if (check_at_ >= connections_.size()) check_at_ = 0;
        connections_[check_at_++]->check_timeout(now());
    }
}

void Worker::count_begun(base::Instant due) {
    ++under_way_;
    tally_.begun_in_all.add();
    if (!counts(due)) return;
    tally_.begun.add();
    if (plan_.work != Work::events) use_quota();
}

void Worker::count_error(ErrorKind kind) {
    if (in_window()) tally_.errors[static_cast<std::size_t>(kind)].add();
}

OutgoingRequest Worker::next_request(std::string& buffer, std::uint32_t connection) {
    if (!has_ahead_) return source_.next(buffer, connection);
    has_ahead_ = false;
    // One that was written there: the next one is written before it is sent.
    if (ahead_.bytes.data() == ahead_buffer_.data()) {
        std::swap(ahead_buffer_, buffer);
        ahead_.bytes = buffer;
    }
    return ahead_;
}

std::optional<ErrorKind> Worker::judge_answer(std::uint32_t kind, bool is_head,
                                              std::uint16_t status, std::uint64_t body_bytes,
                                              std::uint64_t body_hash) {
    if (status >= status_count || !expected_status_[status]) {
        if (status >= 500) return ErrorKind::status_5xx;
        return status >= 400 ? ErrorKind::status_4xx : ErrorKind::status_other;
    }
    ExpectedBody& body = expected_bodies_[kind];
    if (is_head || plan_.verification.check == BodyCheck::none) return std::nullopt;
    if (body.learns) {
        body = {true, true, false, body_bytes, body_hash};
        return std::nullopt;
    }
    if ((body.checks_bytes && body_bytes != body.bytes) ||
        (body.checks_hash && body_hash != body.hash)) {
        return ErrorKind::wrong_body;
    }
    return std::nullopt;
}

}  // namespace ringway::bench
