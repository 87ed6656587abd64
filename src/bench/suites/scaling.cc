// --scaling: the same load through ringway with 1 to N shards, each in front of the same origin.
//
// An efficiency is told only where shards were the limit: on cores of their own, and busy.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "measured.h"
#include "recorder.h"
#include "seats.h"
#include "stage.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr double busy_enough = 0.85;  // of its cores: a proxy below waits for somebody else
constexpr double efficiency_target = 0.7;
constexpr double efficiency_strict_target = 0.95;
constexpr const char* own_origin_target = "/bytes/1024";
constexpr std::string_view exceed_the_cores =
    "not measurable: shards and generator exceed the cores";
constexpr std::string_view nobody_watched = "not measurable: the proxy's CPU could not be read";

// Everything measured with one number of shards, over all rounds.
struct Scale {
    unsigned shards = 1;
    bool apart = true;
    std::vector<double> rates;
    std::vector<double> cpu_us;  // per answer
    std::vector<double> busy;    // share of the shards' cores

    double rate() const { return spread_of(rates).median; }
    std::optional<double> cpu() const {
        return cpu_us.empty() ? std::nullopt : std::optional<double>{spread_of(cpu_us).median};
    }
};

RunPlan plan_for(const RunPlan& given, const Standing& proxy, const Seats& seats) {
    RunPlan plan = given;
    // The origin sees the name that it would see without a proxy.
    const std::string authority = plan.destination.authority;
    plan.destination = proxy.destination;
    plan.destination.authority = authority;
    plan.watch_pid = proxy.pid;
    plan.pin = seats.apart;
    plan.cores = seats.generator;
    plan.connections = std::max(plan.connections, plan.threads);
    return plan;
}

void add_result(const RunResult& result, Scale& scale) {
    scale.rates.push_back(result.rate());
    if (const auto cpu = watched_us_per_answer(result)) scale.cpu_us.push_back(*cpu);
    if (const auto cores = watched_cores(result)) scale.busy.push_back(*cores / scale.shards);
}

// Why the rates of these two do not say how shards scale; empty when they do.
std::string limited_by_others(const Scale& one, const Scale& many, const RunPlan& plan) {
    if (!many.apart || !one.apart) return std::string{exceed_the_cores};
    if (plan.rate > 0) {
        return "not measurable: a fixed rate says how much is offered, not how much shards can do";
    }
    for (const Scale* scale : {&one, &many}) {
        if (scale->busy.empty()) continue;
        const double busy = spread_of(scale->busy).median;
        if (busy >= busy_enough) continue;
        return fmt::format(
            "not measurable: {} kept their cores busy for only {}, the generator or the origin was "
            "the limit",
            count_in_words(scale->shards, "shard"), share_in_words(busy));
    }
    if (one.rate() <= 0) return "not measurable: nothing was answered with one shard";
    return {};
}

Figure efficiency_figure(const Scale& one, const Scale& many, const RunPlan& plan, std::string name,
                         std::string title) {
    const std::string why_not = limited_by_others(one, many, plan);
    std::optional<double> efficiency;
    if (why_not.empty()) efficiency = many.rate() / (many.shards * one.rate());
    Figure made = figure_or(std::move(name), std::move(title), efficiency, "ratio", why_not);
    made.higher_is_better = true;
    return made;
}

void add_figures_of(const Scale& one, const Scale& scale, bool is_last, const RunPlan& plan,
                    Report& report) {
    const std::string suffix = fmt::format("shards_{}", scale.shards);
    const std::string with = "with " + count_in_words(scale.shards, "shard");
    Figure rate = figure("rate_" + suffix, "rate " + with, scale.rate(), "1/s");
    rate.higher_is_better = true;
    if (!scale.apart) rate.note = "shards and generator share cores";
    report.figures.push_back(std::move(rate));
    report.figures.push_back(figure_or("cpu_per_request_" + suffix, "CPU per request " + with,
                                       scale.cpu(), "us", std::string{nobody_watched}));
    if (scale.shards > 1 && !is_last) {
        report.figures.push_back(efficiency_figure(one, scale, plan, "efficiency_" + suffix,
                                                   "scaling efficiency " + with));
    }
}

void add_verdict(const Scale& one, const Scale& many, const RunPlan& plan, Report& report) {
    Figure whole = efficiency_figure(one, many, plan, "scaling_efficiency",
                                     fmt::format("scaling efficiency, {} shards", many.shards));
    whole.target = efficiency_target;
    whole.strict_target = efficiency_strict_target;
    std::optional<double> ratio;
    if (one.cpu() && many.cpu() && *many.cpu() > 0) ratio = *one.cpu() / *many.cpu();
    Figure cpu = figure_or("scaling_cpu_ratio",
                           fmt::format("CPU per request, 1 shard against {}", many.shards), ratio,
                           "ratio", std::string{nobody_watched});
    cpu.higher_is_better = true;
    if (whole.known && whole.value < efficiency_target) {
        report.findings.push_back(
            {.severity = Severity::advice,
             .text = fmt::format("{} shards answer {} of {} times what one does: more shards than "
                                 "cores that nobody else uses do not pay",
                                 many.shards, share_in_words(whole.value), many.shards),
             .flag = "--shards",
             .figure = whole.name});
    }
    if (!whole.known) {
        std::string text = fmt::format("scaling efficiency: {}", whole.note);
        if (ratio) {
            text += fmt::format("; CPU per request instead: {} with 1 shard, {} with {}",
                                time_in_words(*one.cpu()), time_in_words(*many.cpu()), many.shards);
        }
        report.findings.push_back({.severity = Severity::note,
                                   .text = std::move(text),
                                   .flag = {},
                                   .figure = whole.name});
    }
    report.figures.push_back(std::move(whole));
    report.figures.push_back(std::move(cpu));
}

void add_all_figures(const std::map<unsigned, Scale>& scales, const RunPlan& plan, Report& report) {
    const auto one = scales.find(1);
    if (one == scales.end()) return;
    const Scale& most = scales.rbegin()->second;
    for (const auto& [shards, scale] : scales) {
        add_figures_of(one->second, scale, &scale == &most, plan, report);
    }
    if (most.shards > 1) add_verdict(one->second, most, plan, report);
}

// The shards of a sweep, one round after the other.
class ScalingRun {
  public:
    ScalingRun(const SuiteContext& context, const Stage& stage, Report& report)
        : context_(context), stage_(stage), report_(report), recorder_(context, report) {}

    config::Complaint measure() {
        const Options& options = context_.options;
        if (names_flag(options.serve_flags, "--shards")) {
            return config::Refusal{"--shards is what --scaling itself varies", {}};
        }
        const unsigned most = options.shards_max > 0 ? options.shards_max
                                                     : static_cast<unsigned>(stage_.cores.size());
        if (const config::Complaint problem = settle_origin(most)) return problem;
        for (unsigned round = 0; round < options.rounds; ++round) {
            for (const unsigned shards : shard_counts(most)) {
                if (recorder_.stopped()) break;
                recorder_.pause();
                measure_one(shards, static_cast<int>(round));
            }
        }
        add_all_figures(scales_, plan_, report_);
        if (report_.runs.empty() && refusal_) return refusal_;
        return recorder_.outcome();
    }

  private:
    // Without a URL the suite brings an origin, beside as many shards as there will be.
    config::Complaint settle_origin(unsigned shards_max) {
        plan_ = context_.options.plan;
        if (plan_.destination.address_bytes > 0) return {};
        auto origin =
            stage_.start_origin(seats_for(stage_.cores, shards_max, plan_.threads).origin);
        if (!origin) return origin.reason();
        origin_ = std::move(*origin);
        if (report_.target.empty()) report_.target = "a ringway mock of its own";
        plan_.destination = origin_.destination;
        if (plan_.kinds.empty()) plan_.kinds.emplace_back();
        plan_.kinds.front().target = own_origin_target;
        plan_.kinds.front().label = own_origin_target;
        return {};
    }

    void measure_one(unsigned shards, int round) {
        const Seats seats = seats_for(stage_.cores, shards, plan_.threads);
        auto proxy = stage_.start_proxy({.origin_url = url_of(plan_.destination),
                                         .is_http = plan_.destination.is_http,
                                         .shards = shards,
                                         .cores = seats.proxy,
                                         .flags = context_.options.serve_flags});
        if (!proxy) {
            refuse(shards, proxy.reason());
            return;
        }
        if (report_.conditions.proxy.empty()) report_.conditions.proxy = proxy->description;
        LabelledRun run;
        run.label = count_in_words(shards, "shard");
        run.at = {{.name = "shards", .value = static_cast<double>(shards), .text = {}}};
        run.round = round;
        run.plan = plan_for(plan_, *proxy, seats);
        if (!recorder_.take(std::move(run))) return;
        Scale& scale = scales_.try_emplace(shards, Scale{.shards = shards}).first->second;
        scale.apart = seats.apart;
        add_result(recorder_.last(), scale);
        warn_about_errors(report_.runs.back(), report_);
    }

    void refuse(unsigned shards, const config::Refusal& refusal) {
        if (!refusal_) refusal_ = refusal;
        report_.findings.push_back(
            {.severity = Severity::warning,
             .text = fmt::format("{}: the proxy could not be started: {}",
                                 count_in_words(shards, "shard"), refusal.rule),
             .flag = {},
             .figure = {}});
    }

    const SuiteContext& context_;
    const Stage& stage_;
    Report& report_;
    Recorder recorder_;
    RunPlan plan_;
    Standing origin_;  // when the suite brings it
    std::map<unsigned, Scale> scales_;
    config::Complaint refusal_;
};

}  // namespace

config::Complaint measure_scaling(const SuiteContext& context, const Stage& stage, Report& report) {
    report.kind = ReportKind::scaling;
    return ScalingRun(context, stage, report).measure();
}

config::Complaint run_scaling(const SuiteContext& context, Report& report) {
    return measure_scaling(context, real_stage(), report);
}

}  // namespace ringway::bench
