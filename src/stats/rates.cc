#include "ringway/stats/rates.h"

#include <algorithm>
#include <utility>

namespace ringway::stats {

namespace {

// A counter never falls, but two readings may be given the wrong way round.
double per_second(std::uint64_t earlier, std::uint64_t later, double seconds) {
    return later <= earlier ? 0.0 : static_cast<double>(later - earlier) / seconds;
}

}  // namespace

void RateSample::add(const RateSample& other) {
    accepted += other.accepted;
    closed += other.closed;
    requests += other.requests;
    bytes_up += other.bytes_up;
    bytes_down += other.bytes_down;
    cpu_ns += other.cpu_ns;
}

RateSample sample_of(const ShardStats& stats) {
    RateSample sample;
    sample.accepted = stats.accepted.read();
    for (const Counter& reason : stats.closed) sample.closed += reason.read();
    sample.requests = stats.http.requests.read();
    sample.bytes_up = stats.direction[0].bytes.read();
    sample.bytes_down = stats.direction[1].bytes.read();
    sample.cpu_ns = stats.cpu_ns.read();
    return sample;
}

Rates rates_between(const RateSample& earlier, const RateSample& later, base::Duration span) {
    Rates rates;
    rates.span = span;
    const double seconds = span.to_seconds();
    if (seconds <= 0) return rates;
    rates.accepted_per_second = per_second(earlier.accepted, later.accepted, seconds);
    rates.closed_per_second = per_second(earlier.closed, later.closed, seconds);
    rates.requests_per_second = per_second(earlier.requests, later.requests, seconds);
    rates.bytes_up_per_second = per_second(earlier.bytes_up, later.bytes_up, seconds);
    rates.bytes_down_per_second = per_second(earlier.bytes_down, later.bytes_down, seconds);
    rates.cores_busy = per_second(earlier.cpu_ns, later.cpu_ns, seconds) / 1e9;
    return rates;
}

void RateHistory::note(std::span<const ShardStats* const> shards, base::Instant now) {
    if (!samples_[0].shards.empty() && now - samples_[0].at < sample_interval) return;
    std::swap(samples_[0], samples_[1]);
    samples_[0].at = now;
    samples_[0].shards.clear();
    for (const ShardStats* shard : shards) samples_[0].shards.push_back(sample_of(*shard));
}

const RateHistory::Sample* RateHistory::reference(base::Instant now) const {
    const Sample* chosen = nullptr;
    for (const Sample& sample : samples_) {
        if (sample.shards.empty()) break;
        chosen = &sample;
        if (now - sample.at >= span_min) break;
    }
    return chosen;
}

RateHistory::PerShard RateHistory::rates(std::span<const ShardStats* const> shards,
                                         base::Instant now) const {
    PerShard result;
    const Sample* earlier = reference(now);
    if (earlier == nullptr) return result;
    const base::Duration span = now - earlier->at;
    RateSample before;
    RateSample after;
    for (std::size_t index = 0; index < std::min(shards.size(), earlier->shards.size()); ++index) {
        const RateSample sample = sample_of(*shards[index]);
        result.shards.push_back(rates_between(earlier->shards[index], sample, span));
        before.add(earlier->shards[index]);
        after.add(sample);
    }
    result.total = rates_between(before, after, span);
    return result;
}

}  // namespace ringway::stats
