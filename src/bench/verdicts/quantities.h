// What an SLO can be about: the name of each quantity, its unit, its good side, where to read it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ringway/bench/report.h"

namespace ringway::bench {

enum class LevelUnit : std::uint8_t { time, per_second, bytes, bytes_per_second, share, cores };

// What must have been measured for the quantity to exist.
enum class QuantityNeed : std::uint8_t { nothing, watched, events, scaling, direct };

struct Quantity {
    std::string_view table;  // "latency"
    std::string_view key;    // "p99"
    LevelUnit unit = LevelUnit::time;
    QuantityNeed need = QuantityNeed::nothing;
    bool at_least = false;  // more is better
    // Of one run, in microseconds, bytes, or as it is; nothing where the run has none.
    std::optional<double> (*of_run)(const RunResult&) = nullptr;
    std::string_view figure{};  // otherwise: of the report, by the name of its figure

    std::string name() const;  // "latency p99"
};

std::span<const Quantity> quantities();
const Quantity* find_quantity(std::string_view table, std::string_view key);

// "5ms", "12.5us": microseconds; "64MiB": bytes; "0.1%": a share; otherwise a number.
std::optional<double> parse_level(LevelUnit unit, std::string_view text);
std::string_view level_rule(LevelUnit unit);
std::string level_words(LevelUnit unit, double value);

}  // namespace ringway::bench
