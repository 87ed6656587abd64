// Latency distributions: how they are written, and how a value is drawn from them.
#include "ringway/mock/latency.h"

#include <charconv>
#include <cmath>

#include "ringway/config/units.h"

namespace ringway::mock {
namespace {

constexpr std::int64_t ns_max = base::Duration::seconds(3600).ns;

std::optional<std::int64_t> parse_ns(std::string_view text) {
    const auto duration = config::parse_duration(text);
    if (!duration || duration->ns > ns_max) return std::nullopt;
    return duration->ns;
}

std::optional<double> parse_percentile(std::string_view text) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (!(value >= 0 && value <= 100)) return std::nullopt;
    return value;
}

}  // namespace

Latency Latency::fixed(base::Duration value) {
    Latency latency;
    latency.low_ns_ = value.ns;
    return latency;
}

std::optional<Latency> Latency::parse(std::string_view text) {
    Latency latency;
    constexpr std::string_view exponential = "exp:", table = "table:";
    if (text.starts_with(table)) {
        if (!latency.parse_table(text.substr(table.size()))) return std::nullopt;
        return latency;
    }
    const std::size_t dash = text.find('-');
    if (text.starts_with(exponential)) {
        latency.kind_ = Kind::exponential;
        text.remove_prefix(exponential.size());
    } else if (dash != std::string_view::npos) {
        const auto high = parse_ns(text.substr(dash + 1));
        if (!high) return std::nullopt;
        latency.kind_ = Kind::uniform;
        latency.high_ns_ = *high;
        text = text.substr(0, dash);
    }
    const auto low = parse_ns(text);
    if (!low || (latency.kind_ == Kind::uniform && *low > latency.high_ns_)) return std::nullopt;
    latency.low_ns_ = *low;
    return latency;
}

bool Latency::parse_table(std::string_view text) {
    kind_ = Kind::table;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view entry = text.substr(0, comma);
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos || point_count_ == points_max) return false;
        const auto percentile = parse_percentile(entry.substr(0, equals));
        const auto ns = parse_ns(entry.substr(equals + 1));
        if (!percentile || !ns) return false;
        if (point_count_ > 0) {
            const Point& before = points_[point_count_ - 1U];
            if (*percentile <= before.percentile || *ns < before.ns) return false;
        }
        points_[point_count_++] = {*percentile, *ns};
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return point_count_ > 0 && points_[point_count_ - 1U].percentile == 100;
}

base::Duration Latency::sample(base::Random& random) const {
    if (kind_ == Kind::fixed) return {low_ns_};
    const double draw = unit_draw(random);
    switch (kind_) {
        case Kind::uniform:
            return {low_ns_ +
                    static_cast<std::int64_t>(draw * static_cast<double>(high_ns_ - low_ns_))};
        case Kind::exponential:
            return {static_cast<std::int64_t>(-std::log1p(-draw) * static_cast<double>(low_ns_))};
        default: return {from_table(draw * 100)};
    }
}

std::int64_t Latency::from_table(double percentile) const {
    if (percentile <= points_[0].percentile) return points_[0].ns;
    std::size_t upper = 1;
    while (points_[upper].percentile < percentile) ++upper;
    const Point &a = points_[upper - 1], &b = points_[upper];
    const double part = (percentile - a.percentile) / (b.percentile - a.percentile);
    return a.ns + static_cast<std::int64_t>(part * static_cast<double>(b.ns - a.ns));
}

}  // namespace ringway::mock
