#include "server_state.h"

#include <doctest/doctest.h>

#include "ringway/config/reload.h"

namespace ringway::control {
namespace {

config::Settings two_upstreams() {
    config::Settings settings;
    config::Upstream web;
    web.name = "web";
    for (const char* name : {"10.0.0.5:80", "unix:/run/a.sock"}) {
        config::Endpoint endpoint;
        endpoint.name = name;
        web.endpoints.push_back(endpoint);
    }
    config::Upstream cache = web;
    cache.name = "cache";
    settings.upstreams = {web, cache};
    config::assign_slots(settings);
    return settings;
}

TEST_CASE("endpoints are found by both names, or all by the upstream's") {
    const config::Settings settings = two_upstreams();
    const ServerState state(std::make_shared<const config::Settings>(settings));
    using Found = std::vector<std::size_t>;
    CHECK(endpoints_named(state, "web/10.0.0.5:80") == Found{0});
    CHECK(endpoints_named(state, "web/unix:/run/a.sock") == Found{1});
    CHECK(endpoints_named(state, "cache/unix:/run/a.sock") == Found{3});
    CHECK(endpoints_named(state, "cache") == Found{2, 3});
    CHECK(endpoints_named(state, "web/").empty());
    CHECK(endpoints_named(state, "10.0.0.5:80").empty());
    CHECK(endpoints_named(state, "web-10.0.0.5:80").empty());
    CHECK(endpoints_named(state, "").empty());
}

config::Settings targets(std::initializer_list<const char*> hosts) {
    config::Settings settings;
    config::Upstream web;
    web.name = "web";
    web.health.enabled = true;
    for (const char* host : hosts) {
        config::Endpoint endpoint;
        endpoint.name = host;
        endpoint.target.host = host;
        endpoint.target.port = 80;
        web.endpoints.push_back(endpoint);
    }
    settings.upstreams = {web};
    config::assign_slots(settings);
    return settings;
}

TEST_CASE("literal addresses are known at once, names are to be looked up") {
    const config::Settings settings = targets({"10.0.0.5", "db.internal"});
    const auto endpoints = endpoints_of(settings);
    REQUIRE(endpoints.size() == 2);
    REQUIRE(endpoints[0].addresses.size() == 1);
    CHECK(endpoints[0].addresses[0].to_string() == "10.0.0.5:80");
    CHECK(endpoints[1].addresses.empty());
    const std::vector<NameToResolve> names = names_in(endpoints);
    REQUIRE(names.size() == 1);
    CHECK(names[0] == NameToResolve{1, "db.internal", 80});
}

TEST_CASE("after a reload what is known of an endpoint stays known, while it is the same") {
    const auto running = std::make_shared<const config::Settings>(
        targets({"db.internal", "10.0.0.2", "gone.internal"}));
    ServerState state(running);
    state.endpoints[0].addresses = {*net::Address::parse("10.9.9.9", 80)};
    state.endpoints[0].state = upstream::AdminState::drain;
    state.endpoints[0].healthy = false;
    state.endpoints[1].state = upstream::AdminState::down;
    state.endpoints[1].healthy = false;
    config::Settings fresh = *running;
    fresh.upstreams[0].endpoints[1].target.host = "10.0.0.3";
    fresh.upstreams[0].endpoints[2].retired = true;
    config::Endpoint another = fresh.upstreams[0].endpoints[0];
    another.name = another.target.host = "new.internal";
    another.slot = 3;
    fresh.upstreams[0].endpoints.push_back(another);
    const auto endpoints = endpoints_after(state, fresh);
    REQUIRE(endpoints.size() == 4);
    CHECK(endpoints[0].addresses == state.endpoints[0].addresses);
    CHECK(endpoints[0].state == upstream::AdminState::drain);
    CHECK_FALSE(endpoints[0].healthy);
    // Elsewhere now: what the operator said holds for the name, what the checks said does not.
    CHECK(endpoints[1].addresses[0].to_string() == "10.0.0.3:80");
    CHECK(endpoints[1].state == upstream::AdminState::down);
    CHECK(endpoints[1].healthy);
    CHECK(endpoints[3].state == upstream::AdminState::ready);
    CHECK(endpoints[3].addresses.empty());
    const std::vector<NameToResolve> names = names_in(endpoints);
    REQUIRE(names.size() == 2);
    CHECK(names[1] == NameToResolve{3, "new.internal", 80});
}

TEST_CASE("an endpoint that was taken out comes back as a fresh one") {
    config::Settings settings = targets({"10.0.0.1"});
    settings.upstreams[0].endpoints[0].retired = true;
    ServerState state(std::make_shared<const config::Settings>(settings));
    state.endpoints[0].state = upstream::AdminState::drain;
    state.endpoints[0].healthy = false;
    CHECK(endpoints_named(state, "web").empty());
    settings.upstreams[0].endpoints[0].retired = false;
    const auto endpoints = endpoints_after(state, settings);
    CHECK(endpoints[0].state == upstream::AdminState::ready);
    CHECK(endpoints[0].healthy);
}

TEST_CASE("checks that are switched off hold nobody for ill") {
    config::Settings settings = targets({"10.0.0.1"});
    ServerState state(std::make_shared<const config::Settings>(settings));
    state.endpoints[0].healthy = false;
    settings.upstreams[0].health.enabled = false;
    CHECK(endpoints_after(state, settings)[0].healthy);
}

TEST_CASE("the version is the build's") { CHECK_FALSE(version().empty()); }

}  // namespace
}  // namespace ringway::control
