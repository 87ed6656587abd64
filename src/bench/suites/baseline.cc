// `ringway bench baseline`: the whole set, against a ringway and a mock that it starts itself or
// against a running proxy, as one report.
#include "baseline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "words.h"

namespace ringway::bench {
namespace {

constexpr unsigned part_count = 8;
// Of the warning that judge_generator (watch/watch.h) gives.
constexpr std::string_view disturbance_mark = "the generator was disturbed";

RequestKind get(const std::string& target) {
    RequestKind kind;
    kind.target = target;
    kind.label = target;
    return kind;
}

// The generator gets a quarter of a large machine, shards half of it, the origin what is left.
struct Shares {
    unsigned shards = 1;
    unsigned generator_threads = 1;
};

Shares shares_of(std::size_t cores, unsigned threads_asked) {
    const auto count = static_cast<unsigned>(std::max<std::size_t>(cores, 1));
    return {.shards = std::max(1u, count / 2),
            .generator_threads = std::max({1u, count / 4, threads_asked})};
}

config::Checked<BaselineGround> ground_of_our_own(const SuiteContext& context, const Stage& stage) {
    const Shares shares = shares_of(stage.cores.size(), context.options.plan.threads);
    BaselineGround ground;
    ground.threads = shares.generator_threads;
    ground.seats = seats_for(stage.cores, shares.shards, shares.generator_threads);
    auto origin = stage.start_origin(ground.seats.origin);
    if (!origin) return origin.reason();
    ground.origin = std::move(*origin);
    auto proxy = stage.start_proxy({.origin_url = url_of(ground.origin.destination),
                                    .shards = shares.shards,
                                    .cores = ground.seats.proxy,
                                    .flags = context.options.serve_flags});
    if (!proxy) return proxy.reason();
    ground.proxy = std::move(*proxy);
    ground.direct = ground.origin.destination;
    ground.proxied = ground.proxy.destination;
    ground.watch_pid = ground.proxy.pid;
    ground.request = get("/bytes/1024");
    return ground;
}

config::Checked<BaselineGround> ground_as_given(const SuiteContext& context, const Stage& stage) {
    const Options& options = context.options;
    if (!options.plan.destination.is_http) {
        return config::Refusal{"a baseline is measured over http://", {}};
    }
    if (options.direct_url.empty()) {
        return config::Refusal{
            "baseline with a URL needs that of the origin as well, to measure what the proxy adds",
            "--versus-direct URL"};
    }
    auto direct = stage.find_place(options.direct_url);
    if (!direct) return direct.reason();
    BaselineGround ground;
    ground.is_ours = false;
    ground.threads = std::max(1u, options.plan.threads);
    ground.proxied = options.plan.destination;
    ground.direct = direct->destination;
    ground.request = options.plan.kinds.empty() ? get("/") : options.plan.kinds.front();
    ground.watch_pid = options.plan.watch_pid;
    ground.origin_is_mock = stage.is_mock(ground.direct);
    ground.proxy.description = ground.watch_pid > 0 ? stage.describe(ground.watch_pid) : "";
    return ground;
}

}  // namespace

BaselineTimes baseline_times(bool quick) {
    using base::Duration;
    if (quick) {
        return {.warm_up = Duration::milliseconds(150),
                .window = Duration::milliseconds(350),
                .long_window = Duration::milliseconds(1000),
                .slice = Duration::milliseconds(250),
                .rounds = 1,
                .slice_rounds = 3,
                .idle_connections = 500};
    }
    return {.warm_up = Duration::milliseconds(300),
            .window = Duration::milliseconds(1200),
            .long_window = Duration::milliseconds(3000),
            .slice = Duration::milliseconds(1000),
            .rounds = 3,
            .slice_rounds = 5,
            .idle_connections = 1000};
}

Baseline::Baseline(const SuiteContext& context, const Stage& stage, BaselineGround ground,
                   Report& report)
    : context_(context),
      stage_(stage),
      ground_(std::move(ground)),
      report_(report),
      options_(context.options),
      own_context_{options_, context.run, context.say, context.stop},
      recorder_(own_context_, report),
      times_(baseline_times(context.options.quick)) {
    options_.rounds = 1;
}

config::Complaint Baseline::measure() {
    if (report_.target.empty()) report_.target = "a ringway and a mock of its own";
    report_.conditions.proxy = ground_.proxy.description;
    // Memory first: it wants a proxy to which nothing has happened yet.
    measure_memory();
    measure_concurrency();
    measure_fixed_rate();
    measure_added_latency();
    measure_large_bodies();
    measure_event_streams();
    measure_replies();
    measure_scaling_part();
    explain_shared_core();
    judge_targets(report_);
    return recorder_.outcome();
}

RunPlan Baseline::plan_of(unsigned connections) const {
    RunPlan plan = context_.options.plan;
    plan.destination = ground_.proxied;
    plan.work = Work::requests;
    plan.kinds = {ground_.request};
    plan.replay.reset();
    plan.threads = std::min(ground_.threads, connections);
    if (plan.cores.empty() && !ground_.seats.generator.empty()) {
        plan.pin = true;
        plan.cores = ground_.seats.generator;
    }
    plan.connections = connections;
    plan.pipeline = 1;
    plan.think_time = {};
    plan.rate = plan.rate_end = 0;
    plan.requests_max = 0;
    plan.warm_up = times_.warm_up;
    plan.measure = times_.window;
    plan.drain = times_.warm_up;
    plan.watch_pid = ground_.watch_pid;
    return plan;
}

RunPlan Baseline::past_the_proxy(RunPlan plan) const {
    plan.destination = ground_.direct;
    plan.watch_pid = 0;
    return plan;
}

const RunResult* Baseline::take(const std::string& section, const std::string& label, RunPlan plan,
                                int round) {
    LabelledRun run;
    run.section = section;
    run.label = label;
    const bool is_level = section == concurrency_section;
    run.at = {{.name = is_level ? "connections" : "what",
               .value = static_cast<double>(plan.connections),
               .text = is_level ? "" : label}};
    run.round = round;
    run.plan = std::move(plan);
    if (!recorder_.take(std::move(run))) return nullptr;
    expect_shared_core(report_.runs.back().result);
    warn_about_errors(report_.runs.back(), report_);
    return &recorder_.last();
}

// Where origin and generator share a core because there is no other, each run would warn that
// somebody disturbed the generator. It is said once instead.
void Baseline::expect_shared_core(RunResult& result) {
    if (!ground_.is_ours ||
        (ground_.seats.apart && ground_.seats.origin != ground_.seats.generator)) {
        return;
    }
    for (const TimelineCell& cell : result.timeline) {
        worst_wait_ = std::max(worst_wait_, cell.foreign_share);
    }
    std::erase_if(result.warnings, [](const std::string& warning) {
        return warning.find(disturbance_mark) != std::string::npos;
    });
}

void Baseline::explain_shared_core() {
    if (worst_wait_ <= 0) return;
    report_.findings.push_back(
        {.severity = Severity::note,
         .text = fmt::format("generator and origin share a core, as there are only {}: each waits "
                             "for the other (up to {} of a second), which is part of the latencies",
                             count_in_words(static_cast<double>(stage_.cores.size()), "core"),
                             share_in_words(worst_wait_)),
         .flag = {},
         .figure = {}});
}

void Baseline::say_part(const std::string& what, unsigned rounds) {
    ++part_;
    options_.rounds = rounds;
    if (context_.say) context_.say(fmt::format("baseline {}/{}: {}", part_, part_count, what));
}

std::vector<const RunResult*> Baseline::runs_of(const std::string& label) const {
    std::vector<const RunResult*> found;
    for (const LabelledRun& run : report_.runs) {
        if (run.label == label) found.push_back(&run.result);
    }
    return found;
}

Report Baseline::measure_apart(const Options& options, const Stage& stage,
                               config::Complaint (*suite)(const SuiteContext&, const Stage&,
                                                          Report&)) {
    Report part;
    const SuiteContext context{options, context_.run, context_.say, context_.stop};
    if (const config::Complaint problem = suite(context, stage, part)) {
        report_.findings.push_back({.severity = Severity::warning,
                                    .text = fmt::format("not measured: {}", problem->rule),
                                    .flag = {},
                                    .figure = {}});
    }
    return part;
}

void Baseline::take_over(Report&& part, const std::string& section, const std::string& titled) {
    for (LabelledRun& run : part.runs) {
        run.section = section;
        expect_shared_core(run.result);
        if (!titled.empty()) {
            run.label = fmt::format("{}, {}", titled, run.label);
            run.at.front().text = run.label;
        }
        report_.runs.push_back(std::move(run));
    }
    for (Finding& finding : part.findings) report_.findings.push_back(std::move(finding));
    if (part.interrupted) report_.interrupted = true;
}

config::Complaint measure_baseline(const SuiteContext& context, const Stage& stage,
                                   Report& report) {
    report.kind = ReportKind::baseline;
    auto ground = context.options.through.empty() ? ground_of_our_own(context, stage)
                                                  : ground_as_given(context, stage);
    if (!ground) return ground.reason();
    return Baseline(context, stage, std::move(*ground), report).measure();
}

config::Complaint run_baseline(const SuiteContext& context, Report& report) {
    return measure_baseline(context, real_stage(), report);
}

}  // namespace ringway::bench
