#include "stats_rows.h"

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "replies.h"
#include "ringway/http/fault.h"

namespace ringway::control {
namespace {

config::Upstream upstream_named(const char* name, std::vector<std::size_t> slots) {
    config::Upstream upstream;
    upstream.name = name;
    for (const std::size_t slot : slots) {
        config::Endpoint endpoint;
        endpoint.name = std::string(name) + std::to_string(slot);
        endpoint.target.scheme = config::Scheme::http;
        endpoint.target.host = "10.0.0.5";
        endpoint.slot = slot;
        upstream.endpoints.push_back(endpoint);
    }
    return upstream;
}

// As after a reload: what came later has the higher slots, wherever it stands.
config::Settings sample_settings() {
    config::Settings settings;
    settings.upstreams = {upstream_named("api", {0, 3}), upstream_named("old", {1, 2})};
    settings.upstreams[0].balance = config::Balance::p2c;
    settings.upstreams[0].pool.connections_min = 2;
    settings.upstreams[0].requests_max = 7;
    settings.upstreams[1].retired = true;
    config::Route forward;
    forward.name = "v1";
    forward.slot = 2;
    forward.requests_max = 9;
    config::Route reply;
    reply.name = "moved";
    reply.action = config::RouteAction::redirect;
    reply.slot = 0;
    reply.retired = true;
    settings.routes = {forward, reply};
    return settings;
}

TEST_CASE("there are as many numbers as the highest slot asks for") {
    const stats::StatsSizes sizes = stats_sizes_of(sample_settings());
    CHECK(sizes.endpoints == 4);
    CHECK(sizes.routes == 3);
    CHECK(sizes.upstreams == 2);
    const stats::StatsSizes none = stats_sizes_of({});
    CHECK(none.endpoints + none.routes + none.upstreams == 0);
}

TEST_CASE("rows of upstreams and routes say where their numbers are") {
    const config::Settings settings = sample_settings();
    const auto upstreams = upstream_rows_of(settings);
    REQUIRE(upstreams.size() == 2);
    CHECK(upstreams[0].name == "api");
    CHECK(upstreams[0].balance == "p2c");
    CHECK(upstreams[0].http);
    CHECK(upstreams[0].connections_min == 2);
    CHECK(upstreams[0].connections_max == 256);
    CHECK(upstreams[0].requests_max == 7);
    CHECK_FALSE(upstreams[0].retired);
    CHECK(upstreams[1].retired);
    const auto routes = route_rows_of(settings);
    REQUIRE(routes.size() == 2);
    CHECK(routes[0].name == "v1");
    CHECK(routes[0].upstream == "api");
    CHECK(routes[0].slot == 2);
    CHECK(routes[0].requests_max == 9);
    CHECK_FALSE(routes[0].retired);
    CHECK(routes[1].upstream.empty());
    CHECK(routes[1].retired);
}

TEST_CASE("every fault that is counted has a name of its own") {
    const auto names = fault_names();
    CHECK(names.size() == http::fault_count);
    CHECK(std::set<std::string_view>(names.begin(), names.end()).size() == names.size());
    CHECK(names[static_cast<std::size_t>(http::Fault::bad_chunk)] == "bad-chunk");
}

TEST_CASE("a snapshot's endpoints stand with their upstreams and keep their slots") {
    const ServerState state(std::make_shared<const config::Settings>(sample_settings()));
    const stats::Snapshot snapshot = snapshot_of(state);
    const auto& rows = snapshot.context.endpoints;
    REQUIRE(rows.size() == 4);
    const std::size_t slots[] = {0, 3, 1, 2};
    for (std::size_t index = 0; index < 4; ++index) {
        CHECK(rows[index].slot == slots[index]);
        CHECK(rows[index].name.ends_with(std::to_string(slots[index])));
        CHECK(rows[index].retired == (index >= 2));
    }
    CHECK_FALSE(snapshot.rates.has_value());
}

}  // namespace
}  // namespace ringway::control
