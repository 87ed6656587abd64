// The measurement itself, at one level, as often as --rounds says.
#include "levels.h"
#include "recorder.h"
#include "suites.h"
#include "words.h"

namespace ringway::bench {

namespace {

double in_us(std::uint64_t ns) { return static_cast<double>(ns) / 1e3; }

struct Measure {
    const char* name;
    const char* title;
    const char* unit;
    bool higher_is_better;
    double (*of)(const RunResult&);
};

constexpr Measure of_answers[] = {
    {"rate", "rate", "1/s", true, [](const RunResult& run) { return run.rate(); }},
    {"goodput", "goodput", "bytes/s", true, [](const RunResult& run) { return run.goodput(); }},
    {"latency_mean", "mean latency", "us", false,
     [](const RunResult& run) { return run.latency_mean_us; }},
    {"latency_p50", "p50 latency", "us", false,
     [](const RunResult& run) { return run.percentile_us(50); }},
    {"latency_p90", "p90 latency", "us", false,
     [](const RunResult& run) { return run.percentile_us(90); }},
    {"latency_p99", "p99 latency", "us", false,
     [](const RunResult& run) { return run.percentile_us(99); }},
    {"latency_p99_9", "p99.9 latency", "us", false,
     [](const RunResult& run) { return run.percentile_us(99.9); }},
    {"latency_max", "longest latency", "us", false,
     [](const RunResult& run) { return in_us(run.latency.max_ns()); }},
};

constexpr Measure of_watched[] = {
    {"watched_cpu_per_request", "watched process, CPU per request", "us", false,
     [](const RunResult& run) {
         return run.watched->cpu_seconds * 1e6 / static_cast<double>(run.answered);
     }},
    {"watched_cores", "watched process, cores busy", "cores", false,
     [](const RunResult& run) { return run.watched->cpu_seconds / run.window.to_seconds(); }},
    {"watched_private_bytes", "watched process, private memory", "bytes", false,
     [](const RunResult& run) { return static_cast<double>(run.watched->private_bytes_max); }},
};

void add(const Measure& measure, std::vector<double> values, Report& report) {
    add_figure(report,
               {.name = measure.name,
                .title = measure.title,
                .unit = measure.unit,
                .higher_is_better = measure.higher_is_better},
               spread_of(std::move(values)));
}

void add_figures(Report& report) {
    for (const Measure& measure : of_answers) {
        std::vector<double> values;
        for (const LabelledRun& run : report.runs) {
            if (run.result.answered > 0) values.push_back(measure.of(run.result));
        }
        add(measure, std::move(values), report);
    }
    std::vector<double> error_rates;
    for (const LabelledRun& run : report.runs) error_rates.push_back(run.result.error_rate());
    add({"error_rate", "errors among what ended", "ratio", false, nullptr}, std::move(error_rates),
        report);
    for (const Measure& measure : of_watched) {
        std::vector<double> values;
        for (const LabelledRun& run : report.runs) {
            const RunResult& result = run.result;
            if (result.watched && result.answered > 0) values.push_back(measure.of(result));
        }
        if (!values.empty()) add(measure, std::move(values), report);
    }
}

}  // namespace

config::Complaint run_plain(const SuiteContext& context, Report& report) {
    report.kind = ReportKind::run;
    Recorder recorder(context, report);
    for (unsigned round = 0; round < context.options.rounds; ++round) {
        LabelledRun run;
        run.label = level_in_words(context.options.plan);
        run.plan = context.options.plan;
        run.round = static_cast<int>(round);
        recorder.pause();
        if (!recorder.take(std::move(run))) break;
    }
    if (!report.runs.empty()) add_figures(report);
    return recorder.outcome();
}

}  // namespace ringway::bench
