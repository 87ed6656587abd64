#include "ringway/upstream/recent_counts.h"

#include <algorithm>

namespace ringway::upstream {

void RecentCounts::move_to(base::Instant now) {
    const std::int64_t second = now.ns / 1'000'000'000;
    if (second <= second_) return;
    const std::int64_t passed = std::min(second - second_, bucket_count);
    for (std::int64_t i = 1; i <= passed; ++i) {
        Counts& old = buckets_[bucket_of(second_ + i)];
        sum_.first -= old.first;
        sum_.second -= old.second;
        old = {};
    }
    second_ = second;
}

void RecentCounts::add(Counts more) {
    Counts& bucket = buckets_[bucket_of(second_)];
    bucket.first += more.first;
    bucket.second += more.second;
    sum_.first += more.first;
    sum_.second += more.second;
}

}  // namespace ringway::upstream
