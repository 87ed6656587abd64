#include "ringway/stats/histogram.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/base/random.h"

using ringway::base::Random;
using ringway::stats::Histogram;
using ringway::stats::HistogramReading;

namespace {

HistogramReading reading_of(const Histogram& histogram) {
    HistogramReading reading;
    reading.add(histogram);
    return reading;
}

// Nearest rank, computed the slow way from all samples.
std::uint64_t exact_percentile(std::vector<std::uint64_t> samples, std::uint64_t per_mille) {
    std::sort(samples.begin(), samples.end());
    const std::uint64_t rank =
        std::max<std::uint64_t>((samples.size() * per_mille + 999) / 1000, 1);
    return samples[rank - 1];
}

void check_against_exact(const std::vector<std::uint64_t>& samples) {
    Histogram histogram;
    double sum = 0;
    for (const std::uint64_t sample : samples) {
        histogram.record(sample);
        sum += static_cast<double>(sample);
    }
    const HistogramReading reading = reading_of(histogram);
    REQUIRE(reading.count() == samples.size());
    for (const std::uint64_t per_mille : {1u, 10u, 500u, 900u, 950u, 990u, 999u, 1000u}) {
        const auto exact = static_cast<double>(exact_percentile(samples, per_mille));
        const auto told =
            static_cast<double>(reading.percentile_ns(static_cast<double>(per_mille) / 10));
        CAPTURE(per_mille);
        CHECK(std::abs(told - exact) <= exact * 0.01);
    }
    CHECK(reading.max_ns() == *std::max_element(samples.begin(), samples.end()));
    CHECK(reading.mean_ns() ==
          doctest::Approx(sum / static_cast<double>(samples.size())).epsilon(1e-9));
}

std::vector<std::uint64_t> make_samples(std::uint64_t (*next)(Random&)) {
    Random random(7);
    std::vector<std::uint64_t> samples(20'000);
    for (std::uint64_t& sample : samples) sample = next(random);
    return samples;
}

double unit(Random& random) {
    return (static_cast<double>(random.below(1'000'000)) + 1) / 1'000'001;
}

}  // namespace

TEST_CASE("every value lies in a bucket whose middle is at most 1 % away") {
    Random random(1);
    for (int round = 0; round < 200'000; ++round) {
        const std::uint64_t value = random.next() >> (17 + random.below(47));
        const std::uint64_t middle = Histogram::middle_of(Histogram::bucket_of(value));
        const std::uint64_t distance = middle > value ? middle - value : value - middle;
        REQUIRE(distance * 100 <= value);
    }
}

TEST_CASE("buckets follow each other without a gap") {
    std::size_t last = 0;
    for (unsigned bit = 0; bit < Histogram::top_bit; ++bit) {
        for (std::uint64_t part = 0; part < 64; ++part) {
            const std::uint64_t value =
                (std::uint64_t{1} << bit) + ((std::uint64_t{1} << bit) * part / 64);
            const std::size_t bucket = Histogram::bucket_of(value);
            REQUIRE(bucket >= last);
            REQUIRE(bucket <= last + 1);
            last = bucket;
        }
    }
    CHECK(last == Histogram::bucket_count - 1);
    for (std::size_t bucket = 0; bucket < Histogram::bucket_count; ++bucket) {
        REQUIRE(Histogram::bucket_of(Histogram::middle_of(bucket)) == bucket);
    }
}

TEST_CASE("percentiles are at most 1 % off for distributions of many shapes") {
    SUBCASE("uniform") {
        check_against_exact(make_samples([](Random& random) { return random.below(1'000'000); }));
    }
    SUBCASE("exponential") {
        check_against_exact(make_samples([](Random& random) {
            return static_cast<std::uint64_t>(-std::log(unit(random)) * 5e4);
        }));
    }
    SUBCASE("heavy tail") {
        check_against_exact(make_samples([](Random& random) {
            return static_cast<std::uint64_t>(1e4 / std::pow(unit(random), 1.5));
        }));
    }
    SUBCASE("two humps far apart") {
        check_against_exact(make_samples([](Random& random) {
            return random.chance(9, 10) ? 20'000 + random.below(3'000)
                                        : 4'000'000'000 + random.below(900'000'000);
        }));
    }
    SUBCASE("one value") {
        check_against_exact(make_samples([](Random&) { return std::uint64_t{123'457}; }));
    }
    SUBCASE("small numbers") {
        check_against_exact(make_samples([](Random& random) { return random.below(200); }));
    }
}

TEST_CASE("nearest rank at its edges") {
    Histogram histogram;
    CHECK(reading_of(histogram).percentile_ns(50) == 0);
    CHECK(reading_of(histogram).mean_ns() == 0);

    histogram.record(40);
    for (const double percent : {0.0, 50.0, 100.0}) {
        CHECK(reading_of(histogram).percentile_ns(percent) == 40);
    }
    histogram.record(50);
    CHECK(reading_of(histogram).percentile_ns(50) == 40);
    CHECK(reading_of(histogram).percentile_ns(50.1) == 50);

    // 99.9 % of 1000 samples is the 999th, although 99.9 has no exact binary form.
    Histogram thousand;
    for (int sample = 0; sample < 999; ++sample) thousand.record(10);
    thousand.record(60);
    CHECK(reading_of(thousand).percentile_ns(99.9) == 10);
    CHECK(reading_of(thousand).percentile_ns(99.91) == 60);
    CHECK(reading_of(thousand).percentile_ns(-3) == 10);
    CHECK(reading_of(thousand).percentile_ns(300) == 60);
}

TEST_CASE("no percentile is above the largest sample") {
    Histogram histogram;
    for (int sample = 0; sample < 1'000; ++sample) histogram.record(1'000'003);
    CHECK(reading_of(histogram).percentile_ns(50) <= 1'000'003);
    CHECK(reading_of(histogram).percentile_ns(100) == 1'000'003);
}

TEST_CASE("values beyond the range count in the last bucket and keep their maximum") {
    Histogram histogram;
    histogram.record(1'000);
    histogram.record(std::uint64_t{1} << 60);
    const HistogramReading reading = reading_of(histogram);
    CHECK(reading.count() == 2);
    CHECK(reading.percentile_ns(100) == std::uint64_t{1} << 60);
    CHECK(Histogram::bucket_of(~std::uint64_t{0}) == Histogram::bucket_count - 1);
}

TEST_CASE("merging histograms equals recording everything into one") {
    Random random(3);
    std::vector<Histogram> parts(4);
    Histogram all;
    for (int sample = 0; sample < 40'000; ++sample) {
        const std::uint64_t value = random.next() >> (20 + random.below(40));
        parts[random.below(parts.size())].record(value);
        all.record(value);
    }
    HistogramReading merged;
    for (const Histogram& part : parts) merged.add(reading_of(part));
    const HistogramReading whole = reading_of(all);
    CHECK(merged.count() == whole.count());
    CHECK(merged.max_ns() == whole.max_ns());
    CHECK(merged.mean_ns() == whole.mean_ns());
    for (double percent = 0; percent <= 100; percent += 0.1) {
        REQUIRE(merged.percentile_ns(percent) == whole.percentile_ns(percent));
    }
    std::uint64_t samples = 0;
    std::uint64_t below = 0;
    merged.for_each_bucket([&](std::uint64_t middle_ns, std::uint64_t held) {
        CHECK(held > 0);
        REQUIRE((samples == 0 || middle_ns > below));
        below = middle_ns;
        samples += held;
    });
    CHECK(samples == merged.count());
}

TEST_CASE("a reader sees a growing, consistent histogram while its owner records") {
    Histogram histogram;
    constexpr std::uint64_t samples = 200'000;
    std::thread owner([&] {
        Random random(5);
        for (std::uint64_t sample = 0; sample < samples; ++sample) {
            histogram.record(1'000 + random.below(1'000));
        }
    });
    std::uint64_t last = 0;
    while (last < samples) {
        const HistogramReading reading = reading_of(histogram);
        REQUIRE(reading.count() >= last);
        last = reading.count();
        if (last == 0) continue;
        REQUIRE(reading.percentile_ns(50) >= 990);
        REQUIRE(reading.percentile_ns(99) <= 2'020);
    }
    owner.join();
    CHECK(reading_of(histogram).count() == samples);
}
