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

void Baseline::measure_memory() {
    say_part("memory at rest and of idle connections");
    BaselineGround kept = ground_;
    if (ground_.is_ours) {
        // A proxy of its own: fresh, and with so few connections to the origin that the load before
        // opens all that will ever be there, and what idle clients add is theirs alone.
        auto proxy = stage_.start_proxy(
            {.origin_url = url_of(ground_.origin.destination),
             .shards = static_cast<unsigned>(std::max<std::size_t>(ground_.seats.proxy.size(), 1)),
             .cores = ground_.seats.proxy,
             .pool_max = warm_up_connections,
             .flags = context_.options.serve_flags});
        if (proxy) {
            ground_.proxy = std::move(*proxy);
            ground_.proxied = ground_.proxy.destination;
            ground_.watch_pid = ground_.proxy.pid;
        }
    }
    measure_idle();
    ground_ = std::move(kept);
}

// Connections that have made one request and then think for longer than the run lasts.
void Baseline::measure_idle() {
    RunPlan idle = plan_of(1);
    idle.think_time = longer_than_any_run;
    idle.timeout = longer_than_any_run;
    const auto rest = private_bytes(take("memory", "at rest", idle));
    add(figure_or("base_memory", "private memory at rest", rest, "bytes", no_watch));

    RunPlan warm = plan_of(warm_up_connections);
    take("memory", "before idle connections", warm);
    const auto none = private_bytes(take("memory", "1 idle connection", idle));
    const unsigned count = times_.idle_connections;
    RunPlan crowd = plan_of(count);
    crowd.think_time = idle.think_time;
    crowd.timeout = idle.timeout;
    // Long enough for all of them to be connected and answered before the first look.
    crowd.warm_up = std::max(crowd.warm_up, base::Duration::milliseconds(700));
    const auto full =
        private_bytes(take("memory", count_in_words(count, "idle connection"), crowd));
    std::optional<double> each;
    if (none && full) each = (*full - *none) / (count - 1);
    add(figure_or("memory_per_idle_connection", "private memory per idle connection", each, "bytes",
                  no_watch));
}

void Baseline::measure_scaling_part() {
    say_part("scaling over shards");
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
