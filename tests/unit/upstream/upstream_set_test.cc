#include "ringway/upstream/upstream_set.h"

#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "fixture.h"

using namespace ringway::upstream;
using ringway::config::Balance;
using ringway::net::Address;

namespace {

struct News {
    std::map<std::size_t, std::uint64_t> asked;
    std::map<std::size_t, std::uint64_t> given_back;
};

News collect(UpstreamSet& set) {
    News news;
    set.report_permits(
        [&](std::size_t flat, std::uint64_t count) {
            news.asked[flat] += count;
            return true;
        },
        [&](std::size_t flat, std::uint64_t count) {
            news.given_back[flat] += count;
            return true;
        });
    CHECK_FALSE(set.has_permit_news());
    return news;
}

}  // namespace

TEST_CASE("upstreams have their own endpoints, numbered through") {
    Fixture fixture(Fixture::with({make_upstream({{1}, {1}}), make_upstream({{1}})}));
    CHECK(fixture.set->upstream_count() == 2);
    CHECK(fixture.set->endpoint_count() == 3);
    CHECK(fixture.set->endpoints_of(0).size() == 2);
    CHECK(fixture.set->endpoints_of(1).size() == 1);
    Endpoint& last = fixture.endpoint(2);
    CHECK(fixture.set->endpoints_of(1)[0] == &last);
    CHECK(last.flat_index == 2);
    CHECK(last.index == 0);
    CHECK(UpstreamSet::tried_bit(last) == 1);
    CHECK(last.stats == &fixture.stats.endpoints[2]);
    CHECK(fixture.set->choose(1, 0, fixture.client, at_ms(0)).endpoint == &last);
    CHECK(fixture.set->choose(1, 1, fixture.client, at_ms(0)).choice == Choice::none);
}

TEST_CASE("connections are counted from choosing to disconnecting") {
    Fixture fixture(Plans{{1}});
    Endpoint& endpoint = fixture.endpoint(0);
    const auto& counted = fixture.stats.endpoints[0];
    for (int i = 0; i < 4; ++i) REQUIRE(fixture.take() == 0);
    CHECK(endpoint.active == 4);
    CHECK(counted.active.read() == 0);
    fixture.set->connected(endpoint);
    fixture.set->connected(endpoint);
    CHECK(counted.active.read() == 2);
    CHECK(counted.connections.read() == 2);
    fixture.set->connect_failed(endpoint, at_ms(0));
    fixture.set->connect_abandoned(endpoint);
    CHECK(counted.failures.read() == 1);
    CHECK(endpoint.active == 2);
    fixture.set->disconnected(endpoint);
    fixture.set->disconnected(endpoint);
    CHECK(endpoint.active == 0);
    CHECK(counted.active.read() == 0);
    CHECK(counted.connections.read() == 2);
}

TEST_CASE("addresses are used in turn, and replaced only by different ones") {
    Fixture fixture(Plans{{1}});
    Endpoint& endpoint = fixture.endpoint(0);
    CHECK(fixture.set->next_address(endpoint).to_string() == "10.0.0.1:80");
    const auto a = *Address::parse("10.1.0.1", 80);
    const auto b = *Address::parse("::1", 80);
    fixture.set->set_addresses(0, {a, b});
    CHECK(fixture.set->next_address(endpoint) == a);
    fixture.set->set_addresses(0, {b, a});  // the same two
    CHECK(fixture.set->next_address(endpoint) == b);
    CHECK(fixture.set->next_address(endpoint) == a);
    fixture.set->set_addresses(0, {b});
    CHECK(fixture.set->next_address(endpoint) == b);
    CHECK(fixture.set->next_address(endpoint) == b);
}

TEST_CASE("given addresses win over the literal, names without an address wait for one") {
    auto upstream = make_upstream({{1}, {1}, {1}});
    upstream.endpoints[1].target.host = "some.name";
    upstream.endpoints[2].target = {};
    upstream.endpoints[2].target.scheme = ringway::config::Scheme::tcp_unix;
    upstream.endpoints[2].target.path = "/run/x.sock";
    const auto settings = Fixture::with({upstream});
    ringway::stats::ShardStats stats(0, 3);
    const auto given = *Address::parse("10.9.9.9", 81);
    UpstreamSet set(settings, {{given}, {}, {}}, {}, stats, 1, 1);
    CHECK(set.next_address(set.endpoint(0)) == given);
    CHECK_FALSE(is_usable(set.endpoint(1)));
    CHECK(is_usable(set.endpoint(2)));
    CHECK(set.endpoint(2).unix_path.bytes != 0);
}

TEST_CASE("permits: taken by choosing, back when the connection is over, however it ends") {
    Fixture fixture(Plans{{1, 5}}, Balance::round_robin, {2});
    Endpoint& endpoint = fixture.endpoint(0);
    for (int way = 0; way < 3; ++way) {
        REQUIRE(fixture.take() == 0);
        REQUIRE(fixture.take() == 0);
        CHECK(endpoint.permits_idle == 0);
        REQUIRE(fixture.take() == -2);
        fixture.set->connected(endpoint);
        fixture.set->disconnected(endpoint);
        if (way == 0) fixture.set->connect_failed(endpoint, at_ms(0));
        if (way == 1) fixture.set->connect_abandoned(endpoint);
        if (way == 2) {
            fixture.set->connected(endpoint);
            fixture.set->disconnected(endpoint);
        }
        CHECK(endpoint.permits_idle == 2);
    }
}

TEST_CASE("missing permits are asked for once, and again only after they were granted") {
    Fixture fixture(Plans{{1, 3}, {1}}, Balance::round_robin, {0, 0});
    CHECK_FALSE(fixture.set->has_permit_news());
    // Somebody else serves, but the limited one would have been welcome.
    for (int i = 0; i < 5; ++i) CHECK(fixture.take() == 1);
    CHECK(fixture.set->has_permit_news());
    CHECK(collect(*fixture.set).asked == std::map<std::size_t, std::uint64_t>{{0, 1}});
    for (int i = 0; i < 5; ++i) CHECK(fixture.take() == 1);
    CHECK_FALSE(fixture.set->has_permit_news());
    fixture.set->grant_permits(0, 1);
    CHECK(fixture.take(0b10) == 0);
    CHECK(fixture.take(0b10) == -2);
    CHECK(collect(*fixture.set).asked == std::map<std::size_t, std::uint64_t>{{0, 1}});
}

TEST_CASE("what could not be reported is reported the next time") {
    Fixture fixture(Plans{{1, 3}}, Balance::round_robin, {0});
    CHECK(fixture.take() == -2);
    int refused = 0;
    const auto refuse = [&](std::size_t, std::uint64_t) {
        ++refused;
        return false;
    };
    fixture.set->report_permits(refuse, refuse);
    CHECK(refused == 1);
    CHECK(fixture.set->has_permit_news());
    CHECK(collect(*fixture.set).asked[0] == 1);
}

TEST_CASE("a recall takes idle permits at once and used ones as they come back") {
    Fixture fixture(Plans{{1, 8}}, Balance::round_robin, {4});
    Endpoint& endpoint = fixture.endpoint(0);
    for (int i = 0; i < 3; ++i) REQUIRE(fixture.take() == 0);
    CHECK(fixture.set->recall_permits(0, 3) == 1);
    CHECK(endpoint.permits_idle == 0);
    CHECK(fixture.set->recall_permits(0, 2) == 0);  // the same wish, not two more
    fixture.set->connect_abandoned(endpoint);
    CHECK(endpoint.permits_idle == 0);
    CHECK(collect(*fixture.set).given_back[0] == 1);
    fixture.set->connect_abandoned(endpoint);
    CHECK(collect(*fixture.set).given_back[0] == 1);
    fixture.set->connect_abandoned(endpoint);
    CHECK(endpoint.permits_idle == 1);
    CHECK_FALSE(fixture.set->has_permit_news());
    // Nothing is owed where nothing is in use.
    CHECK(fixture.set->recall_permits(0, 5) == 1);
    CHECK(endpoint.permits_owed == 0);
    CHECK(fixture.set->recall_permits(0, 5) == 0);
}

TEST_CASE("endpoints without a limit take no part in permits") {
    Fixture fixture(Plans{{1}});
    fixture.set->grant_permits(0, 5);
    CHECK(fixture.endpoint(0).permits_idle == 0);
    CHECK(fixture.set->recall_permits(0, 5) == 0);
    CHECK_FALSE(fixture.set->has_permit_news());
}

TEST_CASE("a connect may point to an address while it is replaced") {
    Fixture fixture(Plans{{1}});
    const Address* const pointed_to = &fixture.set->next_address(fixture.endpoint(0));
    std::vector<Address> many;
    for (std::uint16_t i = 1; i <= 40; ++i) many.push_back(*Address::parse("10.2.0.1", i));
    fixture.set->set_addresses(0, many);
    CHECK(fixture.endpoint(0).addresses.size() == addresses_per_endpoint_max);
    CHECK(pointed_to == fixture.endpoint(0).addresses.data());
    CHECK(pointed_to->to_string() == "10.2.0.1:1");
}
