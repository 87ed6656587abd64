// --sweep: every level in every round, so that what drifts on the machine meets all levels alike.
#include <fmt/format.h>

#include "levels.h"
#include "recorder.h"
#include "suites.h"
#include "words.h"

namespace ringway::bench {

namespace {

void add_figures(const std::vector<LevelSummary>& levels, bool of_rate, Report& report) {
    const std::string unit = of_rate ? "1/s" : "connections";
    const std::string name = std::string(coordinate_of(of_rate));
    const std::size_t index = saturation_of(levels);
    Figure best{.name = "rate_max",
                .title = "best rate",
                .unit = "1/s",
                .note = "not measurable: no level without errors",
                .known = false,
                .higher_is_better = true};
    Figure saturation{.name = "saturation_" + name,
                      .title = "lowest level with 95 % of the best rate",
                      .unit = unit,
                      .note = best.note,
                      .known = false};
    if (index < levels.size()) {
        best.known = saturation.known = true;
        best.note.clear();
        saturation.note.clear();
        saturation.value = levels[index].value;
        for (const LevelSummary& level : levels) {
            if (level.usable && level.rate.median > best.value) {
                best.value = level.rate.median;
                best.note = "at " + level.label;
            }
        }
    }
    report.figures.push_back(std::move(best));
    report.figures.push_back(std::move(saturation));
}

}  // namespace

config::Complaint run_sweep(const SuiteContext& context, Report& report) {
    report.kind = ReportKind::sweep;
    const Options& options = context.options;
    if (options.levels.values.empty()) {
        return config::Refusal{"--sweep needs levels", "--sweep connections=1,10,100"};
    }
    Recorder recorder(context, report);
    for (unsigned round = 0; round < options.rounds; ++round) {
        for (const double value : options.levels.values) {
            recorder.pause();
            recorder.take(
                run_at_level(options.plan, options.levels.of_rate, value, static_cast<int>(round)));
        }
    }
    if (!report.runs.empty()) {
        add_figures(summarize(report.runs, options.levels.of_rate), options.levels.of_rate, report);
    }
    return recorder.outcome();
}

}  // namespace ringway::bench
