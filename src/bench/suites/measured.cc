#include "measured.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "ringway/stats/units.h"
#include "words.h"

namespace ringway::bench {

std::optional<double> watched_us_per_answer(const RunResult& result) {
    if (!result.watched || result.answered == 0) return std::nullopt;
    return result.watched->cpu_seconds * 1e6 / static_cast<double>(result.answered);
}

std::optional<double> watched_cores(const RunResult& result) {
    if (!result.watched || result.window.ns <= 0) return std::nullopt;
    return result.watched->cpu_seconds / result.window.to_seconds();
}

std::string difference_in_words(double us) {
    return us < 0 ? "-" + time_in_words(-us) : time_in_words(us);
}

std::string spread_in_words(const Spread& of_us) {
    return fmt::format("from {} to {} over {}", difference_in_words(of_us.low),
                       difference_in_words(of_us.high),
                       count_in_words(static_cast<double>(of_us.rounds), "round"));
}

std::string bytes_in_words(double bytes) {
    const std::string sign = bytes < 0 ? "-" : "";
    return sign + stats::human_bytes(static_cast<std::uint64_t>(std::llround(std::abs(bytes))));
}

double samples_needed(double percent) { return percent >= 100 ? 1 : 100 / (100 - percent); }

double percentile_us(const stats::HistogramReading& latency, double percent) {
    return static_cast<double>(latency.percentile_ns(percent)) / 1e3;
}

Figure figure(std::string name, std::string title, double value, std::string unit) {
    Figure made;
    made.name = std::move(name);
    made.title = std::move(title);
    made.value = value;
    made.unit = std::move(unit);
    return made;
}

Figure unknown_figure(std::string name, std::string title, std::string unit, std::string why) {
    Figure made = figure(std::move(name), std::move(title), 0, std::move(unit));
    made.note = std::move(why);
    made.known = false;
    return made;
}

Figure figure_or(std::string name, std::string title, std::optional<double> value, std::string unit,
                 std::string why) {
    if (!value) {
        return unknown_figure(std::move(name), std::move(title), std::move(unit), std::move(why));
    }
    return figure(std::move(name), std::move(title), *value, std::move(unit));
}

void warn_about_errors(const LabelledRun& run, Report& report) {
    if (run.result.errors.total() == 0) return;
    std::string kinds;
    for (std::size_t i = 0; i < error_kind_count; ++i) {
        const auto kind = static_cast<ErrorKind>(i);
        if (run.result.errors[kind] == 0) continue;
        if (!kinds.empty()) kinds += ", ";
        kinds += fmt::format("{} {}", run.result.errors[kind], name_of(kind));
    }
    report.findings.push_back(
        {.severity = Severity::warning,
         .text = fmt::format("{}: {} of what ended were errors ({})", run.label,
                             share_in_words(run.result.error_rate()), kinds),
         .flag = {},
         .figure = run.label});
}

}  // namespace ringway::bench
