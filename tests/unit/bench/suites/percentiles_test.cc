// What a result tells of its latencies, against all samples sorted.
#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/base/random.h"
#include "ringway/bench/result.h"

using namespace ringway;
using namespace ringway::bench;

namespace {

// A body around 100 us, a tail that reaches seconds: what latencies look like.
std::uint64_t latency_ns(base::Random& random) {
    const double unit = (static_cast<double>(random.below(1'000'000)) + 1) / 1'000'001;
    return static_cast<std::uint64_t>(60e3 / std::pow(unit, 0.8));
}

}  // namespace

TEST_CASE("percentiles of a result over several threads are within 1 % of the exact ones") {
    constexpr double percents[] = {50, 75, 90, 95, 99, 99.9, 99.99};
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        base::Random random(seed);
        std::vector<std::uint64_t> samples;
        RunResult result;
        for (int thread = 0; thread < 3; ++thread) {
            stats::Histogram histogram;
            for (int index = 0; index < 40'000; ++index) {
                samples.push_back(latency_ns(random));
                histogram.record(samples.back());
            }
            result.latency.add(histogram);
        }
        std::sort(samples.begin(), samples.end());
        for (const double percent : percents) {
            const auto rank = static_cast<std::size_t>(
                std::ceil(static_cast<double>(samples.size()) * percent / 100 - 1e-6));
            const double exact_us = static_cast<double>(samples[rank - 1]) / 1e3;
            CAPTURE(percent);
            CHECK(std::abs(result.percentile_us(percent) - exact_us) <= exact_us * 0.01);
        }
        CHECK(result.latency.max_ns() == samples.back());
        CHECK(result.percentile_us(100) == static_cast<double>(samples.back()) / 1e3);
    }
}
