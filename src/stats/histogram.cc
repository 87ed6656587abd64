#include "ringway/stats/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "ringway/base/assert.h"

namespace ringway::stats {

namespace {

constexpr std::uint64_t sub_count = std::uint64_t{1} << Histogram::sub_bits;

}  // namespace

Histogram::Histogram()
    : buckets_(static_cast<std::uint64_t*>(std::calloc(bucket_count, sizeof(std::uint64_t)))) {
    if (buckets_ == nullptr) RW_PANIC("no memory for a histogram");
}

void Histogram::Free::operator()(std::uint64_t* memory) const { std::free(memory); }

std::uint64_t Histogram::middle_of(std::size_t bucket) {
    if (bucket < sub_count) return bucket;
    const std::uint64_t shift = bucket / sub_count - 1;
    const std::uint64_t low = (sub_count + bucket % sub_count) << shift;
    return low + ((std::uint64_t{1} << shift) >> 1);
}

// The count is what the buckets hold, not the counter beside them: a reading that is taken while
// the owner records must agree with itself.
void HistogramReading::add(const Histogram& histogram) {
    if (histogram.count() == 0) return;
    buckets_.resize(Histogram::bucket_count);
    for (std::size_t bucket = 0; bucket < Histogram::bucket_count; ++bucket) {
        const std::uint64_t samples = std::atomic_ref<std::uint64_t>(histogram.buckets_[bucket])
                                          .load(std::memory_order_relaxed);
        buckets_[bucket] += samples;
        count_ += samples;
    }
    sum_ += histogram.sum_.read();
    max_ = std::max(max_, histogram.max_.read());
}

void HistogramReading::add(const HistogramReading& other) {
    if (other.buckets_.empty()) return;
    buckets_.resize(Histogram::bucket_count);
    for (std::size_t bucket = 0; bucket < Histogram::bucket_count; ++bucket) {
        buckets_[bucket] += other.buckets_[bucket];
    }
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

HistogramReading HistogramReading::since(const HistogramReading& earlier) const {
    if (earlier.buckets_.empty()) return *this;
    HistogramReading span;
    span.buckets_.resize(Histogram::bucket_count);
    span.sum_ = sum_ - earlier.sum_;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        const std::uint64_t samples = buckets_[bucket] - earlier.buckets_[bucket];
        if (samples == 0) continue;
        span.buckets_[bucket] = samples;
        span.count_ += samples;
        span.max_ = bucket + 1 == Histogram::bucket_count
                        ? max_
                        : std::min(Histogram::middle_of(bucket), max_);
    }
    return span;
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
