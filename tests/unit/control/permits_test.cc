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

constexpr PermitPool pool{PermitKind::endpoint, 3};

std::vector<PermitAction> actions_of(PermitLedger& ledger) {
    std::vector<PermitAction> actions;
    ledger.take_actions([&](const PermitAction& action) { actions.push_back(action); });
    return actions;
}

TEST_CASE("what does not divide between shards stays in reserve") {
    PermitLedger ledger(4);
    ledger.add_pool(pool, 10);
    CHECK(ledger.first_share(pool) == 2);
    CHECK(ledger.reserve(pool) == 2);
    CHECK(ledger.held(pool, 3) == 2);
}

TEST_CASE("fewer permits than shards are legal: all lie in reserve") {
    PermitLedger ledger(8);
    ledger.add_pool(pool, 3);
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
    ledger.add_pool(pool, 6);
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
    ledger.add_pool(pool, 2);
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
    ledger.add_pool(pool, 3);
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
    PermitLedger ledger(2, [&](std::size_t shard, PermitPool) { return used[shard]; });
    ledger.add_pool(pool, 2);
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
    ledger.add_pool(pool, 4);
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
    ledger.add_pool(pool, 3, PermitLedger::Wants::anew);
    ledger.want(0, pool, 64, Instant{0});
    const auto actions = actions_of(ledger);
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].kind == PermitAction::Kind::grant);
    CHECK(actions[0].count == 1);
    CHECK_FALSE(ledger.anybody_waits());
}

TEST_CASE("a permit in use travels with its connection") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 4);
    ledger.move_used(pool, 0, 1);
    CHECK(ledger.held(pool, 0) == 1);
    CHECK(ledger.held(pool, 1) == 3);
    ledger.give_back(1, pool, 3, Instant{0});
    CHECK(ledger.reserve(pool) == 3);
}

TEST_CASE("recalls grow while they are answered in full") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 1000);
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
    ledger.add_pool(pool, 0);
    ledger.want(0, pool, 5, Instant{0});
    CHECK(actions_of(ledger).empty());
    CHECK_FALSE(ledger.anybody_waits());
}

TEST_CASE("a higher total serves who waits at once") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 2);
    ledger.want(0, pool, 2, Instant{0});
    for (const PermitAction& action : actions_of(ledger)) {
        CHECK(action.kind == PermitAction::Kind::recall);
        ledger.give_back(action.shard, pool, 0, Instant{0});
    }
    (void)actions_of(ledger);
    CHECK_FALSE(ledger.set_total(pool, 6, Instant{1}));
    const auto actions = actions_of(ledger);
    REQUIRE_FALSE(actions.empty());
    std::uint64_t granted = 0;
    for (const PermitAction& action : actions) {
        CHECK(action.kind == PermitAction::Kind::grant);
        CHECK(action.shard == 0);
        granted += action.count;
    }
    CHECK(granted == 2);
    CHECK(ledger.reserve(pool) == 2);
    CHECK(ledger.total(pool) == 6);
}

TEST_CASE("a lower total takes the reserve now and asks every shard for the rest") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 11);  // 5 each, 1 in reserve
    CHECK_FALSE(ledger.set_total(pool, 7, Instant{0}));
    CHECK(ledger.reserve(pool) == 0);
    CHECK(ledger.excess(pool) == 3);
    const auto actions = actions_of(ledger);
    REQUIRE(actions.size() == 2);
    for (const PermitAction& action : actions) {
        CHECK(action.kind == PermitAction::Kind::recall);
        CHECK(action.count == 3);
    }
    // Shard 0 has all of its permits in use, shard 1 none: what is idle goes, wherever it is.
    ledger.give_back(0, pool, 0, Instant{1});
    CHECK(ledger.excess(pool) == 3);
    ledger.give_back(1, pool, 3, Instant{2});
    CHECK(ledger.excess(pool) == 0);
    CHECK(ledger.held(pool, 0) == 5);
    CHECK(ledger.held(pool, 1) == 2);
    // What shard 0 owed comes back later and serves others.
    ledger.give_back(0, pool, 3, Instant{3});
    CHECK(ledger.reserve(pool) == 3);
}

TEST_CASE("nobody is granted a permit that is too many") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 4);
    CHECK_FALSE(ledger.set_total(pool, 1, Instant{0}));
    ledger.want(0, pool, 1, Instant{0});
    (void)actions_of(ledger);
    ledger.give_back(1, pool, 2, Instant{1});
    for (const PermitAction& action : actions_of(ledger)) {
        CHECK(action.kind == PermitAction::Kind::recall);
    }
    CHECK(ledger.excess(pool) == 1);
    // Raised again before it was reached: no permit beyond the total is left to take away.
    CHECK_FALSE(ledger.set_total(pool, 3, Instant{2}));
    CHECK(ledger.excess(pool) == 0);
    CHECK(ledger.reserve(pool) + ledger.held(pool, 0) + ledger.held(pool, 1) == 3);
}

TEST_CASE("a limit that is new deals first shares, and one that is lifted forgets them") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 0);
    CHECK(ledger.set_total(pool, 5, Instant{0}));
    CHECK(ledger.first_share(pool) == 2);
    CHECK(ledger.held(pool, 0) == 2);
    CHECK(ledger.reserve(pool) == 1);
    ledger.want(0, pool, 4, Instant{0});
    (void)actions_of(ledger);
    CHECK(ledger.anybody_waits());
    CHECK_FALSE(ledger.set_total(pool, 0, Instant{1}));
    CHECK_FALSE(ledger.anybody_waits());
    CHECK(ledger.next_due().is_never());
    // Said before the shard heard of it.
    ledger.give_back(1, pool, 2, Instant{2});
    ledger.want(0, pool, 1, Instant{2});
    CHECK(actions_of(ledger).empty());
    CHECK(ledger.reserve(pool) == 0);
}

TEST_CASE("a pool that comes after a shard has ended gives it nothing") {
    PermitLedger ledger(2);
    ledger.add_pool(pool, 2);
    ledger.shard_gone(1, Instant{0});
    constexpr PermitPool other{PermitKind::route_requests, 0};
    ledger.add_pool(other, 4);
    CHECK(ledger.held(other, 0) == 2);
    CHECK(ledger.held(other, 1) == 0);
    CHECK(ledger.reserve(other) == 2);
    CHECK(ledger.has_pool(other));
    CHECK_FALSE(ledger.has_pool({PermitKind::route_requests, 1}));
    CHECK_FALSE(ledger.has_pool({PermitKind::pool, 0}));
}

// Shards as they behave: they use what they are granted, free it at random, and answer recalls with
// what is idle, and with the rest when it is freed. The limit changes now and then. It must hold at
// every instant, and everybody must be served in the end.
struct FakeShard {
    std::uint64_t idle = 0;
    std::uint64_t used = 0;
    std::uint64_t owed = 0;
    std::uint64_t wanted = 0;
};

class RandomRun {
  public:
    explicit RandomRun(std::uint64_t seed)
        : random_(seed),
          shards_(1 + random_.below(8)),
          ceiling_(1 + random_.below(40)),
          ledger_(shards_.size()),
          pool_{PermitKind::pool, 0} {
        ledger_.add_pool(pool_, ceiling_);
        for (FakeShard& shard : shards_) shard.idle = ledger_.first_share(pool_);
    }

    // Somebody connects or ends; messages arrive late.
    void step() {
        now_ = now_ + Duration::microseconds(static_cast<std::int64_t>(random_.below(900)));
        const std::size_t at = random_.below(shards_.size());
        FakeShard& shard = shards_[at];
        if (random_.chance(1, 2)) {
            connect(at);
        } else if (shard.used > 0) {
            free_one(at);
        }
        if (random_.chance(1, 200)) change_total(1 + random_.below(40));
        collect();
        if (!in_flight_.empty() && random_.chance(2, 3)) {
            const PermitAction action = in_flight_.front();
            in_flight_.erase(in_flight_.begin());
            arrive(action);
        }
        if (ledger_.next_due() <= now_) ledger_.tick(now_);
    }

    // Everything is freed: whoever still waits is to be served within a few rounds.
    void settle() {
        for (std::size_t at = 0; at < shards_.size(); ++at) {
            while (shards_[at].used > 0) free_one(at);
        }
        collect();
        for (int i = 0; i < 2000 && (ledger_.anybody_waits() || !in_flight_.empty()); ++i) {
            now_ = now_ + Duration::milliseconds(1);
            ledger_.tick(now_);
            collect();
            std::vector<PermitAction> arriving;
            arriving.swap(in_flight_);
            for (const PermitAction& action : arriving) arrive(action);
            collect();
        }
    }

    std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const FakeShard& shard : shards_) sum += shard.used;
        return sum;
    }
    std::uint64_t idle_and_reserve() const {
        std::uint64_t sum = ledger_.reserve(pool_);
        for (const FakeShard& shard : shards_) sum += shard.idle;
        return sum;
    }
    std::uint64_t total() const { return ledger_.total(pool_); }
    // The largest total that what is in use may still stem from.
    std::uint64_t ceiling() {
        if (ledger_.excess(pool_) == 0) ceiling_ = total();
        return ceiling_;
    }
    bool anybody_waits() const { return ledger_.anybody_waits(); }

  private:
    void change_total(std::uint64_t total) {
        ceiling_ = std::max(ceiling(), total);
        CHECK_FALSE(ledger_.set_total(pool_, total, now_));
    }
    void free_one(std::size_t at) {
        FakeShard& shard = shards_[at];
        --shard.used;
        if (shard.owed == 0) {
            ++shard.idle;
            return;
        }
        --shard.owed;
        ledger_.give_back(at, pool_, 1, now_);
    }
    void connect(std::size_t at) {
        FakeShard& shard = shards_[at];
        if (shard.idle > 0) {
            --shard.idle;
            ++shard.used;
        } else if (shard.wanted == 0) {
            shard.wanted = 1 + random_.below(3);
            ledger_.want(at, pool_, shard.wanted, now_);
        }
    }
    void collect() {
        ledger_.take_actions([this](const PermitAction& action) { in_flight_.push_back(action); });
    }
    void arrive(const PermitAction& action) {
        FakeShard& target = shards_[action.shard];
        if (action.kind == PermitAction::Kind::grant) {
            target.idle += action.count;
            target.wanted -= std::min(target.wanted, action.count);
            return;
        }
        const std::uint64_t back = std::min(target.idle, action.count);
        target.idle -= back;
        target.owed = std::max(target.owed, std::min(action.count - back, target.used));
        ledger_.give_back(action.shard, pool_, back, now_);
    }

    base::Random random_;
    std::vector<FakeShard> shards_;
    std::uint64_t ceiling_;
    PermitLedger ledger_;
    PermitPool pool_;
    std::vector<PermitAction> in_flight_;
    Instant now_{0};
};

TEST_CASE("random runs keep every permit and serve everybody") {
    std::uint64_t most_used = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        RandomRun run(seed);
        for (int i = 0; i < 3000; ++i) {
            run.step();
            REQUIRE(run.used() <= run.ceiling());
            most_used = std::max(most_used, run.used());
        }
        run.settle();
        CHECK_FALSE(run.anybody_waits());
        CHECK(run.idle_and_reserve() == run.total());
    }
    CHECK(most_used > 10);
}

}  // namespace
}  // namespace ringway::control
