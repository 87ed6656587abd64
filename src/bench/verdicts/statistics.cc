#include "statistics.h"

#include <cmath>

namespace ringway::bench {
namespace {

// The continued fraction of the incomplete beta function, by Lentz's method.
double beta_fraction(double a, double b, double x) {
    constexpr double tiny = 1e-300;
    constexpr double close_enough = 1e-12;
    constexpr int steps_max = 500;
    const auto not_zero = [](double value) { return std::fabs(value) < tiny ? tiny : value; };
    double c = 1;
    double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
    double fraction = d;
    for (int m = 1; m <= steps_max; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / not_zero(1 + even * d);
        c = not_zero(1 + even / c);
        fraction *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / not_zero(1 + odd * d);
        c = not_zero(1 + odd / c);
        fraction *= d * c;
        if (std::fabs(d * c - 1) < close_enough) break;
    }
    return fraction;
}

// The regularised incomplete beta function.
double beta_share(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                  a * std::log(x) + b * std::log1p(-x));
    // The fraction converges quickly on one side of the middle only.
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

// How much of Student's distribution lies above t >= 0.
double share_above(double t, double freedom) {
    return beta_share(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2;
}

double variance_of(const std::vector<double>& values) {
    const double mean = mean_of(values);
    double sum = 0;
    for (const double value : values) sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(values.size() - 1);
}

}  // namespace

double t_quantile_975(double freedom) {
    double low = 0;
    double high = 13;  // of one degree of freedom it is 12.7
    for (int halving = 0; halving < 60; ++halving) {
        const double middle = (low + high) / 2;
        (share_above(middle, freedom) > 0.025 ? low : high) = middle;
    }
    return (low + high) / 2;
}

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

std::optional<Interval> difference_interval(const std::vector<double>& before,
                                            const std::vector<double>& after) {
    if (before.size() < 2 || after.size() < 2) return std::nullopt;
    const auto before_count = static_cast<double>(before.size());
    const auto after_count = static_cast<double>(after.size());
    const double before_part = variance_of(before) / before_count;
    const double after_part = variance_of(after) / after_count;
    const double difference = mean_of(after) - mean_of(before);
    const double sum = before_part + after_part;
    if (!(sum > 0)) return Interval{difference, difference};
    // Welch and Satterthwaite's degrees of freedom: between the smaller count and both together.
    const double freedom = sum * sum /
                           (before_part * before_part / (before_count - 1) +
                            after_part * after_part / (after_count - 1));
    const double reach = t_quantile_975(freedom < 1 ? 1 : freedom) * std::sqrt(sum);
    return Interval{difference - reach, difference + reach};
}

}  // namespace ringway::bench
