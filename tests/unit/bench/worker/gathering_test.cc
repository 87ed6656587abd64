#include "worker/gathering.h"

#include <doctest/doctest.h>

using namespace ringway;
using bench::Gathering;

namespace {

// Runs `periods`, in which the rate is what `rate_of(gathered)` says, per second.
template <typename RateOf>
unsigned settle(Gathering& gathering, unsigned periods, std::size_t under_way, RateOf rate_of) {
    unsigned gathered = 1;
    for (unsigned i = 0; i < periods; ++i) {
        const double answered = rate_of(gathered) * Gathering::period.to_seconds();
        gathered =
            gathering.next(Gathering::period, static_cast<std::uint64_t>(answered), under_way);
    }
    return gathering.settled();
}

}  // namespace

TEST_CASE("where gathering costs no rate it grows to a quarter of what is under way") {
    Gathering gathering;
    CHECK(settle(gathering, 200, 64, [](unsigned) { return 140'000.0; }) == 16);
}

TEST_CASE("where every wait is missed it stays at one answer") {
    Gathering gathering;
    // As a few connections to a target with a latency of its own see it.
    const auto rate = [](unsigned gathered) { return 100'000.0 / (1 + 0.1 * (gathered - 1)); };
    CHECK(settle(gathering, 500, 64, rate) == 1);
}

TEST_CASE("it lets go again when the target changes") {
    Gathering gathering;
    REQUIRE(settle(gathering, 200, 256, [](unsigned) { return 200'000.0; }) > 8);
    const auto rate = [](unsigned gathered) { return 200'000.0 / (1 + 0.1 * (gathered - 1)); };
    CHECK(settle(gathering, 500, 256, rate) == 1);
}

TEST_CASE("answers that come one by one are never waited for together") {
    Gathering gathering;
    CHECK(settle(gathering, 200, 1000, [](unsigned) { return 2000.0; }) == 1);
    CHECK(settle(gathering, 200, 3, [](unsigned) { return 200'000.0; }) == 1);
    CHECK(settle(gathering, 20, 64, [](unsigned) { return 0.0; }) == 1);
}
