#include "quantities.h"

#include <array>

#include <fmt/format.h>

#include "../options/texts.h"
#include "../report/figures.h"
#include "../report/words.h"
#include "ringway/config/units.h"

namespace ringway::bench {
namespace {

using Reading = stats::HistogramReading;

std::optional<double> at(const Reading& reading, double percent) {
    if (reading.count() == 0) return std::nullopt;
    return static_cast<double>(reading.percentile_ns(percent)) / 1e3;
}

// Percents in thousandths, because a template takes no 99.9.
template <int thousandths>
std::optional<double> latency_at(const RunResult& result) {
    return at(result.latency, thousandths / 1e3);
}

template <int thousandths, Reading EventFigures::* reading>
std::optional<double> events_at(const RunResult& result) {
    return result.events ? at((*result.events).*reading, thousandths / 1e3) : std::nullopt;
}

std::optional<double> latency_mean(const RunResult& result) {
    return result.latency.count() == 0 ? std::nullopt : std::optional(result.latency_mean_us);
}

std::optional<double> latency_max(const RunResult& result) {
    if (result.latency.count() == 0) return std::nullopt;
    return static_cast<double>(result.latency.max_ns()) / 1e3;
}

std::optional<double> lost_share(const RunResult& result) {
    if (!result.events || result.events->events + result.events->lost == 0) return std::nullopt;
    return static_cast<double>(result.events->lost) /
           static_cast<double>(result.events->events + result.events->lost);
}

std::optional<double> error_share(const RunResult& result) {
    if (result.answered + result.errors.total() == 0) return std::nullopt;
    return result.error_rate();
}

std::optional<double> watched_cpu_per_request(const RunResult& result) {
    if (!result.watched || result.answered == 0) return std::nullopt;
    return cpu_us_per_answer(*result.watched, result);
}

template <std::uint64_t ProcessUse::* bytes>
std::optional<double> watched_bytes(const RunResult& result) {
    if (!result.watched) return std::nullopt;
    return static_cast<double>((*result.watched).*bytes);
}

constexpr auto rows = std::to_array<Quantity>({
    {"latency", "mean", LevelUnit::time, QuantityNeed::nothing, false, latency_mean},
    {"latency", "p50", LevelUnit::time, QuantityNeed::nothing, false, latency_at<50'000>},
    {"latency", "p75", LevelUnit::time, QuantityNeed::nothing, false, latency_at<75'000>},
    {"latency", "p90", LevelUnit::time, QuantityNeed::nothing, false, latency_at<90'000>},
    {"latency", "p95", LevelUnit::time, QuantityNeed::nothing, false, latency_at<95'000>},
    {"latency", "p99", LevelUnit::time, QuantityNeed::nothing, false, latency_at<99'000>},
    {"latency", "p999", LevelUnit::time, QuantityNeed::nothing, false, latency_at<99'900>},
    {"latency", "p9999", LevelUnit::time, QuantityNeed::nothing, false, latency_at<99'990>},
    {"latency", "max", LevelUnit::time, QuantityNeed::nothing, false, latency_max},
    {"throughput", "requests_per_second", LevelUnit::per_second, QuantityNeed::nothing, true,
     [](const RunResult& result) { return std::optional(result.rate()); }},
    {"throughput", "goodput", LevelUnit::bytes_per_second, QuantityNeed::nothing, true,
     [](const RunResult& result) { return std::optional(result.goodput()); }},
    {"errors", "rate", LevelUnit::share, QuantityNeed::nothing, false, error_share},
    {"events", "first_p50", LevelUnit::time, QuantityNeed::events, false,
     events_at<50'000, &EventFigures::first_event>},
    {"events", "first_p99", LevelUnit::time, QuantityNeed::events, false,
     events_at<99'000, &EventFigures::first_event>},
    {"events", "gap_p99", LevelUnit::time, QuantityNeed::events, false,
     events_at<99'000, &EventFigures::gap>},
    {"events", "delay_p99", LevelUnit::time, QuantityNeed::events, false,
     events_at<99'000, &EventFigures::delay>},
    {"events", "lost", LevelUnit::share, QuantityNeed::events, false, lost_share},
    {"memory", "private", LevelUnit::bytes, QuantityNeed::watched, false,
     watched_bytes<&ProcessUse::private_bytes_max>},
    {"memory", "resident", LevelUnit::bytes, QuantityNeed::watched, false,
     watched_bytes<&ProcessUse::resident_bytes_max>},
    {"cpu", "per_request", LevelUnit::time, QuantityNeed::watched, false, watched_cpu_per_request},
    {"cpu", "cores", LevelUnit::cores, QuantityNeed::watched, false,
     [](const RunResult& result) {
         return result.watched ? std::optional(cores_used(*result.watched, result)) : std::nullopt;
     }},
    {"scaling", "efficiency", LevelUnit::share, QuantityNeed::scaling, true, nullptr,
     "scaling_efficiency"},
    {"added_latency", "p50", LevelUnit::time, QuantityNeed::direct, false, nullptr,
     "added_latency_p50"},
    {"added_latency", "p90", LevelUnit::time, QuantityNeed::direct, false, nullptr,
     "added_latency_p90"},
    {"added_latency", "p99", LevelUnit::time, QuantityNeed::direct, false, nullptr,
     "added_latency_p99"},
});

std::optional<double> parse_time_us(std::string_view text) {
    constexpr struct {
        std::string_view suffix;
        double us;
    } units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}};
    for (const auto& unit : units) {
        if (!text.ends_with(unit.suffix)) continue;
        // "ms" ends in "s" too, and then a letter is left over, which is no number.
        const auto number = parse_decimal(text.substr(0, text.size() - unit.suffix.size()));
        if (number) return *number * unit.us;
    }
    return std::nullopt;
}

}  // namespace

std::string Quantity::name() const { return fmt::format("{} {}", table, key); }

std::span<const Quantity> quantities() { return rows; }

const Quantity* find_quantity(std::string_view table, std::string_view key) {
    for (const Quantity& quantity : rows) {
        if (quantity.table == table && quantity.key == key) return &quantity;
    }
    return nullptr;
}

std::optional<double> parse_level(LevelUnit unit, std::string_view text) {
    switch (unit) {
        case LevelUnit::time: return parse_time_us(text);
        case LevelUnit::share: return parse_share(text);
        case LevelUnit::bytes:
        case LevelUnit::bytes_per_second: {
            const auto bytes = config::parse_size(text);
            return bytes ? std::optional(static_cast<double>(*bytes)) : std::nullopt;
        }
        case LevelUnit::per_second:
        case LevelUnit::cores: break;
    }
    return parse_decimal(text);
}

std::string_view level_rule(LevelUnit unit) {
    switch (unit) {
        case LevelUnit::time: return "a time in quotes, as in \"5ms\" or \"12.5us\"";
        case LevelUnit::share: return "a share in quotes, as in \"0.1%\"";
        case LevelUnit::bytes: return "a size in quotes, as in \"64MiB\"";
        case LevelUnit::bytes_per_second: return "the bytes of a second in quotes, as in \"64MiB\"";
        case LevelUnit::per_second:
        case LevelUnit::cores: break;
    }
    return "a number that is not negative";
}

std::string level_words(LevelUnit unit, double value) {
    switch (unit) {
        case LevelUnit::time: return latency_words(value);
        case LevelUnit::share: return percent_words(value);
        case LevelUnit::bytes: return bytes_words(value);
        case LevelUnit::bytes_per_second: return bytes_words(value) + "/s";
        case LevelUnit::per_second: return rate_words(value) + "/s";
        case LevelUnit::cores: break;
    }
    return fmt::format("{:.2f} cores", value);
}

}  // namespace ringway::bench
