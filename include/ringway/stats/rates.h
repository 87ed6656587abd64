// How fast the numbers move: differences between what was read now and some time ago.
//
// Whoever owns a RateHistory shows it the shards' numbers now and then; it keeps a few of them, so
// that everybody who asks gets rates over the last second or two, however often others ask.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::stats {

// What rates are made of, of one shard or summed up.
struct RateSample {
    std::uint64_t accepted = 0;
    std::uint64_t closed = 0;
    std::uint64_t requests = 0;  // HTTP
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t cpu_ns = 0;

    void add(const RateSample& other);
};
RateSample sample_of(const ShardStats& stats);

struct Rates {
    base::Duration span{0};
    double accepted_per_second = 0;
    double closed_per_second = 0;
    double requests_per_second = 0;
    double bytes_up_per_second = 0;
    double bytes_down_per_second = 0;
    double cores_busy = 0;  // CPU time of the shards over the span: 1.0 is one core
};
Rates rates_between(const RateSample& earlier, const RateSample& later, base::Duration span);

class RateHistory {
  public:
    // Keeps what the shards show now, unless the last is younger than sample_interval.
    void note(std::span<const ShardStats* const> shards, base::Instant now);

    // Per shard, since the youngest sample that is at least span_min old (or the oldest there is);
    // empty while there is none.
    struct PerShard {
        Rates total;
        std::vector<Rates> shards;
    };
    PerShard rates(std::span<const ShardStats* const> shards, base::Instant now) const;

    static constexpr base::Duration sample_interval = base::Duration::milliseconds(900);
    static constexpr base::Duration span_min = base::Duration::milliseconds(800);

  private:
    struct Sample {
        base::Instant at{0};
        std::vector<RateSample> shards;
    };
    const Sample* reference(base::Instant now) const;

    std::array<Sample, 2> samples_;  // the younger one first; without shards: none yet
};

}  // namespace ringway::stats
