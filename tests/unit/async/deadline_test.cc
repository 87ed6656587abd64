#include "ringway/async/deadline.h"

#include <doctest/doctest.h>

#include "support.h"

using namespace ringway::async;
using namespace ringway::async::test;
using ringway::base::Duration;
using ringway::base::Instant;
using ringway::base::TimerWheel;

namespace {

constexpr Instant start{5'000'000'000};

Instant at_ms(std::int64_t span) { return start + Duration::milliseconds(span); }

struct Scene {
    Stage stage;
    TimerWheel wheel{start};
    Wake wake;
    Deadline deadline{wheel, wake};

    Task<void> wait() {
        while (!deadline.expired()) {
            co_await wake.wait();
            ++wakes;
        }
    }
    void advance_to(std::int64_t ms) {
        wheel.advance(at_ms(ms));
        stage.turn();
    }
    int wakes = 0;
};

}  // namespace

TEST_CASE("a deadline wakes whoever waits, once and not before its time") {
    Scene scene;
    scene.deadline.set(at_ms(100));
    const auto task = scene.wait();
    scene.advance_to(99);
    CHECK_FALSE(scene.deadline.expired());
    scene.advance_to(101);
    CHECK(scene.deadline.expired());
    CHECK(task.is_done());
    CHECK(scene.wakes == 1);
}

TEST_CASE("renewing postpones without touching the wheel") {
    Scene scene;
    scene.deadline.set(at_ms(100));
    const auto task = scene.wait();
    for (int i = 1; i <= 20; ++i) {
        scene.advance_to(i * 50);
        scene.deadline.renew(at_ms(i * 50 + 100));
        CHECK(scene.wheel.armed_count() == 1);
    }
    CHECK(scene.wakes == 0);
    CHECK(scene.deadline.at() == at_ms(1100));
    scene.advance_to(1099);
    CHECK_FALSE(scene.deadline.expired());
    scene.advance_to(1101);
    CHECK(scene.deadline.expired());
    CHECK(task.is_done());
    CHECK(scene.wheel.armed_count() == 0);
}

TEST_CASE("setting moves a deadline both ways, and setting an expired one starts anew") {
    Scene scene;
    scene.deadline.set(at_ms(1000));
    scene.deadline.set(at_ms(50));
    scene.advance_to(51);
    CHECK(scene.deadline.expired());
    scene.deadline.set(at_ms(200));
    CHECK_FALSE(scene.deadline.expired());
    scene.deadline.set(at_ms(300));
    scene.advance_to(250);
    CHECK_FALSE(scene.deadline.expired());
    scene.advance_to(301);
    CHECK(scene.deadline.expired());
}

TEST_CASE("a cleared deadline and one that is never() do not expire") {
    Scene scene;
    scene.deadline.set(at_ms(10));
    scene.deadline.clear();
    CHECK(scene.wheel.armed_count() == 0);
    scene.deadline.set(start + Duration::forever());
    scene.deadline.renew(start + Duration::forever());
    CHECK(scene.wheel.armed_count() == 0);
    scene.advance_to(1'000'000);
    CHECK_FALSE(scene.deadline.expired());
    scene.deadline.set(at_ms(1'000'100));
    scene.deadline.renew(Instant::never());
    scene.advance_to(1'000'200);
    CHECK_FALSE(scene.deadline.expired());
    CHECK(scene.wheel.armed_count() == 0);
}

TEST_CASE("a deadline that is destroyed leaves the wheel") {
    Scene scene;
    {
        Wake wake;
        Deadline brief(scene.wheel, wake);
        brief.set(at_ms(10));
        CHECK(scene.wheel.armed_count() == 1);
    }
    CHECK(scene.wheel.armed_count() == 0);
    scene.advance_to(100);
}
