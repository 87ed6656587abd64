// A baseline's memory, at rest and for each idle connection; and how it scales with its shards.
#include <algorithm>

#include <fmt/format.h>

#include "baseline.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr base::Duration longer_than_any_run = base::Duration::seconds(3600);
constexpr unsigned warm_up_connections = 64;
constexpr const char* no_watch = "not measured: --watch PID names the proxy's process";

std::optional<double> private_bytes(const RunResult* result) {
    if (result == nullptr || !result->watched) return std::nullopt;
    return static_cast<double>(
        std::max(result->watched->private_bytes_before, result->watched->private_bytes_max));
}

}  // namespace

// Nothing happens while memory is read: one connection makes a request and then thinks for longer
// than the run lasts.
void Baseline::measure_memory() {
    say_part("memory at rest and of idle connections");
    RunPlan idle = plan_of(1);
    idle.think_time = longer_than_any_run;
    idle.timeout = longer_than_any_run;
    const auto rest = private_bytes(take("memory", "at rest", idle));
    add(figure_or("base_memory", "private memory at rest", rest, "bytes", no_watch));

    take("memory", "load that touches the pools", plan_of(warm_up_connections));
    const auto none = private_bytes(take("memory", "without idle connections", idle));
    constexpr const char* name = "memory_per_idle_connection";
    constexpr const char* title = "private memory per idle connection";
    const unsigned count = times_.idle_connections;
    if (!none || recorder_.stopped()) {
        add(unknown_figure(name, title, "bytes", no_watch));
        return;
    }
    const auto crowd = stage_.hold_idle(plan_of(count));
    if (!crowd) {
        add(unknown_figure(name, title, "bytes", "not measured: " + crowd.reason().rule));
        return;
    }
    const auto full =
        private_bytes(take("memory", "with " + count_in_words(count, "idle connection"), idle));
    std::optional<double> each;
    if (full) each = (*full - *none) / count;
    add(figure_or(name, title, each, "bytes", no_watch));
}

void Baseline::measure_scaling_part() {
    say_part("scaling over shards", times_.rounds);
    if (names_flag(options_.serve_flags, "--shards")) {
        add(unknown_figure("scaling_efficiency", "scaling efficiency", "ratio",
                           "not measured: --shards was given"));
        return;
    }
    Options options = options_;
    options.plan = past_the_proxy(plan_of(std::max(64u, ground_.threads)));
    options.plan.pin = context_.options.plan.pin;
    options.plan.cores = context_.options.plan.cores;
    options.shards_max = static_cast<unsigned>(std::max<std::size_t>(stage_.cores.size(), 2));
    Report part = measure_apart(options, stage_, measure_scaling);
    for (Figure& each : part.figures) add(std::move(each));
    take_over(std::move(part), "scaling", "");
}

}  // namespace ringway::bench
