// --find-knee: the given levels, then those around the best one, then what the curve says.
#include <algorithm>

#include <fmt/format.h>

#include "knee_search.h"
#include "recorder.h"
#include "suites.h"
#include "words.h"

namespace ringway::bench {

namespace {

constexpr double default_levels[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
constexpr int refinements_max = 3;

void measure(Recorder& recorder, const Options& options, const std::vector<double>& values) {
    for (unsigned round = 0; round < options.rounds; ++round) {
        for (const double value : values) {
            recorder.pause();
            recorder.take(
                run_at_level(options.plan, options.levels.of_rate, value, static_cast<int>(round)));
        }
    }
}

void add_curve(const std::vector<LevelSummary>& levels, const KneeChoice& choice, Report& report) {
    for (std::size_t index = 0; index < levels.size(); ++index) {
        Figure figure{.name = fmt::format("score_at_{:.0f}", levels[index].value),
                      .title = "score at " + levels[index].label,
                      .value = choice.scores[index],
                      .unit = "ratio",
                      .known = levels[index].usable,
                      .higher_is_better = true};
        if (!figure.known) {
            figure.note = fmt::format("not measurable: {} of what ended were errors",
                                      share_in_words(levels[index].error_rate));
        }
        report.figures.push_back(std::move(figure));
    }
}

// What people do with the answer: run there, and know what they give up.
void add_words(const std::vector<LevelSummary>& levels, const KneeChoice& choice, bool of_rate,
               Report& report) {
    const std::string figure = fmt::format("knee_{}", coordinate_of(of_rate));
    const LevelSummary& knee = levels[choice.index];
    const LevelSummary& most = levels[saturation_of(levels)];
    std::string text =
        fmt::format("the knee is at {}: {} with a p99 of {}", knee.label,
                    rate_in_words(knee.rate.median), time_in_words(knee.p99_us.median));
    if (most.value > knee.value) {
        text += fmt::format("; {} give {:.2f} times its rate at {:.2f} times its mean latency",
                            most.label, most.rate.median / knee.rate.median,
                            most.mean_us.median / knee.mean_us.median);
    }
    report.findings.push_back({Severity::note, std::move(text), "", figure});
    if (levels.size() > 1 && choice.index + 1 == levels.size()) {
        report.findings.push_back(
            {Severity::advice, "the score is best at the highest level: the knee may lie above it",
             "--find-knee", figure});
    } else if (levels.size() > 1 && choice.index == 0 && knee.value > 1) {
        report.findings.push_back(
            {Severity::advice, "the score is best at the lowest level: the knee may lie below it",
             "--find-knee", figure});
    }
}

void add_knee(const std::vector<LevelSummary>& levels, bool of_rate, Report& report) {
    const std::string unit = of_rate ? "1/s" : "connections";
    const std::string name(coordinate_of(of_rate));
    Figure at{.name = "knee_" + name, .title = "knee", .unit = unit};
    const std::optional<KneeChoice> choice = choose_knee(levels);
    if (!choice) {
        at.known = false;
        at.note = fmt::format("not measurable: no level with at most {} of errors",
                              share_in_words(LevelSummary::error_rate_max));
        report.findings.push_back({Severity::critical, "no knee: " + at.note, "", at.name});
        report.figures.push_back(std::move(at));
        return;
    }
    const LevelSummary& knee = levels[choice->index];
    const LevelSummary& most = levels[saturation_of(levels)];
    at.value = knee.value;
    at.note = fmt::format("scores within {} of the best are ties, the lowest level wins",
                          share_in_words(choice->margin));
    report.figures.push_back(std::move(at));
    add_figure(report,
               {.name = "knee_throughput",
                .title = "rate at the knee",
                .unit = "1/s",
                .higher_is_better = true},
               knee.rate);
    add_figure(report, {.name = "knee_latency_p50", .title = "p50 at the knee", .unit = "us"},
               knee.p50_us);
    add_figure(report, {.name = "knee_latency_p99", .title = "p99 at the knee", .unit = "us"},
               knee.p99_us);
    report.figures.push_back({.name = "saturation_" + name,
                              .title = "lowest level with 95 % of the best rate",
                              .value = most.value,
                              .unit = unit});
    add_curve(levels, *choice, report);
    add_words(levels, *choice, of_rate, report);
}

}  // namespace

config::Complaint run_knee(const SuiteContext& context, Report& report) {
    report.kind = ReportKind::knee;
    const Options& options = context.options;
    const bool of_rate = options.levels.of_rate;
    std::vector<double> values = options.levels.values;
    if (values.empty() && of_rate) {
        return config::Refusal{"--find-knee over rates needs them",
                               "--find-knee rate=1000,2000,4000"};
    }
    if (values.empty()) values.assign(std::begin(default_levels), std::end(default_levels));

    Recorder recorder(context, report);
    measure(recorder, options, values);
    for (int pass = 0; pass < refinements_max && !recorder.stopped(); ++pass) {
        const std::vector<LevelSummary> levels = summarize(report.runs, of_rate);
        const std::optional<KneeChoice> choice = choose_knee(levels);
        if (!choice) break;
        const std::vector<double> between = levels_to_refine(levels, choice->index);
        if (between.empty()) break;
        if (context.say) {
            context.say(
                fmt::format("the best so far is {}: looking closer", levels[choice->index].label));
        }
        measure(recorder, options, between);
    }
    if (!report.runs.empty()) add_knee(summarize(report.runs, of_rate), of_rate, report);
    return recorder.outcome();
}

}  // namespace ringway::bench
