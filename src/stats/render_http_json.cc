// What the JSON answers say of HTTP: the same numbers as the text, raw.
#include <fmt/format.h>

#include "render_parts.h"

namespace ringway::stats {

namespace {

using Faults = std::array<std::uint64_t, fault_count_max>;

// Those that happened: a reader that looks for one takes a missing one for 0.
void write_faults(JsonWriter& json, std::string_view name, const Context& context,
                  const Faults& faults) {
    json.begin_object(name);
    for (std::size_t fault = 0; fault < faults.size(); ++fault) {
        if (faults[fault] != 0) json.number(fault_name(context, fault), faults[fault]);
    }
    json.end_object();
}

void write_statuses(JsonWriter& json,
                    const std::array<std::uint64_t, status_class_count>& statuses) {
    json.begin_object("statuses");
    for (std::size_t status = 0; status < statuses.size(); ++status) {
        json.number(name_of_status_class(status), statuses[status]);
    }
    json.end_object();
}

// An object under `name`: exchanges of one route or one upstream.
void write_traffic(JsonWriter& json, const TrafficReading& reading) {
    json.begin_object("traffic");
    json.number("requests", reading.requests);
    json.number("active", reading.active);
    json.number("errors", reading.errors);
    json.real("error_rate", reading.error_rate());
    json.begin_object("methods");
    for (std::size_t method = 0; method < method_class_count; ++method) {
        json.number(name_of(static_cast<MethodClass>(method)), reading.by_method[method]);
    }
    json.end_object();
    write_statuses(json, reading.by_status_class);
    json.number("ended_total", reading.ended());
    json.begin_object("ended");
    for (std::size_t end = 0; end < exchange_end_count; ++end) {
        json.number(name_of(static_cast<ExchangeEnd>(end)), reading.ends[end]);
    }
    json.end_object();
    json.number("request_body_bytes", reading.request_body_bytes);
    json.number("response_body_bytes", reading.response_body_bytes);
    json.number("retries", reading.retries);
    json.number("retries_denied", reading.retries_denied);
    json.number("upgrades", reading.upgrades);
    json.begin_object("latency");
    write_latency_json(json, "total", reading.total);
    write_latency_json(json, "queue", reading.queue);
    write_latency_json(json, "connect", reading.connect);
    write_latency_json(json, "first_byte", reading.first_byte);
    json.end_object();
    json.end_object();
}

void write_pool(JsonWriter& json, const UpstreamRow& row, const PoolReading& pool) {
    json.begin_object("pool");
    json.number("connections_min", row.connections_min);
    json.number("connections_max", row.connections_max);
    json.number("connections", pool.connections);
    json.number("idle", pool.idle);
    json.number("leased", pool.leased);
    json.number("waiting", pool.waiting);
    json.real("utilisation", pool.utilisation(row.connections_max));
    json.number("opened", pool.opened);
    json.number("connect_failures", pool.connect_failures);
    json.number("leases", pool.leases);
    json.number("reuses", pool.reuses);
    json.real("reuse_ratio", pool.reuse_ratio());
    json.number("waits", pool.waits);
    json.number("wait_timeouts", pool.wait_timeouts);
    json.number("closed_idle", pool.closed_idle);
    json.number("closed_by_peer", pool.closed_by_peer);
    json.number("evicted", pool.evicted);
    json.number("ejections", pool.ejections);
    json.number("ejected", pool.ejected);
    json.number("successes", pool.successes);
    json.number("failures", pool.failures);
    write_latency_json(json, "wait", pool.wait);
    json.end_object();
}

void write_endpoint(JsonWriter& json, const EndpointRow& row, const EndpointReading& reading) {
    json.begin_object();
    json.text("name", row.name);
    json.text_or_null("address", row.address);
    json.text("state", name_of(row.state));
    if (row.health == CheckedHealth::unchecked) {
        json.null("health");
    } else {
        json.text("health", name_of(row.health));
    }
    json.boolean("retired", row.retired);
    json.number("weight", row.weight);
    json.boolean("backup", row.backup);
    json.number("connections_max", row.connections_max);
    json.number("active", reading.active);
    json.number("connections", reading.connections);
    json.number("failures", reading.failures);
    json.number("bytes_up", reading.bytes_up);
    json.number("bytes_down", reading.bytes_down);
    json.number("marked_down", reading.marked_down);
    json.number("shards_holding_down", reading.passive_down);
    json.number("requests", reading.requests);
    json.number("requests_active", reading.requests_active);
    json.number("exchange_failures", reading.exchange_failures);
    write_statuses(json, reading.by_status_class);
    if (reading.latency_ewma_ns() == 0) {
        json.null("latency_ewma_ns");
    } else {
        json.number("latency_ewma_ns", reading.latency_ewma_ns());
    }
    json.number("ejections", reading.ejections);
    json.number("shards_ejecting", reading.ejected);
    json.end_object();
}

}  // namespace

void write_http_json(JsonWriter& json, const Context& context, const ShardReading& reading) {
    const HttpReading& http = reading.http;
    json.begin_object("http");
    json.number("sessions", http.sessions);
    json.number("idle", http.idle);
    json.number("requests", http.requests);
    json.number("pipelined", http.pipelined);
    json.number("bad_requests", http.bad_requests);
    json.number("idle_closed", http.idle_closed);
    write_faults(json, "request_faults", context, http.request_faults);
    write_faults(json, "response_faults", context, http.response_faults);
    write_latency_json(json, "shed", http.shed);
    json.end_object();
}

void write_routes_json(JsonWriter& json, const Context& context, const ShardReading& reading) {
    json.begin_array("routes");
    for (const RouteRow& row : context.routes) {
        json.begin_object();
        json.text("name", row.name);
        json.text_or_null("upstream", row.upstream);
        json.boolean("retired", row.retired);
        json.number("requests_max", row.requests_max);
        write_traffic(json, traffic_at(reading.routes, row.slot));
        json.end_object();
    }
    json.end_array();
}

void write_upstreams_json(JsonWriter& json, const Context& context, const ShardReading& reading) {
    json.begin_array("upstreams");
    for (std::size_t index = 0; index < context.upstreams.size(); ++index) {
        const UpstreamRow& row = context.upstreams[index];
        json.begin_object();
        json.text("name", row.name);
        json.text("balance", row.balance);
        json.boolean("retired", row.retired);
        json.number("requests_max", row.requests_max);
        if (row.http) {
            write_traffic(json, traffic_at(reading.upstreams, index));
            write_pool(json, row, pool_at(reading, index));
        } else {
            json.null("traffic");
            json.null("pool");
        }
        json.begin_array("endpoints");
        for (const EndpointRow& endpoint : context.endpoints) {
            if (endpoint.upstream != row.name) continue;
            write_endpoint(json, endpoint, endpoint_at(reading, endpoint.slot));
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
}

}  // namespace ringway::stats
