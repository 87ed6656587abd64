#include "ringway/stats/rates.h"

#include <array>

#include <doctest/doctest.h>

using namespace ringway::stats;
using ringway::base::Duration;
using ringway::base::Instant;

namespace {

constexpr Instant start{1'000'000'000'000};
Instant after_ms(std::int64_t ms) { return start + Duration::milliseconds(ms); }

}  // namespace

TEST_CASE("rates are differences over time and never negative") {
    RateSample earlier;
    earlier.accepted = 100;
    earlier.cpu_ns = 1'000'000'000;
    RateSample later = earlier;
    later.accepted = 350;
    later.cpu_ns = 2'500'000'000;
    later.bytes_up = 4'000;
    later.closed = 10;
    later.requests = 30;
    const Rates rates = rates_between(earlier, later, Duration::seconds(2));
    CHECK(rates.accepted_per_second == doctest::Approx(125));
    CHECK(rates.closed_per_second == doctest::Approx(5));
    CHECK(rates.requests_per_second == doctest::Approx(15));
    CHECK(rates.bytes_up_per_second == doctest::Approx(2'000));
    CHECK(rates.bytes_down_per_second == 0);
    CHECK(rates.cores_busy == doctest::Approx(0.75));
    CHECK(rates_between(later, earlier, Duration::seconds(2)).accepted_per_second == 0);
    CHECK(rates_between(earlier, later, {0}).accepted_per_second == 0);
}

TEST_CASE("a sample is what the shard shows") {
    ShardStats stats(0, 0);
    stats.accepted.set(1);
    stats.closed[0].set(2);
    stats.closed[5].set(3);
    stats.http.requests.set(4);
    stats.direction[0].bytes.set(5);
    stats.direction[1].bytes.set(6);
    stats.cpu_ns.set(7);
    const RateSample sample = sample_of(stats);
    CHECK(sample.accepted == 1);
    CHECK(sample.closed == 5);
    CHECK(sample.requests == 4);
    CHECK(sample.bytes_up == 5);
    CHECK(sample.bytes_down == 6);
    CHECK(sample.cpu_ns == 7);
}

TEST_CASE("without a sample there are no rates") {
    const ShardStats stats(0, 0);
    const std::array<const ShardStats*, 1> shards{&stats};
    const RateHistory history;
    CHECK(history.rates(shards, start).shards.empty());
}

TEST_CASE("rates are over the last second or two, whoever else asks and however often") {
    ShardStats busy(0, 0);
    const ShardStats quiet(0, 0);
    const std::array<const ShardStats*, 2> shards{&busy, &quiet};
    RateHistory history;
    // 10 requests each 100 ms; the history is shown the numbers each time.
    for (std::int64_t ms = 0; ms <= 5'000; ms += 100) {
        history.note(shards, after_ms(ms));
        const RateHistory::PerShard rates = history.rates(shards, after_ms(ms));
        REQUIRE(rates.shards.size() == 2);
        if (ms >= 1'000) {
            CHECK(rates.total.span >= RateHistory::span_min);
            CHECK(rates.total.span <= RateHistory::span_min + RateHistory::sample_interval +
                                          Duration::milliseconds(200));
            CHECK(rates.total.requests_per_second == doctest::Approx(100));
            CHECK(rates.shards[0].requests_per_second == doctest::Approx(100));
            CHECK(rates.shards[1].requests_per_second == 0);
        }
        busy.http.requests.add(10);
    }
}

TEST_CASE("soon after the start rates are over what there is") {
    ShardStats stats(0, 0);
    const std::array<const ShardStats*, 1> shards{&stats};
    RateHistory history;
    history.note(shards, start);
    stats.accepted.add(5);
    const RateHistory::PerShard rates = history.rates(shards, after_ms(50));
    CHECK(rates.total.span == Duration::milliseconds(50));
    CHECK(rates.total.accepted_per_second == doctest::Approx(100));
}
