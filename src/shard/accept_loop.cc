#include "accept_loop.h"

#include <algorithm>
#include <cerrno>

#include "core.h"
#include "ringway/base/planted.h"

namespace ringway::shard {

namespace {

// How long accepting rests when the process is out of descriptors or memory.
constexpr base::Duration pause_span = base::Duration::milliseconds(100);
// More than the queue may bring: connections that arrive while one turn accepts.
constexpr std::int64_t many_slack = 64;
constexpr std::int64_t kernel_backlog_max = 4096;

bool is_shortage(int os_error) {
    return os_error == EMFILE || os_error == ENFILE || os_error == ENOMEM || os_error == ENOBUFS;
}

}  // namespace

AcceptLoop::AcceptLoop(Core& shard, std::uint32_t listener, int fd, bool hands_over)
    : shard_(shard),
      resume_at_(shard.timers, wake_),
      acceptor_(*shard.ring, wake_, fd),
      listener_(listener),
      hands_over_(hands_over) {}

std::int64_t AcceptLoop::many_margin(std::uint32_t backlog) {
    return std::min<std::int64_t>(backlog, kernel_backlog_max) + many_slack;
}

void AcceptLoop::drain() {
    draining_ = true;
    wake_.set();
}

void AcceptLoop::deal(int fd) {
    shard_.wiring.stats.accepted.add();
    shard_.wiring.stats.listeners[listener_].accepted.add();
    // While draining the other shards may have ended already.
    if (hands_over_ && !draining_) {
        shard_.hand_over(listener_, fd);
    } else {
        shard_.begin_session(listener_, fd);
    }
}

void AcceptLoop::take_all() {
    for (int fd = acceptor_.take(); fd >= 0; fd = acceptor_.take()) {
        if (!base::planted(base::Bug::limit_ignored)) --shard_.permits.idle;
        deal(fd);
    }
    if (acceptor_.take_arrival()) somebody_waits_ = true;
}

// Direct accepts, one permit each, until the queue is empty.
void AcceptLoop::accept_while_permitted() {
    while (shard_.permits.idle > 0) {
        somebody_waits_ = false;  // with the last permit gone, the watch tells whether more wait
        const int fd = acceptor_.accept_now();
        if (fd == -ECONNABORTED || fd == -EINTR) continue;
        if (fd < 0) {
            somebody_waits_ = is_shortage(-fd);
            if (somebody_waits_) pause(-fd);
            return;
        }
        if (!base::planted(base::Bug::limit_ignored)) --shard_.permits.idle;
        deal(fd);
    }
}

void AcceptLoop::pause(int os_error) {
    paused_ = true;
    shard_.wiring.stats.accept_pauses.add();
    resume_at_.set(shard_.now + pause_span);
    shard_.log.warn("accepting paused: out of descriptors or memory",
                    stats::kv("listener", shard_.wiring.settings->listeners[listener_].name),
                    stats::kv("error", base::Error::from_errno(-os_error)));
}

void AcceptLoop::arm() {
    if (acceptor_.is_armed()) {
        // Too few permits for what one turn may bring: from here on one by one.
        if (acceptor_.accepts_many() && !shard_.may_accept_many()) acceptor_.disarm();
        return;
    }
    if (shard_.may_accept_many()) {
        acceptor_.arm_many();
        return;
    }
    if (somebody_waits_) accept_while_permitted();
    if (paused_) return;
    if (!somebody_waits_) {
        // Holds no permit: another listener or shard may need it while nobody comes here.
        short_of_permits_ = false;
        acceptor_.watch();
        return;
    }
    if (!short_of_permits_) shard_.wiring.stats.accept_pauses.add();
    short_of_permits_ = true;
    shard_.ask_for_permits();
}

async::Task<void> AcceptLoop::run() {
    while (!draining_) {
        if (!paused_) arm();
        co_await wake_.wait();
        take_all();
        if (const int failure = acceptor_.take_error(); failure != 0) {
            shard_.wiring.stats.accept_errors.add();
            if (is_shortage(failure)) pause(failure);
        }
        if (paused_ && resume_at_.expired()) paused_ = false;
    }
    resume_at_.clear();
    acceptor_.disarm();
    while (acceptor_.is_armed()) co_await wake_.wait();
    take_all();
    accept_while_permitted();
    resume_at_.clear();
    acceptor_.close();
}

}  // namespace ringway::shard
