// The answers of `ringway ctl` as aligned text for people and as JSON for programs.
//
// Every function returns whole lines, none of them empty, ending in a newline; JSON is one line and
// carries "schema", raised when a member changes its meaning or disappears. docs/STATS.md describes
// every field; tests/e2e/stats_schema.json is the same for machines.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/stats/snapshot.h"

namespace ringway::stats {

inline constexpr std::uint64_t json_schema_version = 1;

// ---- ctl stats --------------------------------------------------------------------------------

std::string stats_text(const Snapshot& snapshot, bool per_shard);
std::string stats_json(const Snapshot& snapshot, bool per_shard);

// ---- ctl upstreams ----------------------------------------------------------------------------

std::string upstreams_text(const Snapshot& snapshot);
std::string upstreams_json(const Snapshot& snapshot);

// ---- ctl connections --------------------------------------------------------------------------

struct ConnectionLine {
    std::uint32_t shard = 0;
    std::uint64_t id = 0;
    std::string client;
    std::string listener;
    std::string upstream;  // empty while none is chosen
    std::string endpoint;
    std::string state;    // "preamble", "connecting", "relaying", "closing"
    std::string mode_up;  // "copy", "splice", "peek", or empty
    std::string mode_down;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    base::Duration age{0};
    base::Duration idle{0};
};

// `total` counts all live connections, also those that are not among `lines`.
std::string connections_text(std::span<const ConnectionLine> lines, std::uint64_t total);
std::string connections_json(std::span<const ConnectionLine> lines, std::uint64_t total);

// ---- ctl info ---------------------------------------------------------------------------------

struct UpstreamInfo {
    std::string name;
    std::string balance;  // "round-robin", ...
    std::vector<std::string> endpoints;
};

struct Info {
    std::string version;
    std::int64_t process_id = 0;
    std::int64_t started_wall_us = 0;
    base::Duration uptime{0};
    bool draining = false;
    std::uint32_t shards = 0;
    bool pinned = false;
    std::string relay;  // "auto", "copy", "splice"
    std::uint64_t connections_max = 0;
    std::uint64_t descriptors_max = 0;
    std::string kernel;  // uname -r
    std::string ring_features;
    std::string log_level;
    // Of the settings: 1 is what the process was started with.
    std::uint64_t generation = 1;
    std::uint64_t reloads_done = 0;
    std::uint64_t reloads_refused = 0;
    std::int64_t last_reload_wall_us = 0;  // 0: none yet
    std::string last_reload_result;        // "ok", "nothing has changed", "refused: ..."
    std::string config_path;               // the next three: empty where there is none
    std::string control_path;
    std::string access_log;
    std::vector<ListenerRow> listeners;
    std::vector<UpstreamInfo> upstreams;
};

std::string info_text(const Info& info);
std::string info_json(const Info& info);

}  // namespace ringway::stats
