#include "ringway/config/units.h"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace ringway::config {
namespace {

struct Unit {
    std::string_view suffix;
    std::uint64_t factor;
};

// Longest factor first: formatting takes the first that divides.
constexpr std::array<Unit, 5> duration_units{{{"h", 3'600'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000}}};
constexpr std::array<Unit, 4> size_units{{{"TiB", std::uint64_t{1} << 40},
                                          {"GiB", std::uint64_t{1} << 30},
                                          {"MiB", std::uint64_t{1} << 20},
                                          {"KiB", std::uint64_t{1} << 10}}};

// Splits "250ms" into its digits and the rest.
std::pair<std::string_view, std::string_view> split_number(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    return {text.substr(0, digits), text.substr(digits)};
}

std::optional<std::uint64_t> multiply(std::uint64_t number, std::uint64_t factor,
                                      std::uint64_t max) {
    if (number != 0 && factor > max / number) return std::nullopt;
    return number * factor;
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

std::optional<base::Duration> parse_duration(std::string_view text) {
    const auto [digits, suffix] = split_number(text);
    const auto number = parse_count(digits);
    if (!number) return std::nullopt;
    // One less than the largest number, which means forever.
    constexpr auto ns_max =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - 1;
    for (const Unit& unit : duration_units) {
        if (suffix != unit.suffix) continue;
        const auto ns = multiply(*number, unit.factor, ns_max);
        if (!ns) return std::nullopt;
        return base::Duration::nanoseconds(static_cast<std::int64_t>(*ns));
    }
    return std::nullopt;
}

std::string format_duration(base::Duration duration) {
    if (duration.is_forever()) return "off";
    const auto ns = static_cast<std::uint64_t>(duration.ns);
    if (ns == 0) return "0s";
    for (const Unit& unit : duration_units) {
        if (ns % unit.factor == 0) return fmt::format("{}{}", ns / unit.factor, unit.suffix);
    }
    return fmt::format("{}ns", ns);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto [digits, suffix] = split_number(text);
    const auto number = parse_count(digits);
    if (!number || suffix.empty() || suffix == "B") return number;
    for (const Unit& unit : size_units) {
        if (suffix == unit.suffix) {
            return multiply(*number, unit.factor, std::numeric_limits<std::uint64_t>::max());
        }
    }
    return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
    if (bytes == 0) return "0";
    for (const Unit& unit : size_units) {
        if (bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.suffix);
    }
    return fmt::format("{}", bytes);
}

std::optional<bool> parse_switch(std::string_view text) {
    if (text == "on" || text == "true" || text == "yes" || text == "1") return true;
    if (text == "off" || text == "false" || text == "no" || text == "0") return false;
    return std::nullopt;
}

std::optional<std::uint32_t> parse_file_mode(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    std::uint32_t mode = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, mode, 8);
    if (error != std::errc{} || stopped != end || mode > 0777) return std::nullopt;
    return mode;
}

}  // namespace ringway::config
