// Statistics as plain values: what the coordinator reads from the shards and adds up.
//
// A reading belongs to whoever took it and never changes afterwards. Taking one costs the shards
// nothing: it only loads counters that they store anyway.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/stats/http_reading.h"
#include "ringway/stats/latency_reading.h"
#include "ringway/stats/rates.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::stats {

struct DirectionReading {
    std::uint64_t bytes = 0;
    std::uint64_t copied_bytes = 0;
    std::uint64_t spliced_bytes = 0;
    std::uint64_t peeked_bytes = 0;
    std::uint64_t into_splice = 0;
    std::uint64_t out_of_splice = 0;
    std::uint64_t pauses = 0;
};

struct EndpointReading {
    std::uint64_t connections = 0;
    std::uint64_t active = 0;
    std::uint64_t failures = 0;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t marked_down = 0;
    std::uint64_t passive_down = 0;  // how many shards hold it for down now
    std::uint64_t requests = 0;
    std::uint64_t requests_active = 0;
    std::uint64_t exchange_failures = 0;
    std::array<std::uint64_t, status_class_count> by_status_class{};
    std::uint64_t ejections = 0;
    std::uint64_t ejected = 0;  // how many shards leave it alone now
    // Added up over the shards that know one.
    std::uint64_t latency_ewma_sum_ns = 0;
    std::uint64_t latency_ewma_shards = 0;

    std::uint64_t latency_ewma_ns() const;  // their mean; 0 while no shard knows one
    void add(const EndpointReading& other);
};

struct ListenerReading {
    std::uint64_t accepted = 0;
    std::uint64_t active = 0;
};

struct RingReading {
    std::uint64_t turns = 0;
    std::uint64_t enters = 0;
    std::uint64_t completions = 0;
    std::uint64_t submissions = 0;
    std::uint64_t sends = 0;
    std::uint64_t overflows = 0;
    std::uint64_t stale = 0;
    std::uint64_t wakes = 0;
    std::uint64_t buffer_parks = 0;
    std::uint64_t long_turns = 0;

    // NaN while there is nothing to divide by.
    double completions_per_turn() const;
    double completions_per_enter() const;
    double sends_per_turn() const;
};

// One shard's numbers, or the sum over several; the fields mean what ShardStats says.
struct ShardReading {
    std::uint64_t accepted = 0;
    std::uint64_t active = 0;
    std::uint64_t refused = 0;
    std::uint64_t accept_pauses = 0;
    std::uint64_t accept_errors = 0;
    std::array<std::uint64_t, close_reason_count> closed{};
    std::array<DirectionReading, 2> direction;  // by Direction
    std::uint64_t connect_failures = 0;
    std::uint64_t connect_retries = 0;
    std::uint64_t sessions_with_preamble = 0;
    LatencyReading connect;
    LatencyReading first_byte;
    LatencyReading session;
    RingReading ring;
    std::uint64_t buffers_in_use = 0;
    std::uint64_t buffers_total = 0;
    std::uint64_t pipes_in_use = 0;
    std::uint64_t pipes_open = 0;
    std::uint64_t slots_in_use = 0;
    std::uint64_t frames_in_use = 0;
    std::uint64_t frame_spills = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t log_lines = 0;
    std::uint64_t log_lines_dropped = 0;
    std::uint64_t heartbeat = 0;
    HttpReading http;
    std::vector<ListenerReading> listeners;
    std::vector<EndpointReading> endpoints;  // by slot
    std::vector<TrafficReading> routes;      // by slot
    std::vector<TrafficReading> upstreams;   // by index
    std::vector<PoolReading> pools;          // by index of the upstream

    std::uint64_t closed_total() const;
    const DirectionReading& up() const { return direction[0]; }
    const DirectionReading& down() const { return direction[1]; }
    void add(const ShardReading& other);
};

ShardReading read(const ShardStats& stats, base::Instant now);
ShardReading merge(std::span<const ShardReading> shards);

// ---- what the numbers are about; filled by the coordinator ------------------------------------

struct ListenerRow {
    std::string name;
    std::string url;  // with the port that was bound: "tcp://127.0.0.1:40123"
    std::string upstream;
};

enum class EndpointState : std::uint8_t {
    ready,
    drain,      // by an operator: no new connections
    down,       // by an operator
    unhealthy,  // by active checks
};
std::string_view name_of(EndpointState state);  // "ready", "drain", "down", "unhealthy"

// What active checks say, whatever an operator says.
enum class CheckedHealth : std::uint8_t { unchecked, passing, failing };
std::string_view name_of(CheckedHealth health);  // "-", "passing", "failing"

// Rows that are `retired` were left over by a reload: they serve nobody new.
struct EndpointRow {
    std::string upstream;
    std::string name;
    std::string address;  // what it resolves to now; empty while unknown
    EndpointState state = EndpointState::ready;
    std::uint32_t weight = 1;
    bool backup = false;
    std::uint64_t connections_max = 0;  // 0: no limit
    std::size_t slot = 0;               // where its numbers are
    bool retired = false;
    CheckedHealth health = CheckedHealth::unchecked;
};

struct UpstreamRow {
    std::string name;
    std::string balance;  // "round-robin", ...
    bool http = false;
    std::uint64_t connections_min = 0;  // HTTP: of its pool, over all shards
    std::uint64_t connections_max = 0;
    std::uint64_t requests_max = 0;  // HTTP: in flight at once; 0: no limit
    bool retired = false;
};

struct RouteRow {
    std::string name;
    std::string upstream;  // empty when it answers by itself
    std::size_t slot = 0;
    std::uint64_t requests_max = 0;  // in flight at once; 0: no limit
    bool retired = false;
};

struct Context {
    std::string version;
    std::int64_t wall_us = 0;  // CLOCK_REALTIME of the reading
    base::Duration uptime{0};
    base::Duration window = base::Duration::seconds(60);
    std::uint64_t connections_max = 0;
    bool draining = false;
    std::uint64_t writer_lines_dropped = 0;  // by the log sinks: disk full, reader too slow
    std::vector<int> cpus;                   // per shard, -1 where it is not pinned; may be empty
    std::vector<ListenerRow> listeners;      // in the order of the settings
    std::vector<UpstreamRow> upstreams;      // likewise, the index is where their numbers are
    std::vector<EndpointRow> endpoints;
    std::vector<RouteRow> routes;
    std::vector<std::string_view> fault_names;  // what http::Fault calls them, by number
};

struct Snapshot {
    Context context;
    ShardReading total;
    std::vector<ShardReading> shards;
    std::optional<Rates> rates;      // set by whoever kept earlier samples
    std::vector<Rates> shard_rates;  // likewise; empty or one for each shard
};

Snapshot take_snapshot(Context context, std::span<const ShardStats* const> shards,
                       base::Instant now);

}  // namespace ringway::stats
