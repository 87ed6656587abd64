// Levels of load, and what was measured at each: values over rounds, as median and spread.
//
// Plain values; knows nothing of how a level was chosen.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "../options.h"
#include "ringway/bench/report.h"

namespace ringway::bench {

// Of one figure over repeated rounds.
struct Spread {
    double median = 0;
    double low = 0;
    double high = 0;
    std::size_t rounds = 0;

    // (high - low) / median; 0 when there is nothing to compare.
    double relative() const { return median > 0 ? (high - low) / median : 0; }
};
Spread spread_of(std::vector<double> values);

// `plan` at one level: of connections (never with more threads than those), or of the rate.
RunPlan at_level(RunPlan plan, bool of_rate, double value);
// The run to take: label and coordinate from the level.
LabelledRun run_at_level(const RunPlan& plan, bool of_rate, double value, int round);
std::string_view coordinate_of(bool of_rate);  // "rate" or "connections"

// What was measured at one level, over all its rounds.
struct LevelSummary {
    double value = 0;  // connections or rate
    std::string label;
    // Some answers came and at most `error_rate_max` of all were errors: a level to work at.
    bool usable = false;
    // Some answers came at all; where none did, all below is 0.
    bool answered = false;
    Spread rate;
    Spread mean_us;
    Spread p50_us;
    Spread p99_us;
    Spread watched_cores;     // of no rounds when nobody is watched
    double error_rate = 0;    // of all rounds together
    std::uint64_t ended = 0;  // answers and errors of all rounds
    std::uint64_t scheduled = 0;
    std::uint64_t overdue = 0;
    std::uint64_t waited = 0;
    double lateness_p99_us = 0;  // the worst round's
    double connect_max_us = 0;   // the longest connect
    double watched_busiest_thread = 0;
    double busiest_thread = 0;            // the worst round's
    std::uint64_t watched_bytes_max = 0;  // private memory
    std::vector<double> cores_busy;       // of each core, the worst round's
    std::map<std::uint16_t, std::uint64_t> status;
    ErrorCounts errors;

    static constexpr double error_rate_max = 0.01;
};

// All runs that bear the coordinate, grouped by its value, lowest first.
std::vector<LevelSummary> summarize(const std::vector<LabelledRun>& runs, bool of_rate);

// Index of the lowest usable level that reaches 95 % of the best usable rate; levels.size() when
// none is usable. Beyond it only latency grows.
std::size_t saturation_of(const std::vector<LevelSummary>& levels);

// A figure with its median over rounds, and with several rounds a second one, NAME_spread.
void add_figure(Report& report, Figure figure, const Spread& spread);

}  // namespace ringway::bench
