#include "permits.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/base/random.h"

namespace ringway::control {
namespace {

using base::Duration;
using base::Instant;

std::vector<PermitAction> actions_of(PermitLedger& ledger) {
    std::vector<PermitAction> actions;
    ledger.take_actions([&](const PermitAction& action) { actions.push_back(action); });
    return actions;
}

TEST_CASE("what does not divide between shards stays in reserve") {
    PermitLedger ledger(4);
    const std::size_t pool = ledger.add_pool(10);
    CHECK(ledger.first_share(pool) == 2);
    CHECK(ledger.reserve(pool) == 2);
    CHECK(ledger.held(pool, 3) == 2);
}

TEST_CASE("fewer permits than shards are legal: all lie in reserve") {
    PermitLedger ledger(8);
    const std::size_t pool = ledger.add_pool(3);
    CHECK(ledger.first_share(pool) == 0);
    CHECK(ledger.reserve(pool) == 3);
    ledger.want(5, pool, 1, Instant{0});
    const auto actions = actions_of(ledger);
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].kind == PermitAction::Kind::grant);
    CHECK(actions[0].shard == 5);
    CHECK(actions[0].count == 1);
}

TEST_CASE("a wish beyond the reserve recalls from one shard after the other") {
    PermitLedger ledger(3);
    const std::size_t pool = ledger.add_pool(6);
    ledger.want(0, pool, 1, Instant{0});
    auto actions = actions_of(ledger);
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].kind == PermitAction::Kind::recall);
    CHECK(actions[0].count == 1);
    const std::size_t first = actions[0].shard;
    ledger.give_back(first, pool, 0, Instant{1});
    actions = actions_of(ledger);
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].kind == PermitAction::Kind::recall);
    CHECK(actions[0].shard == first + 1);
    ledger.give_back(first + 1, pool, 1, Instant{2});
    actions = actions_of(ledger);
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].kind == PermitAction::Kind::grant);
    CHECK(actions[0].shard == 0);
    CHECK(ledger.held(pool, 0) == 3);
    CHECK(ledger.next_due().is_never());
}

TEST_CASE("after a round in vain the next one follows within 10 ms") {
    PermitLedger ledger(2);
    const std::size_t pool = ledger.add_pool(2);
    Instant now{0};
    ledger.want(0, pool, 1, now);
    for (int i = 0; i < 2; ++i) {
        const auto actions = actions_of(ledger);
        REQUIRE(actions.size() == 1);
        ledger.give_back(actions[0].shard, pool, 0, now);
    }
    CHECK(actions_of(ledger).empty());
    CHECK(ledger.next_due() <= now + Duration::milliseconds(10));
    ledger.tick(ledger.next_due());
    CHECK(actions_of(ledger).size() == 1);
}

TEST_CASE("those who wait are served in the order they came") {
    PermitLedger ledger(3);
    const std::size_t pool = ledger.add_pool(3);
    ledger.want(2, pool, 1, Instant{0});
    ledger.want(1, pool, 1, Instant{0});
    std::vector<std::size_t> served;
    for (int i = 0; i < 10 && served.size() < 2; ++i) {
        for (const PermitAction& action : actions_of(ledger)) {
            if (action.kind == PermitAction::Kind::grant) {
                served.push_back(action.shard);
            } else {
                ledger.give_back(action.shard, pool, action.shard == 0 ? 1 : 0, Instant{i});
            }
        }
        ledger.give_back(0, pool, 0, Instant{i});
        if (i == 4) ledger.give_back(1, pool, 1, Instant{i});
        ledger.tick(Instant::never());
    }
    REQUIRE(!served.empty());
    CHECK(served[0] == 2);
}

TEST_CASE("shards without idle permits are not woken, but for a blind round now and then") {
    std::uint64_t used[2] = {1, 1};
    PermitLedger ledger(2, [&](std::size_t shard, std::size_t) { return used[shard]; });
    const std::size_t pool = ledger.add_pool(2);
    Instant now{0};
    ledger.want(0, pool, 1, now);
    int recalls = 0;
    for (int round = 0; round < 80; ++round) {
        for (const PermitAction& action : actions_of(ledger)) {
            ++recalls;
            ledger.give_back(action.shard, pool, 0, now);
        }
        now = now + Duration::milliseconds(5);
        ledger.tick(now);
    }
    CHECK(recalls >= 4);
    CHECK(recalls <= 80 / 4);
    used[1] = 0;
    for (int round = 0; round < 3; ++round) {
        for (const PermitAction& action : actions_of(ledger)) {
            if (action.kind == PermitAction::Kind::grant) continue;
            ledger.give_back(action.shard, pool, action.shard == 1 ? 1 : 0, now);
        }
        now = now + Duration::milliseconds(5);
        ledger.tick(now);
    }
    CHECK(ledger.held(pool, 0) == 2);
    CHECK_FALSE(ledger.anybody_waits());
}

TEST_CASE("the permits of a shard that ended serve the others") {
    PermitLedger ledger(2);
    const std::size_t pool = ledger.add_pool(4);
    ledger.want(0, pool, 2, Instant{0});
    (void)actions_of(ledger);
    ledger.shard_gone(1, Instant{1});
    CHECK(ledger.held(pool, 0) == 4);
    CHECK(ledger.held(pool, 1) == 0);
    ledger.give_back(1, pool, 1, Instant{2});  // a late answer changes nothing
    CHECK(ledger.reserve(pool) == 0);
}

TEST_CASE("a shard that asks anew waits for nothing once it got anything") {
    PermitLedger ledger(2);
    const std::size_t pool = ledger.add_pool(3, PermitLedger::Wants::anew);
    ledger.want(0, pool, 64, Instant{0});
    const auto actions = actions_of(ledger);
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].kind == PermitAction::Kind::grant);
    CHECK(actions[0].count == 1);
    CHECK_FALSE(ledger.anybody_waits());
}

TEST_CASE("a permit in use travels with its connection") {
    PermitLedger ledger(2);
    const std::size_t pool = ledger.add_pool(4);
    ledger.move_used(pool, 0, 1);
    CHECK(ledger.held(pool, 0) == 1);
    CHECK(ledger.held(pool, 1) == 3);
    ledger.give_back(1, pool, 3, Instant{0});
    CHECK(ledger.reserve(pool) == 3);
}

TEST_CASE("recalls grow while they are answered in full") {
    PermitLedger ledger(2);
    const std::size_t pool = ledger.add_pool(1000);
    std::vector<std::uint64_t> recalled;
    ledger.want(0, pool, 40, Instant{0});
    for (int i = 0; i < 20 && ledger.anybody_waits(); ++i) {
        for (const PermitAction& action : actions_of(ledger)) {
            if (action.kind == PermitAction::Kind::grant) continue;
            recalled.push_back(action.count);
            ledger.give_back(action.shard, pool, action.count, Instant{i});
        }
        ledger.tick(Instant::never());
    }
    REQUIRE(recalled.size() >= 4);
    CHECK(recalled[0] == 1);
    CHECK(recalled[1] == 2);
    CHECK(recalled[2] == 4);
    CHECK_FALSE(ledger.anybody_waits());
}

TEST_CASE("a pool without a limit grants nothing and asks nobody") {
    PermitLedger ledger(2);
    const std::size_t pool = ledger.add_pool(0);
    ledger.want(0, pool, 5, Instant{0});
    CHECK(actions_of(ledger).empty());
    CHECK_FALSE(ledger.anybody_waits());
}

// Shards as they behave: they use what they are granted, free it at random, and answer recalls with
// what is idle. The limit must hold at every instant and everybody must be served in the end.
struct FakeShard {
    std::uint64_t idle = 0;
    std::uint64_t used = 0;
    std::uint64_t wanted = 0;
};

void run_randomly(std::uint64_t seed) {
    CAPTURE(seed);
    base::Random random(seed);
    const std::size_t count = 1 + random.below(8);
    const std::uint64_t total = 1 + random.below(40);
    PermitLedger ledger(count);
    const std::size_t pool = ledger.add_pool(total);
    std::vector<FakeShard> shards(count);
    for (FakeShard& shard : shards) shard.idle = ledger.first_share(pool);
    Instant now{0};
    std::vector<PermitAction> in_flight;
    std::uint64_t granted = 0;
    for (int step = 0; step < 3000; ++step) {
        now = now + Duration::microseconds(static_cast<std::int64_t>(random.below(900)));
        const std::size_t at = random.below(count);
        FakeShard& shard = shards[at];
        if (random.chance(1, 2)) {
            if (shard.idle > 0) {
                --shard.idle;
                ++shard.used;
            } else if (shard.wanted == 0) {
                shard.wanted = 1 + random.below(3);
                ledger.want(at, pool, shard.wanted, now);
            }
        } else if (shard.used > 0) {
            --shard.used;
            ++shard.idle;
        }
        ledger.take_actions([&](const PermitAction& action) { in_flight.push_back(action); });
        if (!in_flight.empty() && random.chance(2, 3)) {
            const PermitAction action = in_flight.front();
            in_flight.erase(in_flight.begin());
            FakeShard& target = shards[action.shard];
            if (action.kind == PermitAction::Kind::grant) {
                target.idle += action.count;
                target.wanted -= std::min(target.wanted, action.count);
                granted += action.count;
            } else {
                const std::uint64_t back = std::min(target.idle, action.count);
                target.idle -= back;
                ledger.give_back(action.shard, pool, back, now);
            }
        }
        if (ledger.next_due() <= now) ledger.tick(now);
        std::uint64_t all_used = 0;
        for (const FakeShard& each : shards) all_used += each.used;
        REQUIRE(all_used <= total);
    }
    CHECK((granted > 0 || count == 1));
    // Everything is freed: whoever still waits is served within a few rounds.
    for (FakeShard& shard : shards) shard.idle += std::exchange(shard.used, 0);
    ledger.take_actions([&](const PermitAction& action) { in_flight.push_back(action); });
    for (int step = 0; step < 2000 && (ledger.anybody_waits() || !in_flight.empty()); ++step) {
        now = now + Duration::milliseconds(1);
        ledger.tick(now);
        ledger.take_actions([&](const PermitAction& action) { in_flight.push_back(action); });
        std::vector<PermitAction> arriving;
        arriving.swap(in_flight);
        for (const PermitAction& action : arriving) {
            FakeShard& target = shards[action.shard];
            if (action.kind == PermitAction::Kind::grant) {
                target.idle += action.count;
                continue;
            }
            const std::uint64_t back = std::min(target.idle, action.count);
            target.idle -= back;
            ledger.give_back(action.shard, pool, back, now);
        }
        ledger.take_actions([&](const PermitAction& action) { in_flight.push_back(action); });
    }
    CHECK_FALSE(ledger.anybody_waits());
    std::uint64_t found = ledger.reserve(pool);
    for (const FakeShard& shard : shards) found += shard.idle;
    CHECK(found == total);
}

TEST_CASE("random runs keep every permit and serve everybody") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) run_randomly(seed);
}

}  // namespace
}  // namespace ringway::control
