#include "ringway/upstream/balancer.h"

#include <cmath>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "fixture.h"

using namespace ringway::upstream;
using ringway::config::Balance;
using ringway::net::Address;

namespace {

Address client_number(unsigned number) {
    return *Address::parse("10." + std::to_string(number >> 16 & 255) + "." +
                               std::to_string(number >> 8 & 255) + "." +
                               std::to_string(number & 255),
                           1000);
}

int by_hash(Fixture& fixture, const Address& client, TriedSet tried = 0) {
    const Pick pick = fixture.set->choose(0, tried, client, at_ms(0));
    return pick.endpoint == nullptr ? -1 : static_cast<int>(pick.endpoint->flat_index);
}

}  // namespace

TEST_CASE("round robin gives each endpoint its weight in every cycle, well spread") {
    Fixture fixture(Plans{{5}, {1}, {1}});
    std::vector<int> order;
    for (int i = 0; i < 7; ++i) order.push_back(fixture.take());
    CHECK(order == std::vector<int>{0, 0, 1, 0, 2, 0, 0});
    for (int cycle = 0; cycle < 100; ++cycle) {
        std::vector<int> counts(3);
        for (int i = 0; i < 7; ++i) ++counts[static_cast<std::size_t>(fixture.take())];
        REQUIRE(counts == std::vector<int>{5, 1, 1});
    }
}

TEST_CASE("round robin starts elsewhere on every shard") {
    std::vector<int> first;
    for (std::uint32_t shard = 0; shard < 4; ++shard) {
        Fixture fixture(Plans{{1}, {1}, {1}, {1}}, Balance::round_robin, {}, shard);
        first.push_back(fixture.take());
    }
    CHECK(first == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("round robin leaves out who cannot serve and takes it back in") {
    Fixture fixture(Plans{{1}, {1}, {1}});
    fixture.set->set_admin_state(1, AdminState::drain);
    for (int i = 0; i < 10; ++i) CHECK(fixture.take() != 1);
    fixture.set->set_admin_state(1, AdminState::ready);
    std::vector<int> counts(3);
    for (int i = 0; i < 30; ++i) ++counts[static_cast<std::size_t>(fixture.take())];
    CHECK(counts == std::vector<int>{10, 10, 10});
}

TEST_CASE("least connections follows active connections per weight, ties in turn") {
    Fixture fixture(Plans{{1}, {1}, {2}}, Balance::least_connections);
    std::vector<int> counts(3);
    for (int i = 0; i < 8; ++i) ++counts[static_cast<std::size_t>(fixture.take())];
    CHECK(counts == std::vector<int>{2, 2, 4});
    // Two connections of endpoint 1 end: it takes the next two.
    fixture.set->disconnected(fixture.endpoint(1));
    fixture.set->disconnected(fixture.endpoint(1));
    CHECK(fixture.take() == 1);
    CHECK(fixture.take() == 1);

    // With everything else equal, nobody is preferred.
    Fixture idle(Plans{{1}, {1}, {1}}, Balance::least_connections);
    std::vector<int> turns(3);
    for (int i = 0; i < 30; ++i) {
        const Pick pick = idle.choose();
        ++turns[pick.endpoint->flat_index];
        idle.set->connect_abandoned(*pick.endpoint);
    }
    CHECK(turns == std::vector<int>{10, 10, 10});
}

TEST_CASE("power of two choices spreads by weight and avoids the loaded") {
    Fixture fixture(Plans{{1}, {1}, {1}, {1}}, Balance::p2c);
    for (int i = 0; i < 4000; ++i) REQUIRE(fixture.take() >= 0);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(fixture.endpoint(i).active > 985);
        CHECK(fixture.endpoint(i).active < 1015);
    }
    Fixture weighted(Plans{{1}, {3}}, Balance::p2c);
    for (int i = 0; i < 4000; ++i) REQUIRE(weighted.take() >= 0);
    CHECK(weighted.endpoint(1).active > 2950);
    CHECK(weighted.endpoint(1).active < 3050);
    // Between two, the one with fewer per weight always wins.
    Fixture two(Plans{{1}, {1}}, Balance::p2c);
    two.endpoint(0).active = 5;
    for (int i = 0; i < 5; ++i) CHECK(two.take() == 1);
    // One alone is taken, and nobody at all is no crash.
    Fixture one(Plans{{1}}, Balance::p2c);
    CHECK(one.take() == 0);
    CHECK(one.take(1) == -1);
}

TEST_CASE("hash:client keeps a client's host at its endpoint, whatever its port") {
    Fixture fixture(Plans{{1}, {1}, {1}}, Balance::hash_client);
    for (unsigned i = 0; i < 50; ++i) {
        Address client = client_number(i);
        const int home = by_hash(fixture, client);
        client.set_port(static_cast<std::uint16_t>(2000 + i));
        CHECK(by_hash(fixture, client) == home);
    }
}

TEST_CASE("hash:client balances by weight") {
    constexpr unsigned clients = 40'000;
    Fixture fixture(Plans{{1}, {2}, {1}}, Balance::hash_client);
    std::vector<double> counts(3);
    for (unsigned i = 0; i < clients; ++i) {
        counts[static_cast<std::size_t>(by_hash(fixture, client_number(i)))] += 1;
    }
    // Five standard deviations of a binomial draw.
    CHECK(std::abs(counts[0] - clients / 4.0) < 5 * std::sqrt(clients * 0.25 * 0.75));
    CHECK(std::abs(counts[1] - clients / 2.0) < 5 * std::sqrt(clients * 0.25));
}

TEST_CASE("hash:client moves only the clients of a lost endpoint, and back again") {
    Fixture fixture(Plans{{1}, {1}, {1}, {1}}, Balance::hash_client);
    std::map<unsigned, int> home;
    for (unsigned i = 0; i < 2000; ++i) home[i] = by_hash(fixture, client_number(i));
    fixture.set->set_healthy(2, false);
    std::map<int, int> moved_to;
    for (unsigned i = 0; i < 2000; ++i) {
        const int now = by_hash(fixture, client_number(i));
        if (home[i] == 2) {
            ++moved_to[now];
        } else {
            REQUIRE(now == home[i]);
        }
        // A failed connect moves a client the same way as a lost endpoint does.
        if (home[i] == 2) continue;
        const int next = by_hash(fixture, client_number(i), TriedSet{1} << home[i]);
        CHECK(next != home[i]);
    }
    CHECK(moved_to.size() == 3);  // shared out over the others
    fixture.set->set_healthy(2, true);
    for (unsigned i = 0; i < 2000; ++i) REQUIRE(by_hash(fixture, client_number(i)) == home[i]);
}

TEST_CASE("hash:client goes by endpoint names, not by their order") {
    auto straight = make_upstream({{1}, {1}, {1}}, Balance::hash_client);
    auto turned = straight;
    std::swap(turned.endpoints[0], turned.endpoints[2]);
    Fixture one(Fixture::with({straight}));
    Fixture other(Fixture::with({turned}));
    for (unsigned i = 0; i < 200; ++i) {
        CHECK(by_hash(one, client_number(i)) == 2 - by_hash(other, client_number(i)));
    }
}

TEST_CASE("backups serve only when no primary can") {
    for (const Balance balance :
         {Balance::round_robin, Balance::least_connections, Balance::p2c, Balance::hash_client}) {
        Fixture fixture(Plans{{1}, {1}, {1, 0, true}, {1, 0, true}}, balance);
        for (int i = 0; i < 20; ++i) CHECK(fixture.take() < 2);
        fixture.set->set_admin_state(0, AdminState::down);
        for (int i = 0; i < 20; ++i) CHECK(fixture.take() == 1);
        fixture.set->set_healthy(1, false);
        for (int i = 0; i < 20; ++i) CHECK(fixture.take() >= 2);
        fixture.set->set_healthy(1, true);
        CHECK(fixture.take() == 1);
        CHECK(fixture.take(0b0010) >= 2);  // the last primary was tried
        CHECK(fixture.take(0b1110) == -1);
    }
}

TEST_CASE("what takes no connection") {
    Fixture fixture(Plans{{0}, {1}, {1}, {1}});
    fixture.set->set_admin_state(1, AdminState::down);
    fixture.set->set_healthy(2, false);
    fixture.set->set_addresses(3, {});
    CHECK(fixture.take() == -1);
    CHECK_FALSE(is_usable(fixture.endpoint(0)));
    CHECK_FALSE(is_usable(fixture.endpoint(1)));
    CHECK_FALSE(is_usable(fixture.endpoint(2)));
    CHECK_FALSE(is_usable(fixture.endpoint(3)));
    fixture.set->set_addresses(3, {*Address::parse("10.0.0.9", 80)});
    CHECK(fixture.take() == 3);
    Fixture all_zero(Plans{{0}, {0}}, Balance::p2c, {}, 3);
    CHECK(all_zero.take() == -1);
}

TEST_CASE("sixty-four endpoints are the most and all of them are used") {
    Fixture fixture(std::vector<EndpointPlan>(64, EndpointPlan{}));
    for (int i = 0; i < 128; ++i) CHECK(fixture.take() == i % 64);
    CHECK(fixture.take(~TriedSet{0}) == -1);
    CHECK(fixture.take(~(TriedSet{1} << 63)) == 63);
}

TEST_CASE("a limit without a permit is waited for, and no backup steps in") {
    Fixture fixture(Plans{{1, 2}, {1, 1}, {1, 0, true}}, Balance::round_robin, {2, 1, 0});
    CHECK(fixture.take() == 0);
    CHECK(fixture.take() == 1);
    CHECK(fixture.take() == 0);
    const Pick pick = fixture.choose();
    CHECK(pick.choice == Choice::at_limit);
    CHECK(pick.endpoint != nullptr);
    CHECK(fixture.take(0b011) == 2);
    fixture.set->disconnected(fixture.endpoint(1));
    CHECK(fixture.take() == 1);
    CHECK(fixture.take() == -2);
    fixture.set->set_admin_state(0, AdminState::down);
    fixture.set->set_admin_state(1, AdminState::down);
    CHECK(fixture.take() == 2);
}
