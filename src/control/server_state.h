// What the coordinator knows of the running server: read by replies, changed by the coordinator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "resolver.h"
#include "ringway/base/clock.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"
#include "ringway/stats/rates.h"
#include "ringway/stats/snapshot.h"
#include "ringway/upstream/endpoint.h"
#include "shard_link.h"

namespace ringway::control {

// One endpoint, by its slot.
struct EndpointStatus {
    const config::Upstream* upstream = nullptr;
    const config::Endpoint* endpoint = nullptr;
    upstream::AdminState state = upstream::AdminState::ready;
    bool healthy = true;                  // by active checks
    std::vector<net::Address> addresses;  // what it resolves to; empty for Unix and unknown names
};

// What became of the wishes to read the settings again.
struct ReloadStatus {
    std::uint64_t generation = 1;  // of the settings in effect: grows with each that changed them
    std::uint64_t done = 0;        // also those that changed nothing
    std::uint64_t refused = 0;
    std::int64_t last_wall_us = 0;  // 0: there was none yet
    std::string last_result;        // "ok", "nothing has changed", "refused: ..."
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
    stats::RateHistory rates;
    config::LogLevel log_level = config::LogLevel::info;
    ReloadStatus reloads;

    std::size_t shards_alive() const;
};

// Every endpoint of the settings by its slot, with the addresses that need no look-up.
std::vector<EndpointStatus> endpoints_of(const config::Settings& settings);
// The same after a reload: what is known of an endpoint stays known while it is the same one.
std::vector<EndpointStatus> endpoints_after(const ServerState& state,
                                            const config::Settings& fresh);
// The names among them that have to be looked up.
std::vector<NameToResolve> names_in(const std::vector<EndpointStatus>& endpoints);

// Slots of what `set upstream` names: "NAME/ENDPOINT", or "NAME" for all its endpoints.
// Empty when there is no such thing.
std::vector<std::size_t> endpoints_named(const ServerState& state, std::string_view target);

std::vector<const stats::ShardStats*> stats_of_shards(const ServerState& state);

// ringway's version, as the build knows it.
std::string_view version();

}  // namespace ringway::control
