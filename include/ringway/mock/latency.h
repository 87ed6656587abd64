// How long an answer is held back: a fixed time, or one drawn from a distribution.
//
// A value without memory of its own: whoever draws brings the generator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/base/random.h"

namespace ringway::mock {

// Uniform in [0, 1).
inline double unit_draw(base::Random& random) {
    return static_cast<double>(random.next() >> 11) * 0x1.0p-53;
}

class Latency {
  public:
    // "5ms", "1ms-5ms" (uniform), "exp:5ms" (exponential with that mean), or
    // "table:50=1ms,90=4ms,100=80ms": values at percentiles, straight lines between them.
    static std::optional<Latency> parse(std::string_view text);
    static constexpr std::string_view rule =
        "a duration such as 5ms, a range such as 1ms-5ms, exp:5ms, or percentiles that end with "
        "100 such as table:50=1ms,90=4ms,100=80ms; none above 1h";

    static Latency fixed(base::Duration value);
    bool is_none() const { return kind_ == Kind::fixed && low_ns_ == 0; }
    base::Duration sample(base::Random& random) const;

  private:
    enum class Kind : std::uint8_t { fixed, uniform, exponential, table };
    struct Point {
        double percentile = 0;
        std::int64_t ns = 0;
    };
    static constexpr std::size_t points_max = 16;
    bool parse_table(std::string_view text);
    std::int64_t from_table(double percentile) const;

    Kind kind_ = Kind::fixed;
    std::uint8_t point_count_ = 0;
    std::int64_t low_ns_ = 0;  // the fixed value, the mean, or the lower end
    std::int64_t high_ns_ = 0;
    std::array<Point, points_max> points_{};
};

}  // namespace ringway::mock
