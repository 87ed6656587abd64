// Costs of slab, timer wheel and histograms.

#include <memory>
#include <vector>

#include "bench.h"
#include "ringway/base/random.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/stats/histogram.h"
#include "ringway/stats/latency.h"

namespace ringway::perf {
namespace {

struct Slot {
    explicit Slot(std::uint64_t value) : bytes{value} {}
    std::uint64_t bytes[64];
};

void bench_slab() {
    base::Slab<Slot> slab(10'000);
    measure("slab: emplace and release 512 bytes", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) slab.release(slab.emplace(i));
    });
    Slot* live = slab.emplace(1u);
    const base::Handle handle = slab.handle_of(live);
    measure("slab: find by handle", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) keep(slab.find(handle));
    });
    slab.release(live);
}

void bench_timers() {
    constexpr std::size_t armed = 10'000;
    base::TimerWheel wheel(base::Instant{0});
    std::vector<std::unique_ptr<base::Timer>> timers;
    base::Random random(1);
    for (std::size_t i = 0; i < armed; ++i) {
        timers.push_back(std::make_unique<base::Timer>([](base::Timer&) {}));
        wheel.arm(*timers.back(), base::Instant{0} + base::Duration::seconds(3600));
    }
    measure("timer wheel: move one of 10,000 timers", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const auto span = static_cast<std::int64_t>(random.below(60'000)) + 3'600'000;
            wheel.arm(*timers[i % armed], base::Instant{0} + base::Duration::milliseconds(span));
        }
    });
    measure("timer wheel: when is the next due", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) keep(wheel.next_due());
    });
    for (auto& timer : timers) wheel.disarm(*timer);
    base::Instant now{0};
    base::Timer single([](base::Timer&) {});
    measure("timer wheel: arm, pass a millisecond, fire", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            wheel.arm(single, now + base::Duration::milliseconds(1));
            now = now + base::Duration::milliseconds(2);
            wheel.advance(now);
        }
    });
    wheel.disarm(single);
}

void bench_histogram() {
    const auto histogram = std::make_unique<stats::Histogram>();
    base::Random random(1);
    measure("histogram: record", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) histogram->record(random.below(10'000'000));
    });
    const auto latency = std::make_unique<stats::Latency>();
    measure("latency: record in histogram and window", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            latency->record(base::Duration::nanoseconds(100'000), base::Instant{1'000'000'000});
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

}  // namespace

void bench_base() {
    bench_slab();
    bench_timers();
    bench_histogram();
}

}  // namespace ringway::perf
