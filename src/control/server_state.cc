#include "server_state.h"

#include <algorithm>
#include <utility>

namespace ringway::control {

ServerState::ServerState(std::shared_ptr<const config::Settings> chosen)
    : current(std::move(chosen)), log_level(current->log_level) {
    for (const config::Upstream& upstream : settings().upstreams) {
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            EndpointStatus status;
            status.upstream = &upstream;
            status.endpoint = &endpoint;
            endpoints.push_back(std::move(status));
        }
    }
}

std::size_t ServerState::shards_alive() const {
    return static_cast<std::size_t>(std::count_if(shards.begin(), shards.end(),
                                                  [](const auto& link) { return link->alive(); }));
}

std::vector<std::size_t> endpoints_named(const ServerState& state, std::string_view target) {
    std::vector<std::size_t> found;
    for (std::size_t flat = 0; flat < state.endpoints.size(); ++flat) {
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

std::string_view version() { return RINGWAY_VERSION; }

}  // namespace ringway::control
