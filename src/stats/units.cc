#include "ringway/stats/units.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "field_writer.h"

namespace ringway::stats {

namespace {

// Three significant digits, which is what an eye takes in: "1.23", "12.3", "123".
std::string three_digits(double value) {
    if (value < 9.995) return fmt::format("{:.2f}", value);
    if (value < 99.95) return fmt::format("{:.1f}", value);
    return fmt::format("{:.0f}", value);
}

}  // namespace

std::string human_count(std::uint64_t count) {
    std::string digits = fmt::format("{}", count);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{} {}", three_digits(value), units[unit]);
}

std::string human_duration(base::Duration span) {
    if (span.is_forever()) return "off";
    const std::int64_t ns = span.ns;
    if (ns < 0) return "-";
    if (ns < 1'000) return fmt::format("{} ns", ns);
    const auto value = static_cast<double>(ns);
    if (value < 999.5e3) return three_digits(value / 1e3) + " us";
    if (value < 999.5e6) return three_digits(value / 1e6) + " ms";
    if (value < 59.95e9) return three_digits(value / 1e9) + " s";
    const std::int64_t seconds = (ns + 500'000'000) / 1'000'000'000;
    if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
    if (seconds < 86'400) return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{}d {:02}h", seconds / 86'400, seconds / 3600 % 24);
}

std::string human_ratio(double value) { return std::isfinite(value) ? three_digits(value) : "-"; }

std::string rfc3339(std::int64_t wall_us) {
    std::string text(time_bytes, '\0');
    write_rfc3339(text.data(), wall_us);
    return text;
}

}  // namespace ringway::stats
