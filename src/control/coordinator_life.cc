// The coordinator's part in ringway's life: signals, draining, logs, the watchdog, the end.
#include <algorithm>
#include <csignal>
#include <cstring>

#include <unistd.h>

#include "coordinator.h"
#include "ringway/ring/sys.h"
#include "signals.h"

namespace ringway::control {
namespace {

constexpr auto log_interval_busy = base::Duration::milliseconds(100);
constexpr auto log_interval_idle = base::Duration::seconds(1);
// An access log can fill within a second of a burst; an idle look costs some microseconds.
constexpr auto log_interval_idle_with_access_log = base::Duration::milliseconds(200);
constexpr auto log_interval_blocked = base::Duration::milliseconds(20);
// When a ring was found this full (one part in so many), the next look comes soon.
constexpr std::size_t log_part_that_hurries = 4;
constexpr auto log_interval_hurried = base::Duration::milliseconds(10);
constexpr unsigned quiet_looks_until_idle = 10;

constexpr auto stuck_patience = base::Duration::seconds(5);

}  // namespace

void Coordinator::on_signal_fd() {
    for (int number = next_signal(signal_fd_); number != 0; number = next_signal(signal_fd_)) {
        on_signal(number);
    }
}

void Coordinator::on_signal(int number) {
    const base::Instant now = ring::sys::now();
    switch (number) {
        case SIGTERM:
        case SIGINT:
            if (deadline_set_by_signal_) stop_at_once("a second signal");
            deadline_set_by_signal_ = true;
            begin_drain(now + state_.settings().drain_timeout, number == SIGINT ? "INT" : "TERM");
            return;
        case SIGQUIT:
            if (state_.draining) {
                log_.info("signal with nothing to do", stats::kv("signal", "QUIT"),
                          stats::kv("why", "already draining"));
                return;
            }
            begin_drain(base::Instant::never(), "QUIT");
            return;
        case SIGHUP: reload("HUP", std::nullopt); return;
        case SIGUSR1: reopen_logs(); return;
        default: return;
    }
}

void Coordinator::begin_drain(base::Instant deadline, const char* why) {
    state_.draining = true;
    drain_deadline_ = deadline;
    give_up_at_ = deadline + stuck_patience;
    std::uint64_t live = 0;
    for (const auto& link : state_.shards) live += link->stats.active.read();
    if (deadline.is_never()) {
        log_.info("draining without a deadline", stats::kv("why", why),
                  stats::kv("connections", live));
    } else {
        log_.info("draining", stats::kv("why", why), stats::kv("connections", live),
                  stats::kv("deadline", deadline - ring::sys::now()));
    }
    parts_.notify.stopping("draining");
    if (prober_) prober_->stop();
    drop_staged_reload();
    broadcast([deadline] { return shard::Command(shard::Drain{deadline}); });
}

// The threads are still running: nothing is destroyed, the kernel closes what is open.
void Coordinator::stop_at_once(const char* why) {
    log_.error("stopping at once", stats::kv("why", why));
    drain_logs(ring::sys::now());
    parts_.remove_files();
    ::_exit(1);
}

int Coordinator::finish() {
    std::uint64_t closed_at_deadline = 0;
    constexpr auto drained = static_cast<std::size_t>(stats::CloseReason::drained);
    for (const auto& link : state_.shards) {
        if (link->thread.joinable()) link->thread.join();
        closed_at_deadline += link->stats.closed[drained].read();
    }
    if (closed_at_deadline > 0) {
        log_.warn("drained, the deadline closed connections",
                  stats::kv("connections", closed_at_deadline));
    } else {
        log_.info("drained");
    }
    log_.report_suppressed(true);
    drain_logs(ring::sys::now());
    return 0;
}

void Coordinator::drain_logs(base::Instant now) {
    // By the way: this happens at least once a second, and rates need no more.
    state_.rates.note(stats_of_shards(state_), now);
    std::size_t lines = 0;
    bool hurried = false;
    for (const auto& link : state_.shards) {
        const stats::LogRing& ring = link->log;
        if (ring.waiting_bytes() > ring.capacity_bytes() / log_part_that_hurries) hurried = true;
        lines += link->log.drain([this](stats::LogStream stream, std::string_view line) {
            const bool access = stream == stats::LogStream::access;
            (access ? parts_.access_sink : parts_.server_sink).write(line);
        });
    }
    const bool server_done = parts_.server_sink.flush();
    const bool access_done = parts_.access_sink.flush();
    state_.sink_lines_dropped =
        parts_.server_sink.lines_dropped() + parts_.access_sink.lines_dropped();
    quiet_looks_ = lines > 0 ? 0 : quiet_looks_ + 1;
    base::Duration interval = log_interval_busy;
    if (!server_done || !access_done) {
        interval = log_interval_blocked;
    } else if (hurried) {
        interval = log_interval_hurried;
    } else if (quiet_looks_ >= quiet_looks_until_idle) {
        interval =
            parts_.access_sink.is_open() ? log_interval_idle_with_access_log : log_interval_idle;
    }
    logs_due_ = now + interval;
}

void Coordinator::reopen_logs() {
    const std::string& path = state_.settings().access_log;
    if (!parts_.access_sink.is_open() || path == "-") {
        log_.info("signal with nothing to do", stats::kv("signal", "USR1"),
                  stats::kv("why", "no log is a file"));
        return;
    }
    drain_logs(ring::sys::now());
    const int outcome = parts_.access_sink.reopen();
    if (outcome == 0) {
        log_.info("log reopened", stats::kv("path", path));
    } else {
        log_.error("log cannot be reopened, the old file stays in use", stats::kv("path", path),
                   stats::kv("error", base::Error::from_errno(-outcome)));
    }
}

void Coordinator::look_after_shards(base::Instant now) {
    watchdog_due_ = now + watchdog_period_;
    std::vector<std::uint64_t> heartbeats;
    for (const auto& link : state_.shards) heartbeats.push_back(link->stats.heartbeat.read());
    const WatchdogJudge::Verdict verdict = judge_.look(heartbeats);
    bool all_alive = verdict.all_alive;
    // An ended shard beats no more and is none to worry about.
    if (state_.shards_alive() < state_.shards.size()) all_alive = true;
    for (const std::size_t shard : verdict.to_ping) {
        if (state_.shards[shard]->alive()) state_.shards[shard]->send(std::monostate{});
    }
    if (all_alive) {
        parts_.notify.pet_watchdog();
    } else {
        log_.error("a shard does not turn: the watchdog is not reset");
    }
}

}  // namespace ringway::control
