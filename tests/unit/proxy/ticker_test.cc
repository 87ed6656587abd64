#include "ringway/proxy/ticker.h"

#include <doctest/doctest.h>

using namespace ringway;
using namespace ringway::proxy;
using base::Duration;
using base::Instant;

namespace {

struct Watched : Ticking {
    explicit Watched(int looks_wanted) : Ticking(&Watched::on_look), wanted(looks_wanted) {}
    static bool on_look(Ticking& ticking) {
        auto& self = static_cast<Watched&>(ticking);
        return ++self.looks < self.wanted;
    }
    int wanted;
    int looks = 0;
};

struct Scene {
    void pass(std::int64_t ms) {
        now = now + Duration::milliseconds(ms);
        wheel.advance(now);
    }
    Instant now{1'000'000'000};
    base::TimerWheel wheel{now};
    Ticker ticker{wheel, now, Duration::milliseconds(50)};
};

}  // namespace

TEST_CASE("who is listed is looked at in every interval until it wants no more") {
    Scene scene;
    Watched brief(1);
    Watched longer(3);
    scene.ticker.add(brief);
    scene.ticker.add(longer);
    scene.ticker.add(longer);  // listed already
    scene.pass(49);
    CHECK(brief.looks == 0);
    scene.pass(2);
    CHECK(brief.looks == 1);
    CHECK(longer.looks == 1);
    for (int i = 0; i < 10; ++i) scene.pass(51);
    CHECK(brief.looks == 1);
    CHECK(longer.looks == 3);
}

TEST_CASE("no timer is armed while nobody is listed") {
    Scene scene;
    CHECK(scene.wheel.armed_count() == 0);
    {
        Watched gone(100);
        scene.ticker.add(gone);
        CHECK(scene.wheel.armed_count() == 1);
    }
    scene.pass(60);
    CHECK(scene.wheel.armed_count() == 0);
    Watched again(1);
    scene.ticker.add(again);
    scene.pass(60);
    CHECK(again.looks == 1);
    CHECK(scene.wheel.armed_count() == 0);
}
