// An UpstreamSet goes on with other settings.
#include <deque>

#include <doctest/doctest.h>

#include "fixture.h"
#include "ringway/upstream/passive.h"

using namespace ringway::upstream;

namespace {

// Settings with slots, as they are after a start.
ringway::config::Settings slotted(std::vector<ringway::config::Upstream> upstreams) {
    ringway::config::Settings settings = Fixture::with(std::move(upstreams));
    std::size_t slot = 0;
    for (auto& upstream : settings.upstreams) {
        for (auto& endpoint : upstream.endpoints) endpoint.slot = slot++;
    }
    return settings;
}

struct Reloading : Fixture {
    explicit Reloading(ringway::config::Settings chosen,
                       const std::vector<std::uint64_t>& permits = {})
        : Fixture(std::move(chosen), permits) {}
    void reload(ringway::config::Settings next, const std::vector<std::uint64_t>& permits = {}) {
        generations.push_back(std::move(next));
        stats.grow({64, 0, 8});
        set->reload(generations.back(), {addresses, permits, stats});
    }
    std::deque<ringway::config::Settings> generations;
    std::vector<std::vector<ringway::net::Address>> addresses;
};

ringway::config::Endpoint named(const std::string& name, std::size_t slot) {
    ringway::config::Endpoint endpoint;
    endpoint.name = name;
    endpoint.slot = slot;
    endpoint.target.host = "10.1.0." + std::to_string(slot);
    endpoint.target.port = 80;
    return endpoint;
}

}  // namespace

TEST_CASE(
    "endpoints that stay keep their place, marks and counts; their settings are the new ones") {
    Reloading fixture(slotted({make_upstream({{1}, {1}}), make_upstream({{1}})}));
    Endpoint& first = fixture.endpoint(0);
    REQUIRE(fixture.take(0b10) == 0);
    fixture.set->connected(first);
    for (int i = 0; i < 3; ++i) connect_failed(first, at_ms(0));
    fixture.set->set_admin_state(1, AdminState::drain);
    auto next = fixture.settings;
    next.upstreams[0].endpoints[0].weight = 7;
    next.upstreams[0].fail_threshold = 9;
    fixture.reload(next);
    CHECK(&fixture.endpoint(0) == &first);
    CHECK(first.settings == &fixture.generations.back().upstreams[0].endpoints[0]);
    CHECK(first.upstream == &fixture.generations.back().upstreams[0]);
    CHECK(first.settings->weight == 7);
    CHECK(first.active == 1);
    CHECK(is_marked_down(first));
    CHECK(fixture.endpoint(1).state == AdminState::drain);
    fixture.set->disconnected(first);
}

TEST_CASE("retired endpoints take nothing new and their places are used again") {
    Reloading fixture(slotted({make_upstream({{1}, {1}})}));
    // More endpoints come and go over time than an upstream has room for at once.
    auto next = fixture.settings;
    std::size_t slot = 2;
    for (int round = 0; round < 100; ++round) {
        for (auto& endpoint : next.upstreams[0].endpoints) endpoint.retired = true;
        next.upstreams[0].endpoints.push_back(named("a" + std::to_string(slot), slot));
        ++slot;
        next.upstreams[0].endpoints.push_back(named("b" + std::to_string(slot), slot));
        ++slot;
        if (slot >= 60) break;
        fixture.reload(next);
        REQUIRE(fixture.set->endpoints_of(0).size() == 2);
        const auto newest = static_cast<int>(slot) - 1;
        const int one = fixture.take();
        const int other = fixture.take();
        CHECK(std::min(one, other) == newest - 1);
        CHECK(std::max(one, other) == newest);
        CHECK(fixture.take(0b11) == -1);
    }
    // One of the first comes back.
    fixture.generations.back().upstreams[0].endpoints[0].retired = false;
    auto last = fixture.generations.back();
    fixture.reload(last);
    CHECK(fixture.set->endpoints_of(0).size() == 3);
    std::vector<int> seen;
    for (int i = 0; i < 3; ++i) seen.push_back(fixture.take());
    CHECK(std::find(seen.begin(), seen.end(), 0) != seen.end());
}

TEST_CASE("an upstream that a reload brings serves, and waiters of others go on") {
    Reloading fixture(slotted({make_upstream({{1}})}));
    auto next = fixture.settings;
    auto& added = next.upstreams.emplace_back(make_upstream({{1}, {1}}));
    added.endpoints[0].slot = 1;
    added.endpoints[1].slot = 2;
    fixture.reload(next);
    CHECK(fixture.set->upstream_count() == 2);
    const Pick pick = fixture.set->choose(1, 0, fixture.client, at_ms(0));
    REQUIRE(pick.choice == Choice::chosen);
    CHECK(pick.endpoint->upstream_index == 1);
    CHECK(pick.endpoint->stats == &fixture.stats.endpoints[pick.endpoint->flat_index]);
}

TEST_CASE("an endpoint with another target begins anew") {
    Reloading fixture(slotted({make_upstream({{1}, {1}})}));
    Endpoint& first = fixture.endpoint(0);
    for (int i = 0; i < 3; ++i) connect_failed(first, at_ms(0));
    fixture.set->set_healthy(0, false);
    const std::uint32_t version = first.target_version;
    auto next = fixture.settings;
    next.upstreams[0].endpoints[0].target.host = "10.9.9.9";
    fixture.reload(next);
    CHECK(first.target_version != version);
    CHECK_FALSE(is_marked_down(first));
    CHECK(first.healthy);
    REQUIRE(first.addresses.size() == 1);
    CHECK(first.addresses[0].to_string() == "10.9.9.9:80");
    CHECK(fixture.endpoint(1).target_version == 0);
    // A name needs its addresses to be told.
    next.upstreams[0].endpoints[0].target.host = "somewhere.example";
    fixture.reload(next);
    CHECK_FALSE(is_usable(first));
    fixture.addresses = {{*ringway::net::Address::parse("10.8.8.8", 80)}};
    next.upstreams[0].endpoints[0].target.host = "elsewhere.example";
    fixture.reload(next);
    CHECK(is_usable(first));
    CHECK(first.addresses[0].to_string() == "10.8.8.8:80");
}

TEST_CASE("a limit that begins exempts what is connected; one that ends is forgotten") {
    Reloading fixture(slotted({make_upstream({{1}})}));
    Endpoint& endpoint = fixture.endpoint(0);
    REQUIRE(fixture.take() == 0);
    REQUIRE(fixture.take() == 0);
    auto next = fixture.settings;
    next.upstreams[0].endpoints[0].connections_max = 2;
    fixture.reload(next, {1});
    CHECK(endpoint.permits_idle == 1);
    CHECK(fixture.take() == 0);
    CHECK(fixture.take() == -2);
    fixture.set->connect_abandoned(endpoint);
    fixture.set->connect_abandoned(endpoint);
    CHECK(endpoint.permits_idle == 0);
    CHECK(fixture.set->recall_permits(0, 5) == 0);
    fixture.set->connect_abandoned(endpoint);
    std::uint64_t returned = 0;
    const auto count = [&](std::size_t, std::uint64_t permits) {
        returned += permits;
        return true;
    };
    fixture.set->report_permits([](std::size_t, std::uint64_t) { return true; }, count);
    CHECK(returned == 1);
    CHECK(endpoint.active == 0);
    next.upstreams[0].endpoints[0].connections_max = 0;
    fixture.reload(next);
    for (int i = 0; i < 10; ++i) CHECK(fixture.take() == 0);
}
