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

// ---- for requests of HTTP upstreams -----------------------------------------------------------

namespace {

// The slot that takes a request which stays in flight.
std::size_t request(Fixture& fixture, Balance balance, const RequestKey& key,
                    ringway::base::Random& random, std::int64_t ms = 0) {
    const Members all = fixture.set->endpoints_of(0);
    const std::uint64_t mask = (std::uint64_t{1} << all.size()) - 1;
    Endpoint& chosen = pick_for_request(all, mask, balance, key, at_ms(ms), random);
    ++chosen.requests_active;
    return chosen.flat_index;
}

void finish_all(Fixture& fixture) {
    for (Endpoint* each : fixture.set->endpoints_of(0)) each->requests_active = 0;
}

}  // namespace

TEST_CASE("least requests follows requests in flight per weight, not connections") {
    Fixture fixture(Plans{{1}, {3}});
    ringway::base::Random random(1);
    fixture.endpoint(1).active = 1000;
    std::vector<int> counts(2);
    for (int i = 0; i < 40; ++i) ++counts[request(fixture, Balance::least_requests, {}, random)];
    CHECK(counts == std::vector<int>{10, 30});
    // Whoever answers faster is asked more often.
    fixture.endpoint(0).requests_active = 4;
    for (int i = 0; i < 6; ++i) CHECK(request(fixture, Balance::least_requests, {}, random) == 0);
}

TEST_CASE("p2c prefers the endpoint that answers sooner, and spreads when it has much to do") {
    Fixture fixture(Plans{{1}, {1}});
    ringway::base::Random random(1);
    note_latency(fixture.endpoint(0), ringway::base::Duration::milliseconds(40), at_ms(0));
    note_latency(fixture.endpoint(1), ringway::base::Duration::milliseconds(10), at_ms(0));
    for (int i = 0; i < 3; ++i) CHECK(request(fixture, Balance::p2c, {}, random) == 1);
    // 10 ms times 4 is no better than 40 ms: from here on one in five goes to the slow one.
    std::vector<int> counts(2);
    for (int i = 0; i < 100; ++i) ++counts[request(fixture, Balance::p2c, {}, random)];
    CHECK(counts[0] >= 19);
    CHECK(counts[0] <= 22);
    finish_all(fixture);
    // The average fades while nobody asks, and the endpoint gets another chance.
    note_latency(fixture.endpoint(1), ringway::base::Duration::milliseconds(10), at_ms(30'000));
    CHECK(request(fixture, Balance::p2c, {}, random, 30'000) == 0);
    note_latency(fixture.endpoint(0), ringway::base::Duration::milliseconds(40), at_ms(30'000));
    finish_all(fixture);
    CHECK(request(fixture, Balance::p2c, {}, random, 30'001) == 1);
}

TEST_CASE("the moving average follows what is measured") {
    Fixture fixture(Plans{{1}});
    Endpoint& endpoint = fixture.endpoint(0);
    std::int64_t now = 0;
    for (int i = 0; i < 1000; ++i) {
        note_latency(endpoint, ringway::base::Duration::milliseconds(10), at_ms(now += 100));
    }
    CHECK(endpoint.latency_ns == doctest::Approx(10e6));
    for (int i = 0; i < 100; ++i) {
        note_latency(endpoint, ringway::base::Duration::milliseconds(50), at_ms(now += 100));
    }
    // Ten seconds later, 1 - 1/e of the way.
    CHECK(endpoint.latency_ns == doctest::Approx(10e6 + 40e6 * 0.632).epsilon(0.01));
}

TEST_CASE("an endpoint that has not answered yet is tried, and not buried") {
    Fixture fixture(Plans{{1}, {1}});
    ringway::base::Random random(1);
    note_latency(fixture.endpoint(0), ringway::base::Duration::milliseconds(10), at_ms(0));
    CHECK(request(fixture, Balance::p2c, {}, random) == 1);
    for (int i = 0; i < 50; ++i) CHECK(request(fixture, Balance::p2c, {}, random) == 0);
}

TEST_CASE("a key stays with its endpoint until that has more than its share to do") {
    Fixture fixture(Plans{{1}, {1}, {1}, {1}});
    ringway::base::Random random(1);
    const auto keyed = [](const std::string& text) {
        RequestKey key;
        key.has_hash = true;
        key.hash = hash_of_key(text);
        return key;
    };
    // One at a time, every key goes where it went before, and the keys are spread.
    std::vector<int> counts(4);
    for (int i = 0; i < 1000; ++i) {
        const RequestKey key = keyed("user" + std::to_string(i));
        const std::size_t slot = request(fixture, Balance::hash_header, key, random);
        finish_all(fixture);
        CHECK(request(fixture, Balance::hash_header, key, random) == slot);
        finish_all(fixture);
        ++counts[slot];
    }
    for (const int count : counts) CHECK(count > 180);
    // A hot key fills its endpoint to 1.25 times the mean and overflows to the others.
    for (std::size_t n = 1; n <= 400; ++n) {
        request(fixture, Balance::hash_cookie, keyed("hot"), random);
        for (const Endpoint* each : fixture.set->endpoints_of(0)) {
            const double mean = static_cast<double>(n) / 4;
            REQUIRE(each->requests_active <= std::ceil(mean * 1.25));
        }
    }
    // Without a key, in turn.
    finish_all(fixture);
    std::vector<int> turns(4);
    for (int i = 0; i < 40; ++i) ++turns[request(fixture, Balance::hash_header, {}, random)];
    CHECK(turns == std::vector<int>{10, 10, 10, 10});
}

TEST_CASE("a heavier endpoint gets more of the keys and of the bound") {
    Fixture fixture(Plans{{1}, {3}});
    ringway::base::Random random(1);
    std::vector<int> counts(2);
    for (unsigned i = 0; i < 2000; ++i) {
        const Address client = client_number(i);
        RequestKey key;
        key.client = &client;
        ++counts[request(fixture, Balance::hash_client, key, random)];
        finish_all(fixture);
        // The same endpoint as for a TCP connection of that client.
        if (i >= 200) continue;
        Fixture tcp(Plans{{1}, {3}}, Balance::hash_client);
        const std::size_t slot = request(fixture, Balance::hash_client, key, random);
        CHECK(by_hash(tcp, client) == static_cast<int>(slot));
        finish_all(fixture);
    }
    CHECK(counts[1] > 1400);
    CHECK(counts[1] < 1600);
}
