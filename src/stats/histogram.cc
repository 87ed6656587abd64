#include "ringway/stats/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringway::stats {

namespace {

constexpr std::uint64_t sub_count = std::uint64_t{1} << Histogram::sub_bits;

}  // namespace

// Values below 64 have a bucket each; after that every power of two is cut into 64 equal buckets.
std::size_t Histogram::bucket_of(std::uint64_t value_ns) {
    if (value_ns < sub_count) return static_cast<std::size_t>(value_ns);
    if (value_ns >> top_bit != 0) return bucket_count - 1;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value_ns)) - 1 - sub_bits;
    const std::uint64_t within = (value_ns >> shift) & (sub_count - 1);
    return static_cast<std::size_t>((shift + 1) * sub_count + within);
}

std::uint64_t Histogram::middle_of(std::size_t bucket) {
    if (bucket < sub_count) return bucket;
    const std::uint64_t shift = bucket / sub_count - 1;
    const std::uint64_t low = (sub_count + bucket % sub_count) << shift;
    return low + ((std::uint64_t{1} << shift) >> 1);
}

void Histogram::record(std::uint64_t value_ns) {
    buckets_[bucket_of(value_ns)].add();
    count_.add();
    sum_.add(value_ns);
    if (value_ns > max_.read()) max_.set(value_ns);
}

// The count is what the buckets hold, not the counter beside them: a reading that is taken while
// the owner records must agree with itself.
void HistogramReading::add(const Histogram& histogram) {
    for (std::size_t bucket = 0; bucket < Histogram::bucket_count; ++bucket) {
        const std::uint64_t samples = histogram.buckets_[bucket].read();
        buckets_[bucket] += samples;
        count_ += samples;
    }
    sum_ += histogram.sum_.read();
    max_ = std::max(max_, histogram.max_.read());
}

void HistogramReading::add(const HistogramReading& other) {
    for (std::size_t bucket = 0; bucket < Histogram::bucket_count; ++bucket) {
        buckets_[bucket] += other.buckets_[bucket];
    }
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

double HistogramReading::mean_ns() const {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t HistogramReading::percentile_ns(double percent) const {
    if (count_ == 0) return 0;
    // In whole millionths, so that 99.9 % of 1000 samples is rank 999 and not, by a rounding error,
    // rank 1000. Split in two so that no count overflows.
    constexpr std::uint64_t whole = 1'000'000;
    const auto share =
        static_cast<std::uint64_t>(std::llround(std::clamp(percent, 0.0, 100.0) * 1e4));
    const std::uint64_t exact =
        count_ / whole * share + (count_ % whole * share + whole - 1) / whole;
    const std::uint64_t rank = std::max<std::uint64_t>(exact, 1);
    if (rank >= count_) return max_;

    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < Histogram::bucket_count; ++bucket) {
        seen += buckets_[bucket];
        if (seen < rank) continue;
        if (bucket + 1 == Histogram::bucket_count) return max_;
        return std::min(Histogram::middle_of(bucket), max_);
    }
    return max_;
}

}  // namespace ringway::stats
