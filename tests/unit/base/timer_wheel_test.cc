#include "ringway/base/timer_wheel.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/base/random.h"

using namespace ringway::base;

namespace {

constexpr std::int64_t tick_ns = 1'000'000;
constexpr Instant start{123'456'789'012'345};

// A wheel beside the plainest model of one: each timer knows the tick at which it must fire.
struct Model {
    struct Clock : Timer {
        explicit Clock(Model& owner) : Timer(&Model::on_fire), model(owner) {}
        Model& model;
        bool armed = false;
        std::int64_t wanted = 0;  // the tick at which it must fire
        Instant due{0};
        int fired = 0;
    };

    explicit Model(Instant at = start) : now(at), wheel(at) {}

    Clock& add() { return clocks.emplace_back(*this); }
    void arm(Clock& clock, Instant due) {
        const std::int64_t ceiling = (due.ns + tick_ns - 1) / tick_ns;
        clock.armed = true;
        clock.due = due;
        // What is past already fires with the next tick.
        clock.wanted = std::max(ceiling, tick + 1);
        wheel.arm(clock, due);
    }
    void disarm(Clock& clock) {
        clock.armed = false;
        wheel.disarm(clock);
    }

    void advance(Instant to) {
        now = to;
        wheel.advance(to);
        tick = to.ns / tick_ns;
        last_fired = 0;
        std::size_t armed = 0;
        bool overdue = false;
        for (const Clock& clock : clocks) {
            armed += clock.armed ? 1 : 0;
            overdue = overdue || (clock.armed && clock.wanted <= tick);
            if (clock.armed != clock.is_armed()) wrong = true;
        }
        REQUIRE_FALSE(overdue);   // never more than a tick late
        REQUIRE_FALSE(early);     // never early
        REQUIRE_FALSE(disorder);  // in the order of their ticks
        REQUIRE_FALSE(wrong);
        REQUIRE(wheel.armed_count() == armed);
        check_next_due();
    }

    void check_next_due() {
        const Instant next = wheel.next_due();
        std::int64_t first = INT64_MAX;
        for (const Clock& clock : clocks) {
            if (clock.armed) first = std::min(first, clock.wanted);
        }
        if (first == INT64_MAX) {
            REQUIRE(next.is_never());
            return;
        }
        REQUIRE(next.ns > tick * tick_ns);  // waiting for it makes progress
        REQUIRE(next.ns <= first * tick_ns);
    }

    static void on_fire(Timer& timer) {
        auto& clock = static_cast<Clock&>(timer);
        Model& model = clock.model;
        if (model.now < clock.due) model.early = true;
        if (!clock.armed) model.wrong = true;
        if (clock.wanted < model.last_fired) model.disorder = true;
        model.last_fired = clock.wanted;
        clock.armed = false;
        ++clock.fired;
        ++model.fired;
    }

    Instant now;
    TimerWheel wheel;
    std::deque<Clock> clocks;
    std::int64_t tick = start.ns / tick_ns;
    std::int64_t last_fired = 0;
    std::uint64_t fired = 0;
    bool early = false;
    bool disorder = false;
    bool wrong = false;
};

constexpr std::int64_t hour_ms = 3'600'000;

}  // namespace

TEST_CASE("a timer fires in the first tick at or after its time, at any distance") {
    for (const std::int64_t distance_ms :
         {0l,          1l,          2l,          63l,          64l,           65l,
          127l,        128l,        4095l,       4096l,        4097l,         8191l,
          262'143l,    262'144l,    262'145l,    524'288l,     16'777'151l,   16'777'152l,
          16'777'215l, 16'777'216l, 16'777'217l, 24 * hour_ms, 1000 * hour_ms}) {
        for (const std::int64_t offset_ns : {0l, 1l, 999'999l}) {
            CAPTURE(distance_ms);
            CAPTURE(offset_ns);
            Model model;
            Model::Clock& clock = model.add();
            model.arm(clock, start + Duration{distance_ms * tick_ns + offset_ns});
            const std::int64_t wanted = clock.wanted;
            model.check_next_due();
            if (wanted - 1 > model.tick) model.advance({(wanted - 1) * tick_ns + tick_ns - 1});
            CHECK(clock.fired == 0);
            model.advance({wanted * tick_ns});
            CHECK(clock.fired == 1);
            model.advance({(wanted + 100'000'000) * tick_ns});
            CHECK(clock.fired == 1);
        }
    }
}

TEST_CASE("who wakes at next_due alone is woken a handful of times, and in time") {
    for (const std::int64_t distance_ms :
         {1l, 63l, 64l, 5000l, 30'000l, 300'000l, hour_ms, 5 * hour_ms, 48 * hour_ms}) {
        CAPTURE(distance_ms);
        Model model;
        Model::Clock& clock = model.add();
        model.arm(clock, start + Duration::milliseconds(distance_ms));
        int wakes = 0;
        while (clock.fired == 0 && wakes < 100) {
            model.advance(model.wheel.next_due());
            ++wakes;
        }
        CHECK(clock.fired == 1);
        CHECK(wakes <= 20);
        CHECK(model.now - clock.due <= Duration{tick_ns});
    }
}

TEST_CASE("an instant in the past fires at the next tick, never() not at all") {
    Model model;
    Model::Clock& past = model.add();
    model.arm(past, Instant{0});
    CHECK(model.wheel.next_due().ns == (model.tick + 1) * tick_ns);
    model.wheel.advance(start);
    CHECK(past.fired == 0);
    model.advance(start + Duration{tick_ns});
    CHECK(past.fired == 1);
    Model::Clock& never = model.add();
    model.wheel.arm(never, Instant::never());
    CHECK_FALSE(never.is_armed());
    CHECK(model.wheel.armed_count() == 0);
    // Arming with never() disarms.
    model.arm(past, start + Duration::seconds(1));
    model.wheel.arm(past, Instant::never());
    past.armed = false;
    model.advance(start + Duration::seconds(10));
    CHECK(past.fired == 1);
}

namespace {

struct Chain : Timer {
    explicit Chain(TimerWheel& home, Instant first) : Timer(&Chain::on_fire), wheel(home) {
        wheel.arm(*this, first);
    }
    static void on_fire(Timer& timer) {
        auto& self = static_cast<Chain&>(timer);
        self.fired.push_back(self.due());
        if (self.victim != nullptr) self.wheel.disarm(*self.victim);
        if (self.fired.size() < 5) self.wheel.arm(self, self.due() + self.interval);
    }
    TimerWheel& wheel;
    Duration interval = Duration::milliseconds(70);
    std::vector<Instant> fired;
    Timer* victim = nullptr;
};

}  // namespace

TEST_CASE("a firing timer may arm itself again, and is due again within the same long jump") {
    TimerWheel wheel(start);
    Chain chain(wheel, start + Duration::milliseconds(10));
    wheel.advance(start + Duration::seconds(10));
    REQUIRE(chain.fired.size() == 5);
    CHECK(chain.fired.back() == start + Duration::milliseconds(10 + 4 * 70));
    CHECK(wheel.armed_count() == 0);
    CHECK(wheel.next_due().is_never());
}

TEST_CASE("a firing timer may disarm another that is due in the same tick") {
    TimerWheel wheel(start);
    Chain first(wheel, start + Duration::milliseconds(10));
    Chain second(wheel, start + Duration::milliseconds(10));
    first.victim = &second;
    wheel.advance(start + Duration::milliseconds(30));
    CHECK(first.fired.size() == 1);
    CHECK(second.fired.empty());
    CHECK(wheel.armed_count() == 1);
    wheel.disarm(first);
    CHECK(wheel.armed_count() == 0);
}

TEST_CASE("a wheel that was idle for days goes on as if it had not been") {
    Model model;
    Model::Clock& clock = model.add();
    model.arm(clock, start + Duration::milliseconds(200));
    model.disarm(clock);
    model.advance(start + Duration::milliseconds(90 * hour_ms + 17));
    model.arm(clock, model.now + Duration::milliseconds(4097));
    model.advance(model.now + Duration::milliseconds(4096));
    CHECK(clock.fired == 0);
    model.advance(model.now + Duration::milliseconds(2));
    CHECK(clock.fired == 1);
}

TEST_CASE("a random life of many timers agrees with the model") {
    constexpr std::int64_t spans_ms[] = {3,       64,      100,        4096,        5000,
                                         262'144, 300'000, 16'777'216, 30 * hour_ms};
    std::uint64_t fired = 0;
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Model model;
        for (int i = 0; i < 60; ++i) model.add();
        const auto some_span = [&] {
            const auto longest =
                static_cast<std::uint64_t>(spans_ms[random.below(std::size(spans_ms))] * tick_ns);
            return Duration{static_cast<std::int64_t>(random.below(longest))};
        };
        for (int step = 0; step < 500; ++step) {
            const auto changes = random.below(8);
            for (std::uint64_t change = 0; change < changes; ++change) {
                Model::Clock& clock = model.clocks[random.below(model.clocks.size())];
                if (random.chance(1, 5)) {
                    model.disarm(clock);
                } else if (random.chance(1, 20)) {
                    model.arm(clock, model.now - Duration::seconds(1));
                } else {
                    model.arm(clock, model.now + some_span());
                }
            }
            model.check_next_due();
            // Mostly as a shard does it, sometimes late, sometimes by jumps over everything.
            const Instant next = model.wheel.next_due();
            if (random.chance(2, 3) && !next.is_never()) {
                const Duration late{static_cast<std::int64_t>(random.below(3 * tick_ns))};
                model.advance(next + (random.chance(1, 2) ? late : Duration{0}));
            } else if (random.chance(1, 2)) {
                model.advance(model.now +
                              Duration{static_cast<std::int64_t>(random.below(40 * tick_ns))});
            } else {
                model.advance(model.now + some_span());
            }
        }
        fired += model.fired;
    }
    CHECK(fired > 4'000);
}

TEST_CASE("a wheel that is torn down lets go of the timers that are still armed") {
    TimerWheel outer(start);
    struct Quiet : Timer {
        Quiet() : Timer([](Timer&) {}) {}
    } timer;
    {
        TimerWheel inner(start);
        inner.arm(timer, start + Duration::seconds(7000));
    }
    CHECK_FALSE(timer.is_armed());
    outer.arm(timer, start + Duration::seconds(1));
    CHECK(timer.is_armed());
    outer.disarm(timer);
}
