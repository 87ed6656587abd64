// Costs of counting: histograms, windows, and all that one exchange records.

#include <array>
#include <memory>

#include "bench.h"
#include "ringway/base/random.h"
#include "ringway/stats/histogram.h"
#include "ringway/stats/http_stats.h"
#include "ringway/stats/latency.h"

namespace ringway::perf {
namespace {

// Latencies as they come: most near 200 us, some far above. A power of two of them, so that taking
// the next costs nothing.
constexpr std::size_t sample_count = 4096;
std::array<std::int64_t, sample_count> latencies() {
    std::array<std::int64_t, sample_count> samples{};
    base::Random random(1);
    for (auto& sample : samples) {
        const bool slow = random.below(100) == 0;
        sample = 150'000 + static_cast<std::int64_t>(random.below(slow ? 5'000'000 : 100'000));
    }
    return samples;
}

void bench_histogram() {
    const auto samples = latencies();
    const auto histogram = std::make_unique<stats::Histogram>();
    measure("histogram: record", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            histogram->record(static_cast<std::uint64_t>(samples[i % sample_count]));
        }
    });
    const auto latency = std::make_unique<stats::Latency>();
    measure("latency: record in histogram and window", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            latency->record({samples[i % sample_count]}, base::Instant{1'000'000'000});
        }
    });
    stats::HistogramReading reading;
    reading.add(*histogram);
    measure("histogram: read (the one that allocates)", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            stats::HistogramReading copy;
            copy.add(*histogram);
            keep(copy.count());
        }
    });
    measure("histogram: one percentile of a reading", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) keep(reading.percentile_ns(99));
    });
}

// What every request costs in counting: its route and its upstream.
void bench_traffic() {
    const auto samples = latencies();
    const auto route = std::make_unique<stats::TrafficStats>();
    const auto upstream = std::make_unique<stats::TrafficStats>();
    const auto count = [&](std::uint64_t n, bool all_phases) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const base::Duration value{samples[i % sample_count]};
            stats::ExchangeTimes times;
            times.total = value;
            times.first_byte = value;
            if (all_phases) times.queue = times.connect = value;
            for (stats::TrafficStats* traffic : {route.get(), upstream.get()}) {
                traffic->count_begin();
                traffic->count_end(stats::MethodClass::read, 200, stats::ExchangeEnd::finished,
                                   times, base::Instant{1'000'000'000});
            }
        }
    };
    measure("traffic: an exchange by route and upstream, connection reused",
            [&](std::uint64_t n) { count(n, false); });
    measure("traffic: an exchange by route and upstream, all four phases",
            [&](std::uint64_t n) { count(n, true); });
}

}  // namespace

void bench_stats() {
    bench_histogram();
    bench_traffic();
}

}  // namespace ringway::perf
