// What the coordinator knows of the running server: read by replies, changed by the coordinator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"
#include "ringway/stats/snapshot.h"
#include "ringway/upstream/endpoint.h"
#include "shard_link.h"

namespace ringway::control {

// One endpoint, by flat index: over all upstreams in the settings' order.
struct EndpointStatus {
    const config::Upstream* upstream = nullptr;
    const config::Endpoint* endpoint = nullptr;
    upstream::AdminState state = upstream::AdminState::ready;
    bool healthy = true;                  // by active checks
    std::vector<net::Address> addresses;  // what it resolves to; empty for Unix and unknown names
};

struct ServerState {
    explicit ServerState(std::shared_ptr<const config::Settings> chosen);

    // Those in effect; a reload replaces them.
    const config::Settings& settings() const { return *current; }
    std::shared_ptr<const config::Settings> current;
    std::vector<std::unique_ptr<ShardLink>> shards;
    std::vector<EndpointStatus> endpoints;
    std::vector<stats::ListenerRow> listeners;  // with the ports that were bound
    base::Instant started{0};
    std::int64_t started_wall_us = 0;
    std::uint64_t descriptors_max = 0;
    bool pinned = false;
    bool draining = false;
    std::uint64_t sink_lines_dropped = 0;
    config::LogLevel log_level = config::LogLevel::info;

    std::size_t shards_alive() const;
};

// Flat indexes of what `set upstream` names: "NAME/ENDPOINT", or "NAME" for all its endpoints.
// Empty when there is no such thing.
std::vector<std::size_t> endpoints_named(const ServerState& state, std::string_view target);

// ringway's version, as the build knows it.
std::string_view version();

}  // namespace ringway::control
