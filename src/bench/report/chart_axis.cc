#include "chart_axis.h"

#include <algorithm>
#include <cmath>

namespace ringway::bench {
namespace {

constexpr double percent_max = 99.9999;  // where a percentile axis ends, however many samples

}  // namespace

Mapping::Mapping(const Axis& axis, const std::vector<double>& values, double begin, double end)
    : axis_(axis), begin_(begin), end_(end) {
    std::vector<double> shown;
    for (const double value : values) {
        if (can_show(value)) shown.push_back(position(value));
    }
    fit(shown);
}

bool Mapping::can_show(double value) const {
    return std::isfinite(value) && (axis_.scale != Scale::log || value > 0);
}

double Mapping::position(double value) const {
    switch (axis_.scale) {
        case Scale::linear: return value;
        case Scale::log: return std::log10(value);
        case Scale::percentile: return -std::log10(1 - std::clamp(value, 0.0, percent_max) / 100);
    }
    return value;
}

void Mapping::fit(const std::vector<double>& values) {
    if (axis_.high > axis_.low) {
        low_ = position(axis_.low);
        high_ = position(axis_.high);
        return;
    }
    if (values.empty()) return;
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    low_ = *least;
    high_ = *most;
    if (axis_.scale == Scale::linear) {
        low_ = std::min(low_, 0.0);
        high_ = high_ > low_ ? high_ + (high_ - low_) * 0.08 : low_ + 1;
        return;
    }
    // A little air, and never less than a third of a decade.
    const double air = std::max(0.04 * (high_ - low_), (0.35 - (high_ - low_)) / 2);
    low_ -= air;
    high_ += air;
}

double Mapping::pixel(double value) const {
    const double share = std::clamp((position(value) - low_) / (high_ - low_), 0.0, 1.0);
    return begin_ + share * (end_ - begin_);
}

std::vector<double> Mapping::log_ticks() const {
    std::vector<double> all;
    const double span = high_ - low_;
    for (int decade = static_cast<int>(std::floor(low_)); decade <= std::ceil(high_); ++decade) {
        for (const double step : {1.0, 2.0, 3.0, 5.0, 7.0}) {
            const bool is_wanted = step == 1.0 || (span < 2.5 && (step == 2.0 || step == 5.0)) ||
                                   (span < 0.8 && (step == 3.0 || step == 7.0));
            const double value = step * std::pow(10.0, decade);
            const double at = std::log10(value);
            if (is_wanted && at >= low_ && at <= high_) all.push_back(value);
        }
    }
    // Within a small part of a decade the steps are nearly even.
    if (all.size() < 3 && span < 0.8)
        return linear_ticks(std::pow(10.0, low_), std::pow(10.0, high_));
    return all;
}

std::vector<double> Mapping::linear_ticks(double low, double high) const {
    const double rough = (high - low) / 5;
    const double decade = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10 * decade;
    for (const double factor : {5.0, 2.0, 1.0}) {
        if (factor * decade >= rough) step = factor * decade;
    }
    std::vector<double> all;
    for (double value = std::ceil(low / step) * step; value <= high + step * 1e-9; value += step) {
        all.push_back(std::fabs(value) < step * 1e-9 ? 0 : value);
    }
    return all;
}

std::vector<std::pair<double, std::string>> Mapping::ticks(double gap) const {
    std::vector<std::pair<double, std::string>> all = axis_.ticks;
    if (all.empty()) {
        for (const double value :
             axis_.scale == Scale::log ? log_ticks() : linear_ticks(low_, high_)) {
            all.emplace_back(value, axis_.tick_text ? axis_.tick_text(value) : std::string());
        }
    }
    std::vector<std::pair<double, std::string>> kept;
    for (auto& tick : all) {
        if (!can_show(tick.first)) continue;
        const bool is_inside =
            position(tick.first) >= low_ - 1e-9 && position(tick.first) <= high_ + 1e-9;
        const bool is_crowded =
            !kept.empty() && std::fabs(pixel(tick.first) - pixel(kept.back().first)) < gap;
        if (is_inside && !is_crowded) kept.push_back(std::move(tick));
    }
    return kept;
}

}  // namespace ringway::bench
