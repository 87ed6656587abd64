#include "ringway/base/slab.h"

#include <map>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "death.h"
#include "ringway/base/random.h"

using namespace ringway::base;
using ringway::test::death_of;

namespace {

struct Thing {
    explicit Thing(int number, int* alive) : value(number), alive_(alive) { ++*alive_; }
    ~Thing() { --*alive_; }
    Thing(const Thing&) = delete;
    Thing& operator=(const Thing&) = delete;
    int value;

  private:
    int* alive_;
};

struct alignas(64) Wide {
    char bytes[200];
};

}  // namespace

TEST_CASE("a slab gives as many slots as it was made for, and then none") {
    int alive = 0;
    Slab<Thing> slab(3);
    CHECK(slab.slots_max() == 3);
    std::vector<Thing*> things;
    for (int i = 0; i < 3; ++i) things.push_back(slab.emplace(i, &alive));
    for (Thing* thing : things) REQUIRE(thing != nullptr);
    CHECK(slab.emplace(4, &alive) == nullptr);
    CHECK(alive == 3);
    CHECK(slab.in_use() == 3);
    slab.release(things[1]);
    CHECK(alive == 2);
    Thing* again = slab.emplace(5, &alive);
    CHECK(again == things[1]);
    things[1] = again;
    for (Thing* thing : things) slab.release(thing);
    CHECK(alive == 0);
    CHECK(slab.in_use() == 0);
}

TEST_CASE("the slot that was freed last is used first") {
    int alive = 0;
    Slab<Thing> slab(8);
    std::vector<Thing*> things;
    for (int i = 0; i < 4; ++i) things.push_back(slab.emplace(i, &alive));
    slab.release(things[0]);
    slab.release(things[2]);
    slab.release(things[1]);
    CHECK(slab.emplace(0, &alive) == things[1]);
    CHECK(slab.emplace(0, &alive) == things[2]);
    CHECK(slab.emplace(0, &alive) == things[0]);
    for (Thing* thing : things) slab.release(thing);
}

TEST_CASE("a handle finds its object until it is released, and nothing afterwards") {
    int alive = 0;
    Slab<Thing> slab(2);
    Thing* thing = slab.emplace(1, &alive);
    const Handle handle = slab.handle_of(thing);
    CHECK(slab.find(handle) == thing);
    CHECK(slab.find(Handle{}) == nullptr);
    CHECK(slab.find(Handle{1, 1}) == nullptr);  // never used
    slab.release(thing);
    CHECK(slab.find(handle) == nullptr);
    // A stale generation of an empty slot must not be guessed either.
    CHECK(slab.find(Handle{handle.index, handle.generation + 1}) == nullptr);
    Thing* next = slab.emplace(2, &alive);
    REQUIRE(next == thing);
    CHECK(slab.find(handle) == nullptr);
    CHECK(slab.find(slab.handle_of(next)) == next);
    CHECK(slab.handle_of(next) != handle);
    slab.release(next);
}

TEST_CASE("slots are aligned for what lives in them") {
    Slab<Wide> slab(5);
    std::vector<Wide*> wides;
    for (int i = 0; i < 5; ++i) {
        wides.push_back(slab.emplace());
        CHECK(reinterpret_cast<std::uintptr_t>(wides.back()) % alignof(Wide) == 0);
    }
    for (Wide* wide : wides) slab.release(wide);
}

TEST_CASE("visiting shows live objects alone") {
    int alive = 0;
    Slab<Thing> slab(10);
    std::vector<Thing*> things;
    for (int i = 0; i < 6; ++i) things.push_back(slab.emplace(i, &alive));
    slab.release(things[2]);
    slab.release(things[5]);
    std::vector<int> seen;
    slab.for_each([&](Thing& thing) { seen.push_back(thing.value); });
    CHECK(seen == std::vector<int>{0, 1, 3, 4});
    for (const std::size_t i : {0u, 1u, 3u, 4u}) slab.release(things[i]);
}

TEST_CASE("releasing twice, a foreign pointer or leaving objects behind are caught") {
    CHECK(death_of([] {
              int alive = 0;
              Slab<Thing> slab(2);
              Thing* thing = slab.emplace(1, &alive);
              slab.release(thing);
              slab.release(thing);
          }).aborted);
    CHECK(death_of([] {
              int alive = 0;
              Slab<Thing> slab(2);
              slab.emplace(1, &alive);
              Thing outside(2, &alive);
              slab.release(&outside);
          }).aborted);
    CHECK(death_of([] {
              int alive = 0;
              Slab<Thing> slab(2);
              slab.emplace(1, &alive);
          }).aborted);
}

TEST_CASE("an empty slab has no slot and no trouble") {
    Slab<int> slab(0);
    CHECK(slab.emplace(1) == nullptr);
    CHECK(slab.find(Handle{0, 1}) == nullptr);
}

TEST_CASE("over a random life every handle tells the truth") {
    int alive = 0;
    Random random(5);
    Slab<Thing> slab(40);
    std::vector<std::pair<Thing*, Handle>> live;
    std::vector<Handle> dead;
    for (int step = 0; step < 20'000; ++step) {
        if (live.empty() || random.chance(1, 2)) {
            Thing* thing = slab.emplace(step, &alive);
            REQUIRE((thing == nullptr) == (live.size() == 40));
            if (thing != nullptr) live.push_back({thing, slab.handle_of(thing)});
        } else {
            const auto which = static_cast<std::size_t>(random.below(live.size()));
            slab.release(live[which].first);
            dead.push_back(live[which].second);
            live[which] = live.back();
            live.pop_back();
        }
        REQUIRE(slab.in_use() == live.size());
        if (step % 500 != 0) continue;
        for (const auto& [thing, handle] : live) REQUIRE(slab.find(handle) == thing);
        for (const Handle& handle : dead) REQUIRE(slab.find(handle) == nullptr);
    }
    for (const auto& [thing, handle] : live) slab.release(thing);
    CHECK(alive == 0);
}
