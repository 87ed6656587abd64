// The little statistics that comparing needs: means of few values, and how sure their difference
// is.
#pragma once

#include <optional>
#include <vector>

namespace ringway::bench {

// `t` such that a share of 97.5 % of Student's distribution lies below it: two sides make 95 %.
// `freedom` >= 1, not necessarily whole. Exact to six digits.
double t_quantile_975(double freedom);

struct Interval {
    double low = 0;
    double high = 0;
};

double mean_of(const std::vector<double>& values);

// The 95 % confidence interval of mean(after) - mean(before) without assuming that both spread
// alike (Welch). Nothing when either has fewer than two values.
std::optional<Interval> difference_interval(const std::vector<double>& before,
                                            const std::vector<double>& after);

}  // namespace ringway::bench
