// One upstream with endpoints of given weights, and a UpstreamSet over it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ringway/upstream/upstream_set.h"

namespace ringway::upstream {

inline base::Instant at_ms(std::int64_t ms) { return {ms * 1'000'000}; }

struct EndpointPlan {
    std::uint32_t weight = 1;
    std::uint32_t connections_max = 0;
    bool backup = false;
};

using Plans = std::vector<EndpointPlan>;

inline config::Upstream make_upstream(const std::vector<EndpointPlan>& plans,
                                      config::Balance balance = config::Balance::round_robin) {
    config::Upstream upstream;
    upstream.name = "pool";
    upstream.balance = balance;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        config::Endpoint endpoint;
        endpoint.name = "endpoint" + std::to_string(i);
        endpoint.target.host = "10.0.0." + std::to_string(i + 1);
        endpoint.target.port = 80;
        endpoint.weight = plans[i].weight;
        endpoint.connections_max = plans[i].connections_max;
        endpoint.backup = plans[i].backup;
        upstream.endpoints.push_back(endpoint);
    }
    return upstream;
}

struct Fixture {
    explicit Fixture(config::Settings chosen, const std::vector<std::uint64_t>& permits = {},
                     std::uint32_t shard_index = 0)
        : settings(std::move(chosen)),
          stats(0, endpoint_count(settings)),
          set(std::make_unique<UpstreamSet>(settings, std::vector<std::vector<net::Address>>{},
                                            permits, stats, shard_index, 7)) {}
    explicit Fixture(const std::vector<EndpointPlan>& plans,
                     config::Balance balance = config::Balance::round_robin,
                     const std::vector<std::uint64_t>& permits = {}, std::uint32_t shard_index = 0)
        : Fixture(with({make_upstream(plans, balance)}), permits, shard_index) {}

    Pick choose(TriedSet tried = 0, base::Instant now = at_ms(0)) {
        return set->choose(0, tried, client, now);
    }
    // The flat index of the endpoint that takes the next connection; -1: none, -2: at the limit.
    int take(TriedSet tried = 0, base::Instant now = at_ms(0)) {
        const Pick pick = choose(tried, now);
        if (pick.choice == Choice::none) return -1;
        return pick.choice == Choice::at_limit ? -2 : static_cast<int>(pick.endpoint->flat_index);
    }
    Endpoint& endpoint(std::size_t flat) { return set->endpoint(flat); }

    static config::Settings with(std::vector<config::Upstream> upstreams) {
        config::Settings settings;
        settings.upstreams = std::move(upstreams);
        return settings;
    }
    static std::size_t endpoint_count(const config::Settings& settings) {
        std::size_t count = 0;
        for (const auto& upstream : settings.upstreams) count += upstream.endpoints.size();
        return count;
    }

    config::Settings settings;
    stats::ShardStats stats;
    std::unique_ptr<UpstreamSet> set;
    net::Address client = *net::Address::parse("192.0.2.1", 4000);
};

}  // namespace ringway::upstream
