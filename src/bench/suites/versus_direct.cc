// --versus-direct: slices through the proxy and slices past it in turns, so that whatever else goes
// on upon the machine meets both alike; and what the proxy adds.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "measured.h"
#include "recorder.h"
#include "stage.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr unsigned rounds_min = 3;
constexpr base::Duration slice_warm_up_min = base::Duration::milliseconds(50);

// One side, over all its slices.
struct Side {
    stats::HistogramReading latency;
    std::vector<const RunResult*> slices;  // by round

    double rate() const {
        std::vector<double> rates;
        for (const RunResult* slice : slices) rates.push_back(slice->rate());
        return spread_of(std::move(rates)).median;
    }
};

// Without --rounds, as many as fit into --duration.
unsigned rounds_of(const Options& options) {
    if (options.rounds > 1) return options.rounds;
    const std::int64_t round_ns = std::max<std::int64_t>(options.slice.ns * 2, 1);
    return std::max(rounds_min, static_cast<unsigned>(options.plan.measure.ns / round_ns));
}

RunPlan slice_plan(const Options& options, const Place& place, bool proxied) {
    RunPlan plan = options.plan;
    plan.measure = options.slice;
    plan.warm_up = std::min(plan.warm_up, std::max(slice_warm_up_min, options.slice / 4));
    if (proxied) return plan;
    plan.destination = place.destination;
    plan.watch_pid = 0;
    // A path of its own is asked for only where one request is, and where it was written.
    if (plan.kinds.size() == 1 && place.target.size() > 1) plan.kinds[0].target = place.target;
    return plan;
}

Side side_of(const Report& report, bool proxied) {
    Side side;
    for (const LabelledRun& run : report.runs) {
        if ((run.at.front().text == "proxied") != proxied) continue;
        side.latency.add(run.result.latency);
        side.slices.push_back(&run.result);
    }
    return side;
}

Figure added_by_round(const Side& proxied, const Side& direct, const NamedPercentile& at) {
    std::vector<double> added;
    const std::size_t rounds = std::min(proxied.slices.size(), direct.slices.size());
    for (std::size_t round = 0; round < rounds; ++round) {
        const RunResult& through = *proxied.slices[round];
        const RunResult& past = *direct.slices[round];
        const double fewest =
            static_cast<double>(std::min(through.latency.count(), past.latency.count()));
        if (fewest < samples_needed(at.percent)) continue;
        added.push_back(through.percentile_us(at.percent) - past.percentile_us(at.percent));
    }
    const std::string name = fmt::format("added_latency_{}_by_round", at.suffix);
    const std::string title = fmt::format("added latency {}, median of rounds", at.title);
    if (added.empty()) {
        return unknown_figure(name, title, "us", "not measurable: too few answers in a slice");
    }
    const Spread spread = spread_of(added);
    Figure made = figure(name, title, spread.median, "us");
    made.note = spread_in_words(spread);
    return made;
}

void add_latency_figures(const Side& proxied, const Side& direct, Report& report) {
    const double fewest =
        static_cast<double>(std::min(proxied.latency.count(), direct.latency.count()));
    for (const NamedPercentile& at : compared_percentiles) {
        const std::string name = fmt::format("added_latency_{}", at.suffix);
        const std::string title = fmt::format("added latency {}", at.title);
        if (fewest < samples_needed(at.percent)) {
            report.figures.push_back(
                unknown_figure(name, title, "us",
                               fmt::format("not measurable: {:.0f} answers, {:.0f} are needed",
                                           fewest, samples_needed(at.percent))));
            continue;
        }
        const double through = percentile_us(proxied.latency, at.percent);
        const double past = percentile_us(direct.latency, at.percent);
        Figure made = figure(name, title, through - past, "us");
        made.note = fmt::format("{} through the proxy, {} direct", time_in_words(through),
                                time_in_words(past));
        report.figures.push_back(std::move(made));
        report.figures.push_back(added_by_round(proxied, direct, at));
    }
}

void add_overhead_figures(const Side& proxied, const Side& direct, const RunPlan& plan,
                          Report& report) {
    std::vector<double> cpu;
    for (const RunResult* slice : proxied.slices) {
        if (const auto each = watched_us_per_answer(*slice)) cpu.push_back(*each);
    }
    std::optional<double> median;
    if (!cpu.empty()) median = spread_of(cpu).median;
    Figure per_request = figure_or("proxy_cpu_per_request", "the proxy's CPU per request", median,
                                   "us", "not measured: --watch PID names the proxy's process");
    if (median) per_request.note = spread_in_words(spread_of(cpu));
    report.figures.push_back(std::move(per_request));

    std::optional<double> ratio;
    if (plan.rate <= 0 && direct.rate() > 0) ratio = proxied.rate() / direct.rate();
    Figure rates =
        figure_or("rate_ratio", "rate through the proxy, of the direct one", ratio, "ratio",
                  plan.rate > 0 ? "not measurable: both were offered the same rate"
                                : "not measurable: nothing was answered directly");
    rates.higher_is_better = true;
    report.figures.push_back(std::move(rates));
}

// In a closed loop each side runs at its own rate; with many connections latency is then mostly
// waiting for one's turn.
void explain_loop(const RunPlan& plan, Report& report) {
    if (plan.rate > 0 || plan.connections <= plan.threads) return;
    report.findings.push_back(
        {.severity = Severity::advice,
         .text = fmt::format("in a closed loop of {} connections latency is mostly waiting in "
                             "queues: at a fixed rate below what both can do, the difference is "
                             "the proxy's own",
                             plan.connections),
         .flag = "--rate",
         .figure = "added_latency_p50"});
}

bool take_slice(const SuiteContext& context, const Place& direct, bool proxied, int round,
                Recorder& recorder, Report& report) {
    LabelledRun run;
    run.label = proxied ? "proxied" : "direct";
    run.at = {{.name = "side", .value = proxied ? 1.0 : 0.0, .text = run.label}};
    run.round = round;
    run.plan = slice_plan(context.options, direct, proxied);
    if (!recorder.take(std::move(run))) return false;
    warn_about_errors(report.runs.back(), report);
    return !report.interrupted;
}

}  // namespace

config::Complaint measure_versus_direct(const SuiteContext& context, const Stage& stage,
                                        Report& report) {
    report.kind = ReportKind::versus_direct;
    const RunPlan& plan = context.options.plan;
    auto direct = stage.find_place(context.options.direct_url);
    if (!direct) return direct.reason();
    if (direct->destination.is_http != plan.destination.is_http) {
        return config::Refusal{"both URLs must be of the same kind, http:// or tcp://", {}};
    }
    if (plan.watch_pid > 0 && report.conditions.proxy.empty()) {
        report.conditions.proxy = stage.describe(plan.watch_pid);
    }
    Recorder recorder(context, report);
    const int rounds = static_cast<int>(rounds_of(context.options));
    for (int round = 0; round < rounds; ++round) {
        if (!take_slice(context, *direct, true, round, recorder, report)) break;
        if (!take_slice(context, *direct, false, round, recorder, report)) break;
    }
    const Side through = side_of(report, true);
    const Side past = side_of(report, false);
    if (!through.slices.empty() && !past.slices.empty()) {
        add_latency_figures(through, past, report);
        add_overhead_figures(through, past, plan, report);
        explain_loop(plan, report);
    }
    return recorder.outcome();
}

config::Complaint run_versus_direct(const SuiteContext& context, Report& report) {
    return measure_versus_direct(context, real_stage(), report);
}

}  // namespace ringway::bench
