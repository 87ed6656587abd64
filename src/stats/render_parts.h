// What several of the answers show alike.
#pragma once

#include <string_view>

#include "ringway/stats/json.h"
#include "ringway/stats/snapshot.h"
#include "ringway/stats/table.h"

namespace ringway::stats {

// The rows for which a reading holds no numbers yet read as zeros.
ListenerReading listener_at(const ShardReading& reading, std::size_t index);
EndpointReading endpoint_at(const ShardReading& reading, std::size_t index);

// One heading row and one row per endpoint.
void add_upstream_rows(Table& table, const Snapshot& snapshot);

void write_listeners_json(JsonWriter& json, const Context& context, const ShardReading& reading);
void write_upstreams_json(JsonWriter& json, const Context& context, const ShardReading& reading);

// {"schema":1,"kind":...: the beginning of every JSON answer.
void begin_answer(JsonWriter& json, std::string_view kind);

}  // namespace ringway::stats
