// One run: threads, phases, the clock over them, and what came out.

#include "ringway/bench/run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "ringway/ring/probe.h"
#include "ringway/ring/sys.h"
#include "watch/watch.h"
#include "worker/limits.h"
#include "worker/tally.h"
#include "worker/timeline.h"
#include "worker/worker.h"

namespace ringway::bench {
namespace {

namespace sys = ring::sys;
using Phase = WorkerSignals::Phase;

constexpr base::Duration progress_pause = base::Duration::milliseconds(100);
constexpr base::Duration cell_span = base::Duration::seconds(1);
constexpr base::Duration cell_span_min = base::Duration::milliseconds(100);
// From the moment at which all are connected to that at which all begin.
constexpr base::Duration start_delay = base::Duration::milliseconds(2);
constexpr base::Duration sleep_max = base::Duration::milliseconds(20);

class Run {
  public:
    Run(const RunPlan& plan, const RunHooks& hooks);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    config::Checked<RunResult> go();

  private:
    void start_threads();
    void join();
    bool all_beyond(Phase phase) const;
    bool any_failed() const;
    int first_os_error() const;
    std::uint64_t sum(stats::Counter Tally::* counter) const;

    void measure(RunResult& result);
    void add_cell(RunResult& result, base::Instant now);
    void finish(RunResult& result);
    base::Instant window_end() const;

    void sleep_until(base::Instant at) const;
    void look_around();
    void show(base::Instant now);
    RunProgress progress_at(base::Instant now);
    void note_rate(base::Instant now, RunProgress& shown);

    RunPlan plan_;
    const RunHooks& hooks_;
    RunSignals signals_;
    std::vector<int> cores_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<const Tally*> tallies_;
    std::vector<std::thread> threads_;
    std::unique_ptr<Timeline> timeline_;
    std::unique_ptr<Watch> watch_;

    base::Instant window_begin_ = base::Instant::never();
    base::Instant cell_began_{};
    base::Instant next_look_{};
    bool interrupted_ = false;
    // What was answered at the last ten looks, for the rate of the last second.
    struct Mark {
        base::Instant at;
        std::uint64_t answered;
    };
    std::array<Mark, 10> marks_{};
    std::size_t marks_taken_ = 0;
};

Run::Run(const RunPlan& plan, const RunHooks& hooks) : plan_(plan), hooks_(hooks) {
    // A thread without a connection would have nothing to do.
    plan_.threads = std::clamp(plan_.threads, 1u, std::max(1u, plan_.connections));
    cores_ = cores_of(plan_);
}

Run::~Run() { join(); }

void Run::start_threads() {
    for (unsigned i = 0; i < plan_.threads; ++i) {
        workers_.push_back(std::make_unique<Worker>(plan_, i, signals_));
        tallies_.push_back(&std::as_const(*workers_.back()).tally());
    }
    timeline_ = std::make_unique<Timeline>(tallies_);
    watch_ = std::make_unique<Watch>(plan_.watch_pid, cores_);
    for (unsigned i = 0; i < plan_.threads; ++i) {
        threads_.emplace_back(&Worker::run, workers_[i].get(), cores_.empty() ? -1 : cores_[i]);
    }
}

void Run::join() {
    signals_.stop.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

bool Run::all_beyond(Phase phase) const {
    return std::all_of(workers_.begin(), workers_.end(), [phase](const auto& worker) {
        return worker->signals().phase.load(std::memory_order_acquire) >= phase;
    });
}

bool Run::any_failed() const {
    return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
        return worker->signals().phase.load(std::memory_order_acquire) == Phase::failed;
    });
}

int Run::first_os_error() const {
    for (const auto& worker : workers_) {
        const int os_error = worker->signals().os_error.load(std::memory_order_relaxed);
        if (os_error != 0) return os_error;
    }
    return 0;
}

std::uint64_t Run::sum(stats::Counter Tally::* counter) const {
    std::uint64_t total = 0;
    for (const Tally* tally : tallies_) total += (tally->*counter).read();
    return total;
}

config::Checked<RunResult> Run::go() {
    if (const config::Complaint complaint = check_descriptors(plan_)) return *complaint;
    start_threads();
    while (!all_beyond(Phase::ready)) {
        sleep_until(sys::now() + base::Duration::milliseconds(1));
        look_around();
    }
    if (any_failed()) {
        const int os_error = first_os_error();
        join();
        return config::Refusal{ring::explain_setup_failure(os_error), {}};
    }
    const int os_error = first_os_error();
    if (sum(&Tally::connections) == 0 && os_error != 0) {
        join();
        return config::Refusal{fmt::format("nobody can be reached at {}: {}",
                                           plan_.destination.text, ::strerror(os_error)),
                               "check that the target runs and listens there"};
    }
    RunResult result;
    measure(result);
    join();
    finish(result);
    return result;
}

void Run::measure(RunResult& result) {
    const base::Instant start = sys::now() + start_delay;
    window_begin_ = start + plan_.warm_up;
    signals_.start_ns.store(start.ns, std::memory_order_release);
    while (sys::now() < window_begin_ && !all_beyond(Phase::draining)) {
        sleep_until(std::min(sys::now() + sleep_max, window_begin_));
        look_around();
    }
    watch_->begin();
    cell_began_ = std::max(window_begin_, start);
    const base::Instant end = window_begin_ + plan_.measure;
    while (!all_beyond(Phase::draining)) {
        const base::Instant cell_end = cell_began_ + cell_span;
        // At its end the window is the workers' to close: that takes them a moment.
        const base::Instant soon = sys::now() + base::Duration::milliseconds(1);
        sleep_until(std::max(soon, std::min({soon + sleep_max, cell_end, end})));
        look_around();
        const base::Instant now = sys::now();
        // What is left of the window after this cell must be worth a cell of its own.
        if (now >= cell_end && now + cell_span_min < end) add_cell(result, now);
    }
    const base::Instant last = std::max(window_end(), cell_began_);
    TimelineCell cell;
    cell.seconds = (last - cell_began_).to_seconds();
    watch_->tick(cell);
    watch_->end(result);
    while (!all_beyond(Phase::finished)) {
        sleep_until(sys::now() + base::Duration::milliseconds(2));
        look_around();
    }
    // Answers that came after the window's end, to what was asked before it, are its last ones.
    timeline_->fill(cell);
    if (cell.seconds > 0) result.timeline.push_back(cell);
}

void Run::add_cell(RunResult& result, base::Instant now) {
    TimelineCell cell;
    cell.seconds = (now - cell_began_).to_seconds();
    timeline_->fill(cell);
    watch_->tick(cell);
    result.timeline.push_back(cell);
    cell_began_ = now;
}

base::Instant Run::window_end() const {
    base::Instant end = window_begin_;
    for (const auto& worker : workers_) {
        end = std::max(end, base::Instant{worker->signals().window_end_ns.load()});
    }
    return end;
}

void Run::finish(RunResult& result) {
    result.window = window_end() - window_begin_;
    result.interrupted = interrupted_;
    collect(tallies_, plan_, result);
    judge_generator(plan_, result);
}

void Run::sleep_until(base::Instant at) const {
    const base::Duration span = at - sys::now();
    if (span.ns <= 0) return;
    std::this_thread::sleep_for(std::chrono::nanoseconds(span.ns));
}

// Ten times a second: shows how far it is, and asks whether to go on.
void Run::look_around() {
    const base::Instant now = sys::now();
    if (now < next_look_) return;
    next_look_ = now + progress_pause;
    if (hooks_.progress) show(now);
    if (hooks_.stop && !interrupted_ && hooks_.stop()) {
        interrupted_ = true;
        signals_.stop.store(true, std::memory_order_relaxed);
    }
}

void Run::show(base::Instant now) { hooks_.progress(progress_at(now)); }

RunProgress Run::progress_at(base::Instant now) {
    RunProgress shown;
    const auto share = [](base::Duration done, base::Duration of) {
        return of.ns <= 0 ? 1.0 : std::clamp(done.to_seconds() / of.to_seconds(), 0.0, 1.0);
    };
    const base::Instant end = window_begin_ + plan_.measure;
    if (window_begin_.is_never()) {
        shown.done = static_cast<double>(sum(&Tally::connections)) /
                     static_cast<double>(std::max(1u, plan_.connections));
    } else if (now < window_begin_) {
        shown.phase = RunProgress::Phase::warm_up;
        shown.done = share(now - (window_begin_ - plan_.warm_up), plan_.warm_up);
    } else if (now < end && !all_beyond(Phase::draining)) {
        shown.phase = RunProgress::Phase::measuring;
        shown.done = share(now - window_begin_, plan_.measure);
    } else {
        shown.phase = RunProgress::Phase::draining;
        shown.done = share(now - end, plan_.drain);
    }
    shown.connections = static_cast<unsigned>(sum(&Tally::connections));
    shown.answered = sum(&Tally::answered);
    stats::HistogramReading latency;
    for (const Tally* tally : tallies_) {
        shown.errors += tally->error_count();
        latency.add(tally->latency);
    }
    shown.p50_us = static_cast<double>(latency.percentile_ns(50)) / 1e3;
    shown.p99_us = static_cast<double>(latency.percentile_ns(99)) / 1e3;
    note_rate(now, shown);
    return shown;
}

void Run::note_rate(base::Instant now, RunProgress& shown) {
    // Of everything that is answered, the warm-up's too: a display should not stand still then.
    const std::uint64_t answered = sum(&Tally::answered_in_all);
    const std::size_t kept = std::min(marks_taken_, marks_.size());
    if (kept > 0) {
        const Mark& oldest = marks_[marks_taken_ < marks_.size() ? 0 : marks_taken_ % kept];
        const double span_s = (now - oldest.at).to_seconds();
        if (span_s > 0) shown.rate = static_cast<double>(answered - oldest.answered) / span_s;
    }
    marks_[marks_taken_++ % marks_.size()] = {now, answered};
}

config::Complaint check_plan(const RunPlan& plan) {
    if (plan.destination.address_bytes == 0) return config::Refusal{"there is no destination", {}};
    if (plan.connections == 0) return config::Refusal{"a run needs at least one connection", {}};
    const bool needs_kinds = plan.work == Work::requests || plan.work == Work::events;
    if (needs_kinds && plan.kinds.empty() && !plan.replay) {
        return config::Refusal{"a run needs at least one request to send", {}};
    }
    if (plan.replay && plan.replay->requests.empty()) {
        return config::Refusal{"the log to replay holds no request", {}};
    }
    if (plan.rate > 0 && plan.pipeline > 1) {
        return config::Refusal{"requests on a schedule are not pipelined", {}};
    }
    return {};
}

}  // namespace

config::Checked<RunResult> run(const RunPlan& plan, const RunHooks& hooks) {
    if (const config::Complaint complaint = check_plan(plan)) return *complaint;
    return Run(plan, hooks).go();
}

}  // namespace ringway::bench
