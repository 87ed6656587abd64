// A mergeable log-linear histogram of nanoseconds with an error of at most 1 %.
//
// 64 equal buckets per power of two, values reported at the middle of their bucket: at most 0.8 %
// off. One thread records, any thread reads. About 21 KiB; covers 1 ns to 39 hours, larger values
// count in the last bucket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ringway/stats/counter.h"

namespace ringway::stats {

// A plain copy that can be added up and asked for percentiles.
class HistogramReading;

class Histogram {
  public:
    static constexpr unsigned sub_bits = 6;
    static constexpr unsigned top_bit = 47;
    static constexpr std::size_t bucket_count =
        (std::size_t{1} << sub_bits) * (top_bit - sub_bits + 1);

    void record(std::uint64_t value_ns);
    std::uint64_t count() const { return count_.read(); }

    static std::size_t bucket_of(std::uint64_t value_ns);
    static std::uint64_t middle_of(std::size_t bucket);

  private:
    friend class HistogramReading;
    std::array<Counter, bucket_count> buckets_;
    Counter count_;
    Counter sum_;
    Counter max_;
};

class HistogramReading {
  public:
    HistogramReading() : buckets_(Histogram::bucket_count) {}
    void add(const Histogram& histogram);
    void add(const HistogramReading& other);

    std::uint64_t count() const { return count_; }
    std::uint64_t max_ns() const { return max_; }
    double mean_ns() const;
    // The value at or below which `percent` of the samples lie (nearest rank); 0 when empty.
    std::uint64_t percentile_ns(double percent) const;

  private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace ringway::stats
