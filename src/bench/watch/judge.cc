// What the generator did wrong, in sentences that name the figure they are drawn from.
#include <algorithm>

#include <fmt/format.h>

#include "watch.h"

namespace ringway::bench {
namespace {

constexpr double saturated_share = 0.95;
constexpr double disturbed_share = 0.01;  // of a core, in one second
// Lateness below this, or below this share of the latency at the same percentile, does not show.
constexpr double late_us = 100;
constexpr double late_share = 0.05;
// So many that were due in the very last moments are begun too late in any run.
constexpr double overdue_share = 0.001;

// In a closed loop alone: in an open one a worker may spin until the next request is due, and what
// it failed to do shows as lateness.
void judge_saturation(const RunPlan& plan, RunResult& result) {
    if (plan.rate > 0 || result.busiest_thread <= saturated_share) return;
    // A target of which a thread could not run more either is its own limit.
    if (result.watched_busiest_thread > saturated_share) return;
    std::string text = fmt::format(
        "the generator was saturated: its busiest thread ran {:.1f} % of the time, so "
        "that the rate is its own limit rather than the target's",
        result.busiest_thread * 100);
    if (result.watched) {
        text += fmt::format(" (whose busiest thread ran {:.1f} %)",
                            result.watched_busiest_thread * 100);
    }
    result.warnings.push_back(text + "; give it more --threads, on cores of their own");
}

std::string in_time(double us) {
    return us >= 10'000 ? fmt::format("{:.1f} ms", us / 1e3) : fmt::format("{:.0f} us", us);
}

void judge_schedule(const RunPlan& plan, RunResult& result) {
    const bool is_timed = plan.rate > 0 || (plan.replay && plan.replay->keep_times);
    if (!is_timed) return;
    const double late_p99_us = static_cast<double>(result.lateness.percentile_ns(99)) / 1e3;
    if (late_p99_us > late_us && late_p99_us > late_share * result.percentile_us(99)) {
        result.warnings.push_back(fmt::format(
            "the generator fell behind its schedule: of the requests that found a free connection "
            "1 % began more than {} late (at most {}), which is part of their latency",
            in_time(late_p99_us), in_time(static_cast<double>(result.lateness.max_ns()) / 1e3)));
    }
    const auto scheduled = static_cast<double>(result.scheduled);
    if (static_cast<double>(result.overdue_at_end) <= 1 + overdue_share * scheduled) return;
    const std::string overdue =
        fmt::format("{} of {} scheduled requests were still waiting to begin at the end",
                    result.overdue_at_end, result.scheduled);
    if (result.waiting.count() > 0) {
        result.warnings.push_back(fmt::format(
            "the schedule was not kept: {}, because all {} connections were waiting for answers; "
            "the target does not keep up with this rate at so many --connections",
            overdue, plan.connections));
    } else {
        result.warnings.push_back(fmt::format(
            "the schedule was not kept: {}, although connections were free; the generator does not "
            "keep up with this rate with {} --threads",
            overdue, plan.threads));
    }
}

void judge_disturbance(RunResult& result) {
    std::size_t seconds = 0;
    double worst = 0;
    for (const TimelineCell& cell : result.timeline) {
        if (cell.foreign_share > disturbed_share) ++seconds;
        worst = std::max(worst, cell.foreign_share);
    }
    if (seconds == 0) return;
    result.warnings.push_back(fmt::format(
        "the generator was disturbed: in {} of {} seconds its threads waited for more than 1 % of "
        "the time for a core that something else was using (at worst {:.1f} %)",
        seconds, result.timeline.size(), worst * 100));
}

}  // namespace

void judge_generator(const RunPlan& plan, RunResult& result) {
    judge_saturation(plan, result);
    judge_schedule(plan, result);
    judge_disturbance(result);
}

}  // namespace ringway::bench
