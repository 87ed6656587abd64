#include "sample.h"

#include <array>

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
    context.endpoints = {
        {"redis", "10.0.0.5:6379", "10.0.0.5:6379", EndpointState::ready, 3, false, 100},
        {"redis", "spare", "10.0.0.6:6379", EndpointState::unhealthy, 1, true, 0},
        {"other", "db", "", EndpointState::drain, 1, false, 0}};
    return context;
}

Snapshot sample_snapshot() {
    const auto owners = sample_shards();
    const std::array<const ShardStats*, 2> shards{owners[0].get(), owners[1].get()};
    return take_snapshot(sample_context(), shards, sample_now);
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
    snapshot.rates = rates_between(snapshot.shards[0], snapshot.total, base::Duration::seconds(2));
    snapshot.context.listeners[0].name = hostile_text();
    snapshot.context.endpoints[0].upstream = hostile_text();
    answers.push_back(stats_json(snapshot, false));
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
