// Small figures from results: CPU per request, percentiles to compare, and how people read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "levels.h"
#include "ringway/bench/report.h"
#include "ringway/bench/result.h"

namespace ringway::bench {

// User and system time of the watched process for each answer; nothing when nobody was watched or
// nothing answered.
std::optional<double> watched_us_per_answer(const RunResult& result);
// Cores that the watched process kept busy over the window; nothing when nobody was watched.
std::optional<double> watched_cores(const RunResult& result);

std::string difference_in_words(double us);        // "83 us", "-1.2 ms"
std::string spread_in_words(const Spread& of_us);  // "from 70 us to 120 us over 5 rounds"
std::string bytes_in_words(double bytes);          // "812 B", "1.4 KiB", "23 MiB"

// The percentiles that suites compare, with the suffix that names of figures bear.
struct NamedPercentile {
    double percent;
    const char* suffix;  // "p99_9"
    const char* title;   // "p99.9"
};
inline constexpr NamedPercentile compared_percentiles[] = {
    {50, "p50", "p50"}, {75, "p75", "p75"},       {90, "p90", "p90"},         {95, "p95", "p95"},
    {99, "p99", "p99"}, {99.9, "p99_9", "p99.9"}, {99.99, "p99_99", "p99.99"}};
// With fewer samples a percentile is but the largest of them.
double samples_needed(double percent);
double percentile_us(const stats::HistogramReading& latency, double percent);

Figure figure(std::string name, std::string title, double value, std::string unit);
Figure unknown_figure(std::string name, std::string title, std::string unit, std::string why);
// As `figure`, or unknown for the reason given when there is no value.
Figure figure_or(std::string name, std::string title, std::optional<double> value, std::string unit,
                 std::string why);

// The error kinds of a run in words, "12 timeouts, 3 resets"; a warning when there are any.
void warn_about_errors(const LabelledRun& run, Report& report);

}  // namespace ringway::bench
