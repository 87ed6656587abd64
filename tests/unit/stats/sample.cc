#include "sample.h"

#include <array>

#include "ringway/stats/exchange_record.h"
#include "ringway/stats/session_record.h"

namespace ringway::stats {

namespace {

void fill_direction(DirectionStats& direction, std::uint64_t copied, std::uint64_t spliced) {
    direction.bytes.add(copied + spliced);
    direction.copied_bytes.add(copied);
    direction.spliced_bytes.add(spliced);
    direction.into_splice.add(spliced == 0 ? 0 : 1);
}

}  // namespace

std::vector<std::unique_ptr<ShardStats>> sample_shards() {
    std::vector<std::unique_ptr<ShardStats>> shards;
    for (std::uint64_t index = 0; index < 2; ++index) {
        auto shard = std::make_unique<ShardStats>(2, 3);
        shard->accepted.add(1'000 + index);
        shard->active.add(1 + index);
        shard->closed[static_cast<std::size_t>(CloseReason::finished)].add(996);
        shard->closed[static_cast<std::size_t>(CloseReason::idle_timeout)].add(3);
        fill_direction(shard->direction[0], 2'048, 0);
        fill_direction(shard->direction[1], 1'024, index * 1'048'576);
        for (int sample = 1; sample <= 100; ++sample) {
            const auto value = base::Duration::microseconds(sample);
            shard->connect.record(value, {30'000'000'000});
            if (index == 1) shard->connect.record(value * 2, sample_now);
        }
        shard->ring.turns.set(100 + index * 100);
        shard->ring.enters.set(100);
        shard->ring.completions.set(250);
        shard->ring.sends.set(90);
        shard->buffers_in_use.set(3);
        shard->buffers_total.set(64);
        shard->cpu_ns.set(1'500'000'000);
        shard->listeners[0].accepted.add(1'000);
        shard->listeners[1].accepted.add(index);
        shard->endpoints[0].connections.add(500);
        shard->endpoints[0].active.add(1);
        shard->endpoints[0].bytes_up.add(2'048);
        shard->endpoints[1].failures.add(4);
        shard->endpoints[1].passive_down.set(index);
        shards.push_back(std::move(shard));
    }
    return shards;
}

Context sample_context() {
    Context context;
    context.version = "0.1.0";
    context.wall_us = sample_wall_us;
    context.uptime = base::Duration::seconds(3'725);
    context.connections_max = 4'096;
    context.cpus = {0, -1};
    context.listeners = {{"web", "tcp://127.0.0.1:40123", "redis"},
                         {"local", "tcp+unix:/run/r.sock", "other"}};
    context.endpoints = {{"redis", "10.0.0.5:6379", "10.0.0.5:6379", EndpointState::ready, 3, false,
                          100, 0, false, CheckedHealth::passing},
                         {"redis", "spare", "10.0.0.6:6379", EndpointState::unhealthy, 1, true, 0,
                          1, false, CheckedHealth::failing},
                         {"other", "db", "", EndpointState::drain, 1, false, 0, 2, false}};
    context.upstreams = {{"redis", "p2c", false, 0, 256, 0, false},
                         {"other", "round-robin", false, 0, 256, 0, false}};
    return context;
}

Snapshot sample_snapshot() {
    const auto owners = sample_shards();
    const std::array<const ShardStats*, 2> shards{owners[0].get(), owners[1].get()};
    return take_snapshot(sample_context(), shards, sample_now);
}

namespace {

void fill_route(TrafficStats& route, std::uint64_t scale) {
    for (std::uint64_t index = 0; index < 100 * scale; ++index) {
        route.count_begin();
        ExchangeTimes times;
        times.total = base::Duration::microseconds(static_cast<std::int64_t>(200 + index));
        times.first_byte = base::Duration::microseconds(150);
        if (index % 10 == 0) times.connect = base::Duration::microseconds(90);
        if (index % 25 == 0) times.queue = base::Duration::milliseconds(2);
        if (index == 7) {
            route.count_end(MethodClass::post, 503, ExchangeEnd::overloaded, times, sample_now);
        } else if (index == 8) {
            route.count_end(MethodClass::read, 200, ExchangeEnd::upstream_cut, times, sample_now);
        } else {
            route.count_end(index % 4 == 0 ? MethodClass::post : MethodClass::read,
                            index % 50 == 0 ? 404 : 200, ExchangeEnd::finished, times, sample_now);
        }
    }
    for (int index = 0; index < 3; ++index) route.count_begin();
    route.request_body_bytes.add(25 * 16'384 * scale);
    route.response_body_bytes.add(100 * 1'024 * scale);
    route.retries.add(2);
    route.retries_denied.add(1);
}

void fill_pool(PoolStats& pool) {
    pool.connections.set(12);
    pool.idle.set(8);
    pool.leased.set(4);
    pool.waiting.set(1);
    pool.opened.add(30);
    pool.leases.add(400);
    pool.reuses.add(370);
    pool.waits.add(5);
    for (int index = 1; index <= 5; ++index) {
        pool.wait.record(base::Duration::milliseconds(index), sample_now);
    }
    pool.wait_timeouts.add(1);
    pool.closed_idle.add(10);
    pool.closed_by_peer.add(7);
    pool.evicted.add(1);
    pool.ejections.add(1);
    pool.successes.add(390);
    pool.failures.add(6);
}

void fill_endpoint(EndpointStats& endpoint, std::uint64_t latency_us) {
    endpoint.connections.add(30);
    endpoint.active.set(12);
    endpoint.requests.add(400);
    endpoint.requests_active.set(4);
    endpoint.by_status_class[2].add(390);
    endpoint.by_status_class[4].add(4);
    endpoint.by_status_class[0].add(2);
    endpoint.exchange_failures.add(2);
    endpoint.latency_ewma_ns.set(latency_us * 1'000);
}

}  // namespace

// Upstream 1 and route 2 were retired by a reload; of the route something is still active.
std::vector<std::unique_ptr<ShardStats>> sample_http_shards() {
    std::vector<std::unique_ptr<ShardStats>> shards;
    for (std::uint64_t index = 0; index < 2; ++index) {
        auto shard = std::make_unique<ShardStats>(1, StatsSizes{3, 4, 2});
        shard->accepted.add(50);
        shard->active.add(50);
        shard->http.sessions.add(50);
        shard->http.idle.set(46);
        shard->http.requests.add(210 + index);
        shard->http.pipelined.add(3);
        shard->http.bad_requests.add(2);
        shard->http.request_faults[1].add(1);
        shard->http.request_faults[2].add(index);
        shard->http.response_faults[2].add(1);
        shard->http.shed.record(base::Duration::microseconds(40), sample_now);
        fill_route(shard->routes[0], 1 + index);
        shard->routes[1].active.set(1 - index);
        fill_route(shard->upstreams[0], 1 + index);
        fill_pool(shard->pools[0]);
        fill_endpoint(shard->endpoints[0], 150 + index * 100);
        shard->endpoints[1].ejections.add(index);
        shard->endpoints[1].ejected.set(index);
        shards.push_back(std::move(shard));
    }
    return shards;
}

Context sample_http_context() {
    Context context;
    context.version = "0.1.0";
    context.wall_us = sample_wall_us;
    context.uptime = base::Duration::seconds(3'725);
    context.connections_max = 4'096;
    context.listeners = {{"web", "http://127.0.0.1:40123", ""}};
    context.upstreams = {{"api", "p2c", true, 2, 100, 50, false},
                         {"gone", "round-robin", true, 0, 256, 0, true}};
    context.endpoints = {
        {"api", "10.0.0.5:80", "10.0.0.5:80", EndpointState::ready, 1, false, 0, 0, false},
        {"gone", "old", "10.0.0.7:80", EndpointState::ready, 1, false, 0, 2, true},
        {"api", "10.0.0.6:80", "10.0.0.6:80", EndpointState::ready, 1, false, 20, 1, false}};
    context.routes = {{"v1", "api", 0, 0, false},
                      {"old-v1", "gone", 1, 0, true},
                      {"old-v0", "gone", 3, 0, true},
                      {"moved", "", 2, 10, false}};
    context.fault_names = {"none", "bad-request-line"};
    return context;
}

Snapshot sample_http_snapshot() {
    const auto owners = sample_http_shards();
    const std::array<const ShardStats*, 2> shards{owners[0].get(), owners[1].get()};
    Snapshot snapshot = take_snapshot(sample_http_context(), shards, sample_now);
    Rates rates;
    rates.span = base::Duration::milliseconds(1'200);
    rates.requests_per_second = 5'000;
    rates.bytes_down_per_second = 5'120'000;
    rates.cores_busy = 0.25;
    snapshot.rates = rates;
    snapshot.shard_rates = {rates, Rates{rates.span}};
    return snapshot;
}

std::vector<ConnectionLine> sample_connections() {
    ConnectionLine relaying;
    relaying.shard = 1;
    relaying.id = 17;
    relaying.client = "192.0.2.7:51000";
    relaying.listener = "web";
    relaying.upstream = "redis";
    relaying.endpoint = "spare";
    relaying.state = "relaying";
    relaying.mode_up = "copy";
    relaying.mode_down = "splice";
    relaying.bytes_up = 100;
    relaying.bytes_down = 3'000'000;
    relaying.age = base::Duration::seconds(61);
    relaying.idle = base::Duration::milliseconds(250);
    ConnectionLine fresh;
    fresh.id = 18;
    fresh.client = "192.0.2.8:51001";
    fresh.listener = "web";
    fresh.state = "connecting";
    return {relaying, fresh};
}

ExchangeRecord sample_exchange() {
    ExchangeRecord record;
    record.ended_wall_us = sample_wall_us;
    record.shard = 1;
    record.session = 42;
    record.exchange = 3;
    record.request_id = "0af7651916cd43dd";
    record.client = "[2001:db8::1]:51000";
    record.listener = "web";
    record.route = "v1";
    record.upstream = "api";
    record.endpoint = "10.0.0.5:80";
    record.method = "GET";
    record.target = "/v1/items?q=a";
    record.host = "api.example.com";
    record.user_agent = "curl/8.5 (x \"y\")";
    record.status = 200;
    record.response_body_bytes = 1'024;
    record.response_bytes = 1'200;
    record.retries = 1;
    record.reused = true;
    record.head = base::Duration::microseconds(12);
    record.times.first_byte = base::Duration::microseconds(1'534);
    record.times.total = base::Duration::microseconds(2'100);
    record.sessions_active = 7;
    record.upstream_active = 4;
    record.endpoint_active = 2;
    return record;
}

Info sample_info() {
    Info info;
    info.version = "0.1.0";
    info.process_id = 4'242;
    info.started_wall_us = sample_wall_us;
    info.uptime = base::Duration::seconds(5);
    info.shards = 2;
    info.pinned = true;
    info.relay = "auto";
    info.connections_max = 4'096;
    info.descriptors_max = 20'000;
    info.kernel = "6.12.1";
    info.ring_features = "defer-taskrun";
    info.log_level = "info";
    info.generation = 3;
    info.reloads_done = 2;
    info.reloads_refused = 1;
    info.last_reload_wall_us = sample_wall_us + 1'000'000;
    info.last_reload_result = "ok";
    info.control_path = "/run/ringway/ringway.sock";
    info.listeners = sample_context().listeners;
    info.upstreams = {{"redis", "p2c", {"10.0.0.5:6379", "spare"}},
                      {"other", "round-robin", {"db"}}};
    return info;
}

std::string hostile_text() {
    std::string text = "a b\"c\\d\n\r\t=\x1b[31m\xff\xc3(\xed\xa0\x80{},[]:";
    text += '\0';
    text += "\xc3\xa9\xc2\x9b\x7f";  // a good character, a C1 control, DEL
    return text;
}

std::vector<std::string> sample_answers() {
    Snapshot snapshot = sample_snapshot();
    const Snapshot empty = take_snapshot({}, {}, {});
    std::vector<std::string> answers{stats_json(snapshot, false), stats_json(snapshot, true),
                                     stats_json(empty, true),     upstreams_json(snapshot),
                                     upstreams_json(empty),       connections_json({}, 5),
                                     info_json(sample_info()),    info_json({})};
    snapshot.rates = Rates{};
    snapshot.context.listeners[0].name = hostile_text();
    snapshot.context.endpoints[0].upstream = hostile_text();
    answers.push_back(stats_json(snapshot, false));
    Snapshot http = sample_http_snapshot();
    answers.push_back(stats_json(http, true));
    answers.push_back(upstreams_json(http));
    http.context.routes[0].name = http.context.upstreams[0].name = hostile_text();
    answers.push_back(stats_json(http, true));
    std::vector<ConnectionLine> connections = sample_connections();
    answers.push_back(connections_json(connections, 2));
    connections[0].client = hostile_text();
    answers.push_back(connections_json(connections, 3));

    SessionRecord record;
    record.ended_wall_us = sample_wall_us;
    record.listener = "web";
    const std::string hostile = hostile_text();
    record.client = hostile;
    std::array<char, session_line_bytes_max> line;
    answers.emplace_back(line.data(), format_session_line(line.data(), line.size(), record, true));
    answers.back() += '\n';

    std::string wide(exchange_line_bytes_max, ' ');
    ExchangeRecord exchange = sample_exchange();
    for (const std::string& target : {std::string("/"), hostile, std::string(20'000, '"')}) {
        exchange.target = exchange.user_agent = target;
        const std::size_t bytes =
            format_exchange_line(wide.data(), wide.size(), exchange, ExchangeLineFormat::json);
        answers.push_back(wide.substr(0, bytes) + '\n');
        exchange.status = 0;
        exchange.upstream = exchange.endpoint = exchange.route = {};
        exchange.times.first_byte = {-1};
    }

    LogSettings settings;
    settings.json = true;
    settings.shard = 3;
    settings.wall_clock_us = [] { return sample_wall_us; };
    answers.emplace_back(line.data(),
                         format_log_line(line.data(), line.size(), settings, LogLevel::warn,
                                         "accepting paused", {kv("listener", hostile)}, 7));
    answers.back() += '\n';
    return answers;
}

}  // namespace ringway::stats
