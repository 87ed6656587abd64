// What every form of a report is computed from: percentiles, rounds taken together, groups of runs.
//
// Owns no state. Nothing here knows how a figure is written; nothing elsewhere computes one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/bench/report.h"
#include "ringway/bench/result.h"
#include "ringway/stats/histogram.h"

namespace ringway::bench {

struct PercentilePoint {
    const char* key;    // "p999", in JSON and CSV
    const char* title;  // "p99.9", for people
    double percent;
};
inline constexpr std::array<PercentilePoint, 7> percentile_points{{{"p50", "p50", 50},
                                                                   {"p75", "p75", 75},
                                                                   {"p90", "p90", 90},
                                                                   {"p95", "p95", 95},
                                                                   {"p99", "p99", 99},
                                                                   {"p999", "p99.9", 99.9},
                                                                   {"p9999", "p99.99", 99.99}}};

struct LatencySummary {
    std::uint64_t samples = 0;
    std::array<double, percentile_points.size()> at_us{};
    double max_us = 0;
    double mean_us = 0;
    double stddev_us = 0;
};
// Mean and deviation from the buckets.
LatencySummary summary_of(const stats::HistogramReading& reading);
// Mean and deviation as the run counted them, exactly.
LatencySummary latency_of(const RunResult& result);

// 0 where nothing was answered.
double cpu_us_per_answer(const ProcessUse& use, const RunResult& result);
double cores_used(const ProcessUse& use, const RunResult& result);

// Runs of the same thing as one: counts added up, histograms merged, extremes kept.
RunResult merge(const std::vector<const LabelledRun*>& runs);

// The rounds of one label within one section, in the order in which the label was first seen; of a
// search for the knee in the order of its levels.
struct Group {
    const LabelledRun* first = nullptr;
    std::vector<const LabelledRun*> rounds;
    RunResult whole;         // all rounds as one
    double rate_spread = 0;  // (highest - lowest) / median of the rounds' rates
    double median_rate = 0;  // of the rounds
};
std::vector<Group> groups_of(const Report& report);

// A coordinate that is a number in all of these groups, and not the same in all.
struct Level {
    std::string name;
    std::vector<double> values;  // of each group
};
std::vector<Level> levels_of(const std::vector<Group>& groups);
// By the only level there is; as they were taken when there are several or none.
void sort_by_level(std::vector<Group>& groups);

// Both ways to the same origin, each taken together over its slices. Told by labels: "direct" and
// "proxied", or the same after a common title: "one at a time, direct".
struct Pair {
    std::string section;
    std::string title;  // empty when there is but one
    RunResult direct;
    RunResult proxied;
};
std::vector<Pair> pairs_of(const Report& report);  // complete ones
// The part of a label before the name of the way; nothing when it names none.
std::optional<std::string> title_of_way(const std::string& label, std::string_view way);

// Those that say something that the rest of the report does not: the figures of a plain run repeat
// its table unless they have a note, those of two ways their columns,
// those of a baseline the tables of its sections. One with a target is always shown.
std::vector<Figure> figures_to_show(const Report& report);

// The coordinate of that name, or null.
const Coordinate* coordinate(const LabelledRun& run, std::string_view name);
// "64", "1 MiB" for a size, or the text.
std::string text_of(const Coordinate& coordinate);
// "connections" for people: "message size" for size, otherwise the name with blanks.
std::string title_of(const Coordinate& coordinate);

// The flags that make this run, as a command line would say them.
std::string flags_of(const RunPlan& plan);
// What is counted: "requests", "events", "exchanges", "transfers".
const char* unit_of(Work work);

}  // namespace ringway::bench
