#include "verdicts/statistics.h"

#include <doctest/doctest.h>

namespace ringway::bench {
namespace {

TEST_CASE("quantiles of Student's distribution are those of the tables") {
    // freedom, t of 97.5 %
    constexpr double rows[][2] = {{1, 12.7062},  {2, 4.30265},  {3, 3.18245},
                                  {4, 2.77645},  {5, 2.57058},  {8, 2.30600},
                                  {10, 2.22814}, {30, 2.04227}, {100, 1.98397}};
    for (const auto& [freedom, t] : rows) {
        CHECK(t_quantile_975(freedom) == doctest::Approx(t).epsilon(1e-5));
    }
    CHECK(t_quantile_975(1e6) == doctest::Approx(1.95996).epsilon(1e-5));
    CHECK(t_quantile_975(2.5) < t_quantile_975(2));
    CHECK(t_quantile_975(2.5) > t_quantile_975(3));
}

TEST_CASE("Welch's interval of a worked example") {
    // Variances 2.5 and 10, five values each: freedom 5.882, standard error 1.5811, t 2.4588.
    const auto interval = difference_interval({1, 2, 3, 4, 5}, {12, 14, 16, 18, 20});
    REQUIRE(interval);
    CHECK(interval->low == doctest::Approx(13 - 3.8877).epsilon(1e-4));
    CHECK(interval->high == doctest::Approx(13 + 3.8877).epsilon(1e-4));
}

TEST_CASE("single values have no interval, equal ones have one without width") {
    CHECK_FALSE(difference_interval({1}, {1, 2}));
    CHECK_FALSE(difference_interval({1, 2}, {2}));
    CHECK_FALSE(difference_interval({}, {}));
    const auto exact = difference_interval({2, 2}, {5, 5, 5});
    REQUIRE(exact);
    CHECK(exact->low == 3);
    CHECK(exact->high == 3);
}

}  // namespace
}  // namespace ringway::bench
