#include "server_state.h"

#include <doctest/doctest.h>

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

TEST_CASE("the version is the build's") { CHECK_FALSE(version().empty()); }

}  // namespace
}  // namespace ringway::control
