// Two counts of the last ten seconds, in buckets of one second. Pure: the caller says when.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ringway/base/clock.h"

namespace ringway::upstream {

class RecentCounts {
  public:
    struct Counts {
        std::uint32_t first = 0;
        std::uint32_t second = 0;
    };

    // Forgets what is older than ten seconds at `now`.
    void move_to(base::Instant now);
    // Into the second that was moved to last.
    void add(Counts more);
    void clear() { *this = {}; }

    Counts sum() const { return sum_; }
    Counts this_second() const { return buckets_[bucket_of(second_)]; }

  private:
    static constexpr std::int64_t bucket_count = 10;
    static std::size_t bucket_of(std::int64_t second) {
        return static_cast<std::size_t>(second % bucket_count);
    }

    std::array<Counts, bucket_count> buckets_{};
    Counts sum_;
    std::int64_t second_ = 0;
};

}  // namespace ringway::upstream
