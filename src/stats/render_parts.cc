#include "render_parts.h"

#include <fmt/format.h>

#include "ringway/stats/render.h"

namespace ringway::stats {

void begin_answer(JsonWriter& json, std::string_view kind) {
    json.begin_object();
    json.number("schema", json_schema_version);
    json.text("kind", kind);
}

ListenerReading listener_at(const ShardReading& reading, std::size_t index) {
    return index < reading.listeners.size() ? reading.listeners[index] : ListenerReading{};
}

EndpointReading endpoint_at(const ShardReading& reading, std::size_t slot) {
    return slot < reading.endpoints.size() ? reading.endpoints[slot] : EndpointReading{};
}

const TrafficReading& traffic_at(const std::vector<TrafficReading>& readings, std::size_t index) {
    static const TrafficReading none;
    return index < readings.size() ? readings[index] : none;
}

const PoolReading& pool_at(const ShardReading& reading, std::size_t index) {
    static const PoolReading none;
    return index < reading.pools.size() ? reading.pools[index] : none;
}

bool is_past(const RouteRow& row, const ShardReading& total) {
    return row.retired && traffic_at(total.routes, row.slot).active == 0;
}

bool is_past(const UpstreamRow& row, std::size_t index, const ShardReading& total) {
    return row.retired && traffic_at(total.upstreams, index).active == 0 &&
           pool_at(total, index).connections == 0;
}

bool is_past(const EndpointRow& row, const ShardReading& total) {
    const EndpointReading reading = endpoint_at(total, row.slot);
    return row.retired && reading.active == 0 && reading.requests_active == 0;
}

std::string fault_name(const Context& context, std::size_t fault) {
    if (fault < context.fault_names.size()) return std::string(context.fault_names[fault]);
    return fmt::format("fault-{}", fault);
}

}  // namespace ringway::stats
