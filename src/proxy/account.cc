// What is known of an exchange when it is over: counters, histograms, the access log's line.

#include <algorithm>

#include "ringway/proxy/exchange.h"
#include "ringway/ring/sys.h"
#include "ringway/stats/exchange_record.h"

namespace ringway::proxy {

namespace {

stats::MethodClass class_of(http::Method method) {
    switch (method) {
        case http::Method::get:
        case http::Method::head: return stats::MethodClass::read;
        case http::Method::post: return stats::MethodClass::post;
        case http::Method::put:
        case http::Method::patch: return stats::MethodClass::update;
        case http::Method::delete_: return stats::MethodClass::remove;
        default: return stats::MethodClass::other;
    }
}

stats::ExchangeLineFormat line_format(const config::Settings& settings) {
    switch (settings.access_log_format) {
        case config::AccessLogFormat::combined: return stats::ExchangeLineFormat::combined;
        case config::AccessLogFormat::json: return stats::ExchangeLineFormat::json;
        case config::AccessLogFormat::haproxy: return stats::ExchangeLineFormat::haproxy;
        case config::AccessLogFormat::native: break;
    }
    return settings.log_format == config::LogFormat::json ? stats::ExchangeLineFormat::json
                                                          : stats::ExchangeLineFormat::text;
}

std::uint64_t request_body_bytes(const Exchange& exchange) {
    return exchange.up.body_bytes() + exchange.tunnel_up_bytes;
}

std::uint64_t response_body_bytes(const Exchange& exchange) {
    return exchange.down.body_bytes() + exchange.tunnel_down_bytes;
}

void count(Exchange& exchange, stats::TrafficStats& stats) {
    stats.request_body_bytes.add(request_body_bytes(exchange));
    stats.response_body_bytes.add(response_body_bytes(exchange));
    stats.count_end(class_of(exchange.request.method), exchange.status, exchange.end,
                    exchange.times, exchange.context.now);
}

void fill_request(const Exchange& exchange, stats::ExchangeRecord& record) {
    const http::RequestHead& head = exchange.request;
    record.request_id = exchange.request_id;
    record.method = head.text(head.method_text);
    record.target = head.text(head.target);
    record.version_minor = head.version_minor;
    record.host = exchange.target.authority;
    record.user_agent = head.value_of(http::FieldName::user_agent);
    record.referer = head.value_of(http::FieldName::referer);
}

void log(Exchange& exchange) {
    const config::Settings& settings = exchange.settings();
    char client[net::address_text_bytes_max];
    stats::ExchangeRecord record;
    record.ended_wall_us = ring::sys::wall_clock_us();
    record.shard = exchange.context.shard;
    record.session = exchange.session.id;
    record.exchange = exchange.number;
    record.client = {client, exchange.session.client().write(client)};
    record.listener = exchange.session.listener_settings().name;
    if (exchange.route != nullptr) {
        record.route = exchange.route->name;
        if (exchange.upstream_state != nullptr) {
            record.upstream = settings.upstreams[exchange.route->upstream].name;
        }
    }
    if (exchange.endpoint != nullptr) record.endpoint = exchange.endpoint->settings->name;
    if (exchange.head_complete) fill_request(exchange, record);
    record.status = exchange.status;
    record.request_body_bytes = request_body_bytes(exchange);
    record.response_body_bytes = response_body_bytes(exchange);
    // What is still queued is on its way: counted as what it will be.
    record.response_bytes = exchange.client.sent_bytes() + exchange.client.out().bytes() -
                            exchange.sent_before + exchange.down_flow.bytes +
                            exchange.tunnel_down_bytes;
    record.retries = exchange.retries;
    record.reused = exchange.reused;
    record.head = exchange.head_at - exchange.began_at;
    record.times = exchange.times;
    record.end = exchange.end;
    record.sessions_active = static_cast<std::uint32_t>(exchange.context.stats.active.read());
    if (exchange.upstream_state != nullptr) {
        const stats::TrafficStats& upstream = *exchange.upstream_state->stats;
        record.upstream_active = static_cast<std::uint32_t>(upstream.active.read());
    }
    if (exchange.endpoint != nullptr) record.endpoint_active = exchange.endpoint->requests_active;
    record.queued_before = exchange.lease.queued_before;
    char line[stats::exchange_line_bytes_max];
    const std::size_t bytes =
        stats::format_exchange_line(line, sizeof line, record, line_format(settings));
    exchange.context.log_ring.write(stats::LogStream::access, {line, bytes});
}

}  // namespace

void account(Exchange& exchange) {
    exchange.times.total = exchange.context.now - exchange.head_at;
    if (exchange.end == stats::ExchangeEnd::bad_request) {
        const auto fault = static_cast<std::size_t>(exchange.fault);
        exchange.context.stats.http.request_faults[fault].add();
    }
    if (exchange.route_state != nullptr) {
        count(exchange, *exchange.route_state->stats);
    } else {
        exchange.context.stats.http.bad_requests.add();
    }
    if (exchange.upstream_state != nullptr) count(exchange, *exchange.upstream_state->stats);
    if (exchange.endpoint != nullptr) {
        exchange.endpoint->stats->bytes_up.add(request_body_bytes(exchange));
        exchange.endpoint->stats->bytes_down.add(response_body_bytes(exchange));
    }
    if (!exchange.settings().access_log.empty()) log(exchange);
}

}  // namespace ringway::proxy
