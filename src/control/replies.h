// What the control socket answers: the state of the server turned into text or JSON.
//
// Reads the state and the shards' published numbers, changes nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "ringway/shard/messages.h"
#include "ringway/stats/snapshot.h"
#include "server_state.h"

namespace ringway::control {

stats::Snapshot snapshot_of(const ServerState& state);

std::string info_reply(const ServerState& state, bool json);
std::string stats_reply(const ServerState& state, bool per_shard, bool json);
std::string upstreams_reply(const ServerState& state, bool json);
std::string connections_reply(const ServerState& state, std::span<const shard::ConnectionRow> rows,
                              std::uint64_t total, bool json);
std::string settings_reply(const ServerState& state, bool json);

std::string_view name_of(config::Balance balance);
std::string_view name_of(config::RelayMode mode);

}  // namespace ringway::control
