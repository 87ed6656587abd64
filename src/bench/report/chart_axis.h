// Where a value lies on an axis, and where its ticks are.
#pragma once

#include "chart.h"

namespace ringway::bench {

class Mapping {
  public:
    // From `begin` to `end` in pixels; `values` are what must be shown.
    Mapping(const Axis& axis, const std::vector<double>& values, double begin, double end);

    bool can_show(double value) const;
    double pixel(double value) const;  // kept within the axis
    // With at least `gap` pixels between two of them.
    std::vector<std::pair<double, std::string>> ticks(double gap) const;

  private:
    double position(double value) const;
    void fit(const std::vector<double>& values);
    std::vector<double> log_ticks() const;
    std::vector<double> linear_ticks(double low, double high) const;

    const Axis& axis_;
    double begin_, end_;
    double low_ = 0, high_ = 1;  // in the scale's own measure
};

}  // namespace ringway::bench
