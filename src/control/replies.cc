#include "replies.h"

#include <utility>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

#include "ringway/ring/sys.h"
#include "ringway/stats/render.h"
#include "stats_rows.h"

namespace ringway::control {
namespace {

stats::EndpointState shown_state(const EndpointStatus& status) {
    switch (status.state) {
        case upstream::AdminState::drain: return stats::EndpointState::drain;
        case upstream::AdminState::down: return stats::EndpointState::down;
        case upstream::AdminState::ready: break;
    }
    return status.healthy ? stats::EndpointState::ready : stats::EndpointState::unhealthy;
}

std::string shown_addresses(const EndpointStatus& status) {
    if (config::is_unix(status.endpoint->target.scheme)) {
        return status.endpoint->target.to_string();
    }
    std::string text;
    for (const net::Address& address : status.addresses) {
        if (!text.empty()) text += ',';
        text += address.to_string();
    }
    return text;
}

stats::EndpointRow row_of(const EndpointStatus& status) {
    stats::EndpointRow row;
    row.upstream = status.upstream->name;
    row.name = status.endpoint->name;
    row.address = shown_addresses(status);
    row.state = shown_state(status);
    row.weight = status.endpoint->weight;
    row.backup = status.endpoint->backup;
    row.connections_max = status.endpoint->connections_max;
    row.slot = status.endpoint->slot;
    row.retired = status.endpoint->retired || status.upstream->retired;
    if (status.upstream->health.enabled && !row.retired) {
        row.health = status.healthy ? stats::CheckedHealth::passing : stats::CheckedHealth::failing;
    }
    return row;
}

stats::Context context_of(const ServerState& state) {
    stats::Context context;
    context.version = version();
    context.wall_us = ring::sys::wall_clock_us();
    context.uptime = ring::sys::now() - state.started;
    context.window = state.settings().stats_window;
    context.connections_max = state.settings().connections_max;
    context.draining = state.draining;
    context.writer_lines_dropped = state.sink_lines_dropped;
    for (const auto& link : state.shards) context.cpus.push_back(link->cpu);
    context.listeners = state.listeners;
    context.upstreams = upstream_rows_of(state.settings());
    context.routes = route_rows_of(state.settings());
    context.fault_names = fault_names();
    for (const config::Upstream& upstream : state.settings().upstreams) {
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            context.endpoints.push_back(row_of(state.endpoints[endpoint.slot]));
        }
    }
    return context;
}

std::string ring_features_of(const ServerState& state) {
    return state.shards.empty() ? std::string{} : state.shards.front()->ring_features;
}

stats::ConnectionLine line_of(const ServerState& state, const shard::ConnectionRow& row) {
    stats::ConnectionLine line;
    line.shard = row.shard;
    line.id = row.id;
    line.client = row.client.to_string();
    if (row.listener < state.listeners.size()) line.listener = state.listeners[row.listener].name;
    const auto flat = static_cast<std::size_t>(row.endpoint);
    if (row.endpoint >= 0 && flat < state.endpoints.size()) {
        line.upstream = state.endpoints[flat].upstream->name;
        line.endpoint = state.endpoints[flat].endpoint->name;
    }
    line.state = row.state;
    line.mode_up = row.mode_up;
    line.mode_down = row.mode_down;
    line.bytes_up = row.bytes_up;
    line.bytes_down = row.bytes_down;
    line.age = base::Duration::milliseconds(row.age_ms);
    line.idle = base::Duration::milliseconds(row.idle_ms);
    return line;
}

}  // namespace

std::string_view name_of(config::Balance balance) {
    switch (balance) {
        case config::Balance::round_robin: return "round-robin";
        case config::Balance::least_connections: return "least-connections";
        case config::Balance::least_requests: return "least-requests";
        case config::Balance::p2c: return "p2c";
        case config::Balance::hash_client: return "hash:client";
        case config::Balance::hash_header: return "hash:header";
        case config::Balance::hash_cookie: return "hash:cookie";
    }
    return "unknown";
}

std::string_view name_of(config::RelayMode mode) {
    switch (mode) {
        case config::RelayMode::automatic: return "auto";
        case config::RelayMode::copy: return "copy";
        case config::RelayMode::splice: return "splice";
    }
    return "unknown";
}

stats::Snapshot snapshot_of(const ServerState& state) {
    const std::vector<const stats::ShardStats*> shards = stats_of_shards(state);
    const base::Instant now = ring::sys::now();
    stats::Snapshot snapshot = stats::take_snapshot(context_of(state), shards, now);
    stats::RateHistory::PerShard rates = state.rates.rates(shards, now);
    if (!rates.shards.empty()) {
        snapshot.rates = rates.total;
        snapshot.shard_rates = std::move(rates.shards);
    }
    return snapshot;
}

std::string stats_reply(const ServerState& state, bool per_shard, bool json) {
    const stats::Snapshot snapshot = snapshot_of(state);
    return json ? stats::stats_json(snapshot, per_shard) : stats::stats_text(snapshot, per_shard);
}

std::string upstreams_reply(const ServerState& state, bool json) {
    const stats::Snapshot snapshot = snapshot_of(state);
    return json ? stats::upstreams_json(snapshot) : stats::upstreams_text(snapshot);
}

std::string info_reply(const ServerState& state, bool json) {
    const config::Settings& settings = state.settings();
    stats::Info info;
    info.version = version();
    info.process_id = ::getpid();
    info.started_wall_us = state.started_wall_us;
    info.uptime = ring::sys::now() - state.started;
    info.draining = state.draining;
    info.shards = static_cast<std::uint32_t>(state.shards.size());
    info.pinned = state.pinned;
    info.relay = name_of(settings.relay);
    info.connections_max = settings.connections_max;
    info.descriptors_max = state.descriptors_max;
    utsname kernel{};
    if (::uname(&kernel) == 0) info.kernel = kernel.release;
    info.ring_features = ring_features_of(state);
    info.log_level = stats::name_of(static_cast<stats::LogLevel>(state.log_level));
    info.generation = state.reloads.generation;
    info.reloads_done = state.reloads.done;
    info.reloads_refused = state.reloads.refused;
    info.last_reload_wall_us = state.reloads.last_wall_us;
    info.last_reload_result = state.reloads.last_result;
    info.config_path = settings.config_path;
    info.control_path = settings.control_path;
    info.access_log = settings.access_log;
    info.listeners = state.listeners;
    for (const config::Upstream& upstream : settings.upstreams) {
        stats::UpstreamInfo row;
        row.name = upstream.name;
        row.balance = name_of(upstream.balance);
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            row.endpoints.push_back(endpoint.name);
        }
        info.upstreams.push_back(std::move(row));
    }
    return json ? stats::info_json(info) : stats::info_text(info);
}

std::string connections_reply(const ServerState& state, std::span<const shard::ConnectionRow> rows,
                              std::uint64_t total, bool json) {
    std::vector<stats::ConnectionLine> lines;
    lines.reserve(rows.size());
    for (const shard::ConnectionRow& row : rows) lines.push_back(line_of(state, row));
    return json ? stats::connections_json(lines, total) : stats::connections_text(lines, total);
}

}  // namespace ringway::control
