// What a baseline is held against. The old targets are what was promised once for a gateway; the
// strict ones are ringway's own, from its performance goals, measured on machines of 2023.
#include <fmt/format.h>

#include "baseline.h"
#include "words.h"

namespace ringway::bench {
namespace {

struct Target {
    std::string_view figure;
    std::optional<double> target;
    std::optional<double> strict;
    bool higher_is_better = false;
};

constexpr double kib = 1024;
constexpr double mib = 1024 * kib;

// In the units of the figures: microseconds, bytes, ratios.
constexpr Target targets[] = {
    {.figure = "added_latency_p50", .target = 10'000, .strict = 100},
    {.figure = "added_latency_p99", .target = 10'000, .strict = 500},
    {.figure = "single_added_latency_p50", .target = 10'000, .strict = 100},
    {.figure = "fixed_rate_latency_p99", .target = {}, .strict = 420},
    {.figure = "base_memory", .target = 100e6, .strict = 16 * mib},
    {.figure = "memory_per_idle_connection", .target = {}, .strict = 1.5 * kib},
    {.figure = "scaling_efficiency", .target = 0.7, .strict = 0.95, .higher_is_better = true},
    {.figure = "cpu_per_request_64", .target = {}, .strict = 9.5},
    {.figure = "cpu_per_request_500", .target = {}, .strict = 12},
    {.figure = "sse_delay_p50", .target = {}, .strict = 90},
    {.figure = "sse_cpu_per_event", .target = {}, .strict = 9.6},
};

bool is_met(const Figure& figure, double target) {
    return figure.higher_is_better ? figure.value >= target : figure.value <= target;
}

std::string in_words(const Figure& figure, double value) {
    if (figure.unit == "us") return difference_in_words(value);
    if (figure.unit == "bytes") return bytes_in_words(value);
    if (figure.unit == "ratio") return share_in_words(value);
    return fmt::format("{:.3g} {}", value, figure.unit);
}

void judge(const Figure& figure, Report& report) {
    const bool met = !figure.target || is_met(figure, *figure.target);
    const bool strictly = !figure.strict_target || is_met(figure, *figure.strict_target);
    if (met && strictly) return;
    const double missed = met ? *figure.strict_target : *figure.target;
    report.findings.push_back(
        {.severity = met ? Severity::note : Severity::critical,
         .text = fmt::format("{}: {}, {} {} of {}", figure.title, in_words(figure, figure.value),
                             figure.higher_is_better ? "below" : "above",
                             met ? "ringway's own target" : "the target", in_words(figure, missed)),
         .flag = {},
         .figure = figure.name});
}

}  // namespace

void judge_targets(Report& report) {
    for (const Target& target : targets) {
        for (Figure& figure : report.figures) {
            if (figure.name != target.figure) continue;
            figure.target = target.target;
            figure.strict_target = target.strict;
            figure.higher_is_better = target.higher_is_better;
            if (figure.known) judge(figure, report);
        }
    }
}

}  // namespace ringway::bench
