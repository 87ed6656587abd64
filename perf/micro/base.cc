// Costs of slab and timer wheel.

#include <memory>
#include <vector>

#include "bench.h"
#include "ringway/base/random.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"

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

}  // namespace

void bench_base() {
    bench_slab();
    bench_timers();
}

}  // namespace ringway::perf
