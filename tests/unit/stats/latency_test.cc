#include "ringway/stats/latency.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

using ringway::base::Duration;
using ringway::base::Instant;
using ringway::stats::Latency;

namespace {

constexpr Instant second(std::int64_t n) { return {n * 1'000'000'000}; }

}  // namespace

TEST_CASE("a window holds its count, sum and peak") {
    Latency latency;
    latency.record(Duration::microseconds(10), second(1));
    latency.record(Duration::microseconds(30), second(59));
    const auto window = latency.current_window(second(59));
    CHECK(window.count == 2);
    CHECK(window.sum_ns == 40'000);
    CHECK(window.peak_ns == 30'000);
    CHECK(latency.previous_window(second(59)).count == 0);
    CHECK(latency.histogram().count() == 2);
}

TEST_CASE("a peak does not leak into the next window") {
    Latency latency;
    latency.record(Duration::milliseconds(900), second(10));
    latency.record(Duration::microseconds(5), second(60));
    CHECK(latency.current_window(second(61)).peak_ns == 5'000);
    CHECK(latency.previous_window(second(61)).peak_ns == 900'000'000);
    // The third window takes the slot of the first.
    latency.record(Duration::microseconds(7), second(125));
    CHECK(latency.current_window(second(125)).peak_ns == 7'000);
    CHECK(latency.current_window(second(125)).count == 1);
    CHECK(latency.previous_window(second(125)).peak_ns == 5'000);
}

TEST_CASE("a quiet shard's old windows fade without a tick") {
    Latency latency;
    latency.record(Duration::microseconds(5), second(130));
    CHECK(latency.current_window(second(179)).count == 1);
    CHECK(latency.current_window(second(180)).count == 0);
    CHECK(latency.previous_window(second(180)).count == 1);
    CHECK(latency.previous_window(second(240)).count == 0);
    CHECK(latency.current_window(second(250)).count == 0);
    // Two windows later the number falls into the same slot again, and must not be taken for it.
    CHECK(latency.current_window(second(130 + 120)).count == 0);
    CHECK(latency.histogram().count() == 1);
}

TEST_CASE("nothing was recorded: every window is empty") {
    const Latency latency;
    for (const std::int64_t at : {0, 59, 60, 61, 120, 1'000'000}) {
        CHECK(latency.current_window(second(at)).count == 0);
        CHECK(latency.previous_window(second(at)).count == 0);
    }
}

TEST_CASE("the window's length can be chosen") {
    Latency latency;
    latency.set_window(Duration::seconds(1));
    latency.record(Duration::microseconds(5), second(3));
    CHECK(latency.current_window(second(3)).count == 1);
    CHECK(latency.previous_window(second(4)).count == 1);
    CHECK(latency.previous_window(second(5)).count == 0);
}

TEST_CASE("resetting peaks keeps counts, sums and the histogram") {
    Latency latency;
    latency.record(Duration::milliseconds(5), second(30));
    latency.record(Duration::milliseconds(9), second(70));
    latency.reset_peaks();
    CHECK(latency.current_window(second(70)).peak_ns == 0);
    CHECK(latency.previous_window(second(70)).peak_ns == 0);
    CHECK(latency.current_window(second(70)).count == 1);
    CHECK(latency.current_window(second(70)).sum_ns == 9'000'000);
    CHECK(latency.histogram().count() == 2);
    latency.record(Duration::milliseconds(2), second(71));
    CHECK(latency.current_window(second(71)).peak_ns == 2'000'000);
}

TEST_CASE("a clock that stepped back and a negative duration harm nobody") {
    Latency latency;
    latency.record({-5}, {-1});
    CHECK(latency.current_window({0}).count == 1);
    CHECK(latency.current_window({0}).peak_ns == 0);
}

TEST_CASE("a reader never sees a mixture of two windows") {
    // Each window holds one value only, so that a mixture would show.
    Latency latency;
    latency.set_window(Duration::nanoseconds(100));
    constexpr std::int64_t windows = 20'000;
    std::atomic<std::int64_t> now{0};
    std::thread owner([&] {
        for (std::int64_t window = 0; window < windows; ++window) {
            now.store(window * 100, std::memory_order_relaxed);
            for (int sample = 0; sample < 4; ++sample) {
                latency.record(Duration::nanoseconds(window + 1), {window * 100});
            }
        }
        now.store(-1, std::memory_order_relaxed);
    });
    for (;;) {
        const std::int64_t at = now.load(std::memory_order_relaxed);
        if (at < 0) break;
        const auto value = static_cast<std::uint64_t>(at / 100 + 1);
        const auto current = latency.current_window({at});
        REQUIRE((current.peak_ns == 0 || current.peak_ns == value));
        REQUIRE(current.count <= 4);
        REQUIRE(current.sum_ns <= 4 * value);
        const auto previous = latency.previous_window({at});
        REQUIRE((previous.peak_ns == 0 || previous.peak_ns == value - 1));
        REQUIRE(previous.sum_ns <= 4 * (value - 1));
    }
    owner.join();
}
