#include "words.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "ringway/stats/units.h"

namespace ringway::bench {
namespace {

std::string three_digits(double value) {
    const double size = std::fabs(value);
    if (size < 9.995) return fmt::format("{:.2f}", value);
    if (size < 99.95) return fmt::format("{:.1f}", value);
    return fmt::format("{:.0f}", value);
}

}  // namespace

std::string count_words(double value) {
    if (!std::isfinite(value)) return "-";
    if (value >= 0 && value < 1e18 && value == std::floor(value)) {
        return stats::human_count(static_cast<std::uint64_t>(value));
    }
    return three_digits(value);
}

std::string rate_words(double per_second) {
    if (!std::isfinite(per_second)) return "-";
    if (per_second == 0) return "0";
    if (per_second < 999.5) return three_digits(per_second);
    return stats::human_count(static_cast<std::uint64_t>(std::llround(per_second)));
}

std::string latency_words(double us) {
    if (!std::isfinite(us)) return "-";
    if (us == 0) return "0 us";
    const double size = std::fabs(us);
    if (size < 999.5) return three_digits(us) + " us";
    if (size < 999.5e3) return three_digits(us / 1e3) + " ms";
    return three_digits(us / 1e6) + " s";
}

std::string cost_words(double cpu_us, std::uint64_t answered) {
    return answered == 0 ? "-" : latency_words(cpu_us);
}

std::string signed_latency_words(double us) {
    return us < 0 ? latency_words(us) : "+" + latency_words(us);
}

std::string bytes_words(double bytes) {
    if (!std::isfinite(bytes)) return "-";
    if (bytes < 0) return "-" + bytes_words(-bytes);
    return stats::human_bytes(static_cast<std::uint64_t>(bytes));
}

std::string percent_words(double ratio) {
    if (!std::isfinite(ratio)) return "-";
    if (ratio == 0) return "0 %";
    if (std::fabs(ratio) < 0.0001) return fmt::format("{:.4f} %", ratio * 100);
    return three_digits(ratio * 100) + " %";
}

std::string figure_words(double value, const std::string& unit) {
    if (unit == "us") return latency_words(value);
    if (unit == "ns") return latency_words(value / 1e3);
    if (unit == "ms") return latency_words(value * 1e3);
    if (unit == "s") return latency_words(value * 1e6);
    if (unit == "bytes") return bytes_words(value);
    if (unit == "bytes/s") return bytes_words(value) + "/s";
    if (unit == "ratio") return three_digits(value);
    if (unit == "share") return percent_words(value);
    if (unit == "1/s" || unit == "per_second") return rate_words(value) + "/s";
    std::string text = value == std::floor(value) ? count_words(value) : three_digits(value);
    if (unit.empty()) return text;
    const bool is_one = value == 1 && unit.size() > 1 && unit.ends_with('s');
    return text + " " + (is_one ? unit.substr(0, unit.size() - 1) : unit);
}

std::string command_line(const std::vector<std::string>& words) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789-_./:,=+@%^";
    std::string out;
    for (const std::string& word : words) {
        if (!out.empty()) out += ' ';
        if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
            out += word;
            continue;
        }
        out += '\'';
        for (const char byte : word)
            out += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
        out += '\'';
    }
    return out;
}

}  // namespace ringway::bench
