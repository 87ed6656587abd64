#include "ringway/base/random.h"

#include <array>

#include <doctest/doctest.h>

using ringway::base::Random;

TEST_CASE("the same seed gives the same numbers, another seed others") {
    Random a(42), b(42), c(43);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const auto value = a.next();
        CHECK(value == b.next());
        differs = differs || value != c.next();
    }
    CHECK(differs);
}

TEST_CASE("the generator is SplitMix64") {
    // The published reference output for seed 1234567.
    Random random(1234567);
    CHECK(random.next() == 6457827717110365317u);
    CHECK(random.next() == 3203168211198807973u);
    CHECK(random.next() == 9817491932198370423u);
}

TEST_CASE("below() stays within its bound, for small and for the largest bounds") {
    Random random(7);
    for (const std::uint64_t bound :
         {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1000},
          std::uint64_t{1} << 32, (std::uint64_t{1} << 63) + 1, ~std::uint64_t{0}}) {
        for (int i = 0; i < 2000; ++i) REQUIRE(random.below(bound) < bound);
    }
    for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
}

TEST_CASE("below() reaches every value about equally often") {
    Random random(9);
    std::array<int, 10> counts{};
    for (int i = 0; i < 100'000; ++i) ++counts[random.below(counts.size())];
    for (const int count : counts) {
        CHECK(count > 9'500);
        CHECK(count < 10'500);
    }
}

TEST_CASE("chance() is never for nothing and always for everything") {
    Random random(3);
    int hits = 0;
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE_FALSE(random.chance(0, 5));
        REQUIRE(random.chance(5, 5));
        hits += random.chance(1, 4) ? 1 : 0;
    }
    CHECK(hits > 2'250);
    CHECK(hits < 2'750);
}
