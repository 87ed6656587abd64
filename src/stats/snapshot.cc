#include "ringway/stats/snapshot.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ratio.h"

namespace ringway::stats {

namespace {

// The members of these are all numbers that add up.
void add_direction(DirectionReading& to, const DirectionReading& from) {
    to.bytes += from.bytes;
    to.copied_bytes += from.copied_bytes;
    to.spliced_bytes += from.spliced_bytes;
    to.peeked_bytes += from.peeked_bytes;
    to.into_splice += from.into_splice;
    to.out_of_splice += from.out_of_splice;
    to.pauses += from.pauses;
}

void add_ring(RingReading& to, const RingReading& from) {
    to.turns += from.turns;
    to.enters += from.enters;
    to.completions += from.completions;
    to.submissions += from.submissions;
    to.sends += from.sends;
    to.overflows += from.overflows;
    to.stale += from.stale;
    to.wakes += from.wakes;
    to.buffer_parks += from.buffer_parks;
    to.long_turns += from.long_turns;
}

DirectionReading read_direction(const DirectionStats& stats) {
    DirectionReading reading;
    reading.bytes = stats.bytes.read();
    reading.copied_bytes = stats.copied_bytes.read();
    reading.spliced_bytes = stats.spliced_bytes.read();
    reading.peeked_bytes = stats.peeked_bytes.read();
    reading.into_splice = stats.into_splice.read();
    reading.out_of_splice = stats.out_of_splice.read();
    reading.pauses = stats.pauses.read();
    return reading;
}

EndpointReading read(const EndpointStats& stats, base::Instant) {
    EndpointReading reading;
    reading.connections = stats.connections.read();
    reading.active = stats.active.read();
    reading.failures = stats.failures.read();
    reading.bytes_up = stats.bytes_up.read();
    reading.bytes_down = stats.bytes_down.read();
    reading.marked_down = stats.marked_down.read();
    reading.passive_down = stats.passive_down.read();
    reading.requests = stats.requests.read();
    reading.requests_active = stats.requests_active.read();
    reading.exchange_failures = stats.exchange_failures.read();
    for (std::size_t status = 0; status < status_class_count; ++status) {
        reading.by_status_class[status] = stats.by_status_class[status].read();
    }
    reading.ejections = stats.ejections.read();
    reading.ejected = stats.ejected.read();
    reading.latency_ewma_sum_ns = stats.latency_ewma_ns.read();
    reading.latency_ewma_shards = reading.latency_ewma_sum_ns == 0 ? 0 : 1;
    return reading;
}

RingReading read_ring(const RingStats& stats) {
    RingReading reading;
    reading.turns = stats.turns.read();
    reading.enters = stats.enters.read();
    reading.completions = stats.completions.read();
    reading.submissions = stats.submissions.read();
    reading.sends = stats.sends.read();
    reading.overflows = stats.overflows.read();
    reading.stale = stats.stale.read();
    reading.wakes = stats.wakes.read();
    reading.buffer_parks = stats.buffer_parks.read();
    reading.long_turns = stats.long_turns.read();
    return reading;
}

void read_resources(ShardReading& reading, const ShardStats& stats) {
    reading.buffers_in_use = stats.buffers_in_use.read();
    reading.buffers_total = stats.buffers_total.read();
    reading.pipes_in_use = stats.pipes_in_use.read();
    reading.pipes_open = stats.pipes_open.read();
    reading.slots_in_use = stats.slots_in_use.read();
    reading.frames_in_use = stats.frames_in_use.read();
    reading.frame_spills = stats.frame_spills.read();
    reading.cpu_ns = stats.cpu_ns.read();
    reading.log_lines = stats.log_lines.read();
    reading.log_lines_dropped = stats.log_lines_dropped.read();
    reading.heartbeat = stats.heartbeat.read();
}

void add_resources(ShardReading& to, const ShardReading& from) {
    to.buffers_in_use += from.buffers_in_use;
    to.buffers_total += from.buffers_total;
    to.pipes_in_use += from.pipes_in_use;
    to.pipes_open += from.pipes_open;
    to.slots_in_use += from.slots_in_use;
    to.frames_in_use += from.frames_in_use;
    to.frame_spills += from.frame_spills;
    to.cpu_ns += from.cpu_ns;
    to.log_lines += from.log_lines;
    to.log_lines_dropped += from.log_lines_dropped;
    to.heartbeat += from.heartbeat;
}

// What one shard has and another has not counts as zeros.
template <typename Reading>
void add_rows(std::vector<Reading>& to, const std::vector<Reading>& from) {
    to.resize(std::max(to.size(), from.size()));
    for (std::size_t index = 0; index < from.size(); ++index) to[index].add(from[index]);
}

// The table may grow meanwhile: what is new by then is not read.
template <typename Reading, typename Stats>
std::vector<Reading> read_rows(const StatsTable<Stats>& table, base::Instant now) {
    std::vector<Reading> rows;
    const std::size_t count = table.size();
    rows.reserve(count);
    for (std::size_t index = 0; index < count; ++index) rows.push_back(read(table[index], now));
    return rows;
}

}  // namespace

std::uint64_t EndpointReading::latency_ewma_ns() const {
    return latency_ewma_shards == 0 ? 0 : latency_ewma_sum_ns / latency_ewma_shards;
}

void EndpointReading::add(const EndpointReading& other) {
    connections += other.connections;
    active += other.active;
    failures += other.failures;
    bytes_up += other.bytes_up;
    bytes_down += other.bytes_down;
    marked_down += other.marked_down;
    passive_down += other.passive_down;
    requests += other.requests;
    requests_active += other.requests_active;
    exchange_failures += other.exchange_failures;
    for (std::size_t status = 0; status < status_class_count; ++status) {
        by_status_class[status] += other.by_status_class[status];
    }
    ejections += other.ejections;
    ejected += other.ejected;
    latency_ewma_sum_ns += other.latency_ewma_sum_ns;
    latency_ewma_shards += other.latency_ewma_shards;
}

double RingReading::completions_per_turn() const { return ratio(completions, turns); }
double RingReading::completions_per_enter() const { return ratio(completions, enters); }
double RingReading::sends_per_turn() const { return ratio(sends, turns); }

std::uint64_t ShardReading::closed_total() const {
    return std::accumulate(closed.begin(), closed.end(), std::uint64_t{0});
}

void ShardReading::add(const ShardReading& other) {
    accepted += other.accepted;
    active += other.active;
    refused += other.refused;
    accept_pauses += other.accept_pauses;
    accept_errors += other.accept_errors;
    for (std::size_t reason = 0; reason < closed.size(); ++reason) {
        closed[reason] += other.closed[reason];
    }
    for (std::size_t way = 0; way < direction.size(); ++way) {
        add_direction(direction[way], other.direction[way]);
    }
    connect_failures += other.connect_failures;
    connect_retries += other.connect_retries;
    sessions_with_preamble += other.sessions_with_preamble;
    connect.add(other.connect);
    first_byte.add(other.first_byte);
    session.add(other.session);
    add_ring(ring, other.ring);
    add_resources(*this, other);
    http.add(other.http);

    listeners.resize(std::max(listeners.size(), other.listeners.size()));
    for (std::size_t index = 0; index < other.listeners.size(); ++index) {
        listeners[index].accepted += other.listeners[index].accepted;
        listeners[index].active += other.listeners[index].active;
    }
    add_rows(endpoints, other.endpoints);
    add_rows(routes, other.routes);
    add_rows(upstreams, other.upstreams);
    add_rows(pools, other.pools);
}

ShardReading read(const ShardStats& stats, base::Instant now) {
    ShardReading reading;
    reading.accepted = stats.accepted.read();
    reading.active = stats.active.read();
    reading.refused = stats.refused.read();
    reading.accept_pauses = stats.accept_pauses.read();
    reading.accept_errors = stats.accept_errors.read();
    for (std::size_t reason = 0; reason < close_reason_count; ++reason) {
        reading.closed[reason] = stats.closed[reason].read();
    }
    for (std::size_t way = 0; way < stats.direction.size(); ++way) {
        reading.direction[way] = read_direction(stats.direction[way]);
    }
    reading.connect_failures = stats.connect_failures.read();
    reading.connect_retries = stats.connect_retries.read();
    reading.sessions_with_preamble = stats.sessions_with_preamble.read();
    reading.connect = read(stats.connect, now);
    reading.first_byte = read(stats.first_byte, now);
    reading.session = read(stats.session, now);
    reading.ring = read_ring(stats.ring);
    read_resources(reading, stats);

    reading.listeners.resize(stats.listener_count);
    for (std::size_t index = 0; index < stats.listener_count; ++index) {
        const ListenerStats& listener = stats.listeners[index];
        reading.listeners[index] = {listener.accepted.read(), listener.active.read()};
    }
    reading.http = read(stats.http, now);
    reading.endpoints = read_rows<EndpointReading>(stats.endpoints, now);
    reading.routes = read_rows<TrafficReading>(stats.routes, now);
    reading.upstreams = read_rows<TrafficReading>(stats.upstreams, now);
    reading.pools = read_rows<PoolReading>(stats.pools, now);
    return reading;
}

ShardReading merge(std::span<const ShardReading> shards) {
    ShardReading total;
    for (const ShardReading& shard : shards) total.add(shard);
    return total;
}

std::string_view name_of(EndpointState state) {
    switch (state) {
        case EndpointState::ready: return "ready";
        case EndpointState::drain: return "drain";
        case EndpointState::down: return "down";
        case EndpointState::unhealthy: return "unhealthy";
    }
    return "unknown";
}

std::string_view name_of(CheckedHealth health) {
    switch (health) {
        case CheckedHealth::unchecked: return "-";
        case CheckedHealth::passing: return "passing";
        case CheckedHealth::failing: return "failing";
    }
    return "unknown";
}

Snapshot take_snapshot(Context context, std::span<const ShardStats* const> shards,
                       base::Instant now) {
    Snapshot snapshot;
    snapshot.context = std::move(context);
    snapshot.shards.reserve(shards.size());
    for (const ShardStats* shard : shards) snapshot.shards.push_back(read(*shard, now));
    snapshot.total = merge(snapshot.shards);
    return snapshot;
}

}  // namespace ringway::stats
