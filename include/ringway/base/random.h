// A small seeded generator (SplitMix64): one per shard, never shared, not for secrets.
#pragma once

#include <cstdint>

namespace ringway::base {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

    // Uniform in [0, bound); `bound` must be positive. The bias is below 2^-32 for small bounds.
    std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
    }

    // True with a probability of `numerator` in `denominator`.
    bool chance(std::uint64_t numerator, std::uint64_t denominator) {
        return below(denominator) < numerator;
    }

  private:
    __extension__ using Wide = unsigned __int128;
    std::uint64_t state_;
};

}  // namespace ringway::base
