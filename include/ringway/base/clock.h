// Points in time and spans of time, in nanoseconds of the monotonic clock.
//
// Owns nothing and reads no clock: the one place that asks the kernel is ring::sys::now(), so that
// the simulation can run on a clock of its own.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace ringway::base {

struct Duration {
    std::int64_t ns = 0;

    static constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
    static constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
    static constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
    static constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
    static constexpr Duration forever() { return {std::numeric_limits<std::int64_t>::max()}; }

    constexpr bool is_forever() const { return ns == std::numeric_limits<std::int64_t>::max(); }
    constexpr std::int64_t to_us() const { return ns / 1'000; }
    constexpr std::int64_t to_ms() const { return ns / 1'000'000; }
    constexpr double to_seconds() const { return static_cast<double>(ns) / 1e9; }

    constexpr auto operator<=>(const Duration&) const = default;
};

// Nanoseconds since an arbitrary start (CLOCK_MONOTONIC). `never()` is later than every instant.
struct Instant {
    std::int64_t ns = 0;

    static constexpr Instant never() { return {std::numeric_limits<std::int64_t>::max()}; }
    constexpr bool is_never() const { return ns == std::numeric_limits<std::int64_t>::max(); }

    constexpr auto operator<=>(const Instant&) const = default;
};

constexpr Instant operator+(Instant at, Duration span) {
    if (span.is_forever() || at.is_never()) return Instant::never();
    return {at.ns + span.ns};
}
constexpr Instant operator-(Instant at, Duration span) { return {at.ns - span.ns}; }
constexpr Duration operator-(Instant later, Instant earlier) { return {later.ns - earlier.ns}; }
constexpr Duration operator*(Duration span, std::int64_t factor) { return {span.ns * factor}; }
constexpr Duration operator/(Duration span, std::int64_t divisor) { return {span.ns / divisor}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }

}  // namespace ringway::base
