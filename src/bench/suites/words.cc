#include "words.h"

#include <cmath>

#include <fmt/format.h>

namespace ringway::bench {

namespace {

// Three digits that mean something, without an exponent; whole numbers stay whole.
std::string short_number(double value) {
    if (value == std::round(value) || value >= 100) return fmt::format("{:.0f}", value);
    if (value >= 10) return fmt::format("{:.1f}", value);
    return value >= 0.01 ? fmt::format("{:.2f}", value) : fmt::format("{:.4f}", value);
}

}  // namespace

std::string time_in_words(double us) {
    if (us < 1e3) return short_number(us) + " us";
    if (us < 1e6) return short_number(us / 1e3) + " ms";
    return short_number(us / 1e6) + " s";
}

std::string rate_in_words(double rate) { return short_number(rate) + "/s"; }

std::string share_in_words(double share) { return short_number(share * 100) + " %"; }

std::string count_in_words(double count, const std::string& noun) {
    return fmt::format("{} {}{}", short_number(count), noun, count == 1 ? "" : "s");
}

std::string level_in_words(const RunPlan& plan) {
    if (plan.rate > 0 && plan.rate_end > 0) {
        return rate_in_words(plan.rate) + " to " + rate_in_words(plan.rate_end);
    }
    if (plan.rate > 0) return rate_in_words(plan.rate);
    return count_in_words(plan.connections, "connection");
}

}  // namespace ringway::bench
