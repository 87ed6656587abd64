#include "server_state.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::control {

ServerState::ServerState(std::shared_ptr<const config::Settings> chosen)
    : current(std::move(chosen)),
      endpoints(endpoints_of(*current)),
      log_level(current->log_level) {}

std::size_t ServerState::shards_alive() const {
    return static_cast<std::size_t>(std::count_if(shards.begin(), shards.end(),
                                                  [](const auto& link) { return link->alive(); }));
}

std::vector<EndpointStatus> endpoints_of(const config::Settings& settings) {
    std::vector<EndpointStatus> endpoints;
    for (const config::Upstream& upstream : settings.upstreams) {
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            if (endpoints.size() <= endpoint.slot) endpoints.resize(endpoint.slot + 1);
            EndpointStatus& status = endpoints[endpoint.slot];
            RW_ASSERT(status.endpoint == nullptr);
            status.upstream = &upstream;
            status.endpoint = &endpoint;
            if (config::is_unix(endpoint.target.scheme)) continue;
            if (const auto literal =
                    net::Address::parse(endpoint.target.host, endpoint.target.port)) {
                status.addresses = {*literal};
            }
        }
    }
    for (const EndpointStatus& status : endpoints) RW_ASSERT(status.endpoint != nullptr);
    return endpoints;
}

std::vector<EndpointStatus> endpoints_after(const ServerState& state,
                                            const config::Settings& fresh) {
    std::vector<EndpointStatus> endpoints = endpoints_of(fresh);
    RW_ASSERT(endpoints.size() >= state.endpoints.size());
    for (std::size_t slot = 0; slot < state.endpoints.size(); ++slot) {
        const EndpointStatus& before = state.endpoints[slot];
        EndpointStatus& after = endpoints[slot];
        const bool is_back = before.endpoint->retired && !after.endpoint->retired;
        // What an operator says of an endpoint holds for its name, until it is taken out.
        if (!is_back) after.state = before.state;
        if (before.endpoint->target != after.endpoint->target) continue;
        if (!before.addresses.empty()) after.addresses = before.addresses;
        const bool is_checked = after.upstream->health.enabled && !after.endpoint->retired;
        if (!is_back && is_checked) after.healthy = before.healthy;
    }
    return endpoints;
}

std::vector<NameToResolve> names_in(const std::vector<EndpointStatus>& endpoints) {
    std::vector<NameToResolve> names;
    for (std::size_t slot = 0; slot < endpoints.size(); ++slot) {
        const config::Endpoint& endpoint = *endpoints[slot].endpoint;
        if (endpoint.retired || config::is_unix(endpoint.target.scheme)) continue;
        if (net::Address::parse(endpoint.target.host, endpoint.target.port)) continue;
        names.push_back({slot, endpoint.target.host, endpoint.target.port});
    }
    return names;
}

std::vector<std::size_t> endpoints_named(const ServerState& state, std::string_view target) {
    std::vector<std::size_t> found;
    for (std::size_t flat = 0; flat < state.endpoints.size(); ++flat) {
        if (state.endpoints[flat].endpoint->retired) continue;
        const std::string_view upstream = state.endpoints[flat].upstream->name;
        const std::string_view endpoint = state.endpoints[flat].endpoint->name;
        // Either name may hold slashes (Unix paths do), so the parts are compared, not split.
        const bool all = target == upstream;
        const bool one = target.size() == upstream.size() + 1 + endpoint.size() &&
                         target.starts_with(upstream) && target[upstream.size()] == '/' &&
                         target.ends_with(endpoint);
        if (all || one) found.push_back(flat);
    }
    return found;
}

std::vector<const stats::ShardStats*> stats_of_shards(const ServerState& state) {
    std::vector<const stats::ShardStats*> shards;
    shards.reserve(state.shards.size());
    for (const auto& link : state.shards) shards.push_back(&link->stats);
    return shards;
}

std::string_view version() { return RINGWAY_VERSION; }

}  // namespace ringway::control
