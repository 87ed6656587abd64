// What several of the answers show alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ringway/stats/json.h"
#include "ringway/stats/snapshot.h"
#include "ringway/stats/table.h"

namespace ringway::stats {

// The rows for which a reading holds no numbers yet read as zeros.
ListenerReading listener_at(const ShardReading& reading, std::size_t index);
EndpointReading endpoint_at(const ShardReading& reading, std::size_t slot);
const TrafficReading& traffic_at(const std::vector<TrafficReading>& readings, std::size_t index);
const PoolReading& pool_at(const ShardReading& reading, std::size_t index);

// Retired by a reload, and nothing of it is left that moves: text no longer shows it.
bool is_past(const RouteRow& row, const ShardReading& total);
bool is_past(const UpstreamRow& row, std::size_t index, const ShardReading& total);
bool is_past(const EndpointRow& row, const ShardReading& total);

// What the parser calls a fault; its number where no name is known.
std::string fault_name(const Context& context, std::size_t fault);

// One heading row and one row per endpoint.
void add_upstream_rows(Table& table, const Snapshot& snapshot);

void write_listeners_json(JsonWriter& json, const Context& context, const ShardReading& reading);
void write_latency_json(JsonWriter& json, std::string_view name, const LatencyReading& latency);
void write_http_json(JsonWriter& json, const Context& context, const ShardReading& reading);
void write_routes_json(JsonWriter& json, const Context& context, const ShardReading& reading);
void write_upstreams_json(JsonWriter& json, const Context& context, const ShardReading& reading);

// {"schema":1,"kind":...: the beginning of every JSON answer.
void begin_answer(JsonWriter& json, std::string_view kind);

}  // namespace ringway::stats
