// `ctl upstreams`, `ctl connections` and `ctl info`, and what `ctl stats` shares with them.
#include <fmt/format.h>

#include "render_http.h"
#include "render_parts.h"
#include "ringway/stats/json.h"
#include "ringway/stats/render.h"
#include "ringway/stats/table.h"
#include "ringway/stats/units.h"

namespace ringway::stats {

namespace {

using Align = Table::Align;

// By hand: at -O3 g++ 12 warns of an overflow inside fmt::join that is none.
std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!text.empty()) text += ", ";
        text += part;
    }
    return text;
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

std::string finish_answer(JsonWriter& json, std::string& text) {
    json.end_object();
    text += '\n';
    return std::move(text);
}

}  // namespace

void write_listeners_json(JsonWriter& json, const Context& context, const ShardReading& reading) {
    json.begin_array("listeners");
    for (std::size_t index = 0; index < context.listeners.size(); ++index) {
        const ListenerRow& row = context.listeners[index];
        const ListenerReading numbers = listener_at(reading, index);
        json.begin_object();
        json.text("name", row.name);
        json.text("url", row.url);
        json.text_or_null("upstream", row.upstream);
        json.number("active", numbers.active);
        json.number("accepted", numbers.accepted);
        json.end_object();
    }
    json.end_array();
}

void add_upstream_rows(Table& table, const Snapshot& snapshot) {
    table.row({"endpoint", "address", "state", "health", "role", "weight", "active", "limit",
               "connections", "failures", "up", "down", "marked down", "held down"});
    for (const EndpointRow& row : snapshot.context.endpoints) {
        if (is_past(row, snapshot.total)) continue;
        const EndpointReading reading = endpoint_at(snapshot.total, row.slot);
        table.row({fmt::format("{}/{}", row.upstream, row.name), or_dash(row.address),
                   std::string(name_of(row.state)), std::string(name_of(row.health)),
                   row.backup ? "backup" : "main", human_count(row.weight),
                   human_count(reading.active),
                   row.connections_max == 0 ? "-" : human_count(row.connections_max),
                   human_count(reading.connections), human_count(reading.failures),
                   human_bytes(reading.bytes_up), human_bytes(reading.bytes_down),
                   human_count(reading.marked_down),
                   fmt::format("{}/{}", reading.passive_down, snapshot.shards.size())});
    }
}

// ---- ctl upstreams ----------------------------------------------------------------------------

std::string upstreams_text(const Snapshot& snapshot) {
    if (snapshot.context.endpoints.empty()) return "no upstreams\n";
    Table table({Align::left, Align::left, Align::left, Align::left, Align::left, Align::right});
    add_upstream_rows(table, snapshot);
    return table.to_string() + pool_sections(snapshot);
}

std::string upstreams_json(const Snapshot& snapshot) {
    std::string text;
    JsonWriter json(text);
    begin_answer(json, "upstreams");
    json.number("shards", snapshot.shards.size());
    write_upstreams_json(json, snapshot.context, snapshot.total);
    return finish_answer(json, text);
}

// ---- ctl connections --------------------------------------------------------------------------

std::string connections_text(std::span<const ConnectionLine> lines, std::uint64_t total) {
    Table table({Align::left, Align::left, Align::left, Align::left, Align::left, Align::left,
                 Align::right});
    if (!lines.empty()) {
        table.row(
            {"id", "client", "listener", "endpoint", "state", "mode", "up", "down", "age", "idle"});
    }
    for (const ConnectionLine& line : lines) {
        const bool chosen = !line.endpoint.empty();
        table.row({fmt::format("{}/{}", line.shard, line.id), or_dash(line.client),
                   or_dash(line.listener),
                   chosen ? fmt::format("{}/{}", line.upstream, line.endpoint) : "-",
                   or_dash(line.state),
                   fmt::format("{}/{}", or_dash(line.mode_up), or_dash(line.mode_down)),
                   human_bytes(line.bytes_up), human_bytes(line.bytes_down),
                   human_duration(line.age), human_duration(line.idle)});
    }
    std::string text = table.to_string();
    if (lines.size() == total) {
        text += fmt::format("{} connection{}\n", human_count(total), total == 1 ? "" : "s");
    } else {
        text += fmt::format("{} of {} connections shown\n", human_count(lines.size()),
                            human_count(total));
    }
    return text;
}

std::string connections_json(std::span<const ConnectionLine> lines, std::uint64_t total) {
    std::string text;
    JsonWriter json(text);
    begin_answer(json, "connections");
    json.number("total", total);
    json.begin_array("connections");
    for (const ConnectionLine& line : lines) {
        json.begin_object();
        json.number("shard", line.shard);
        json.number("id", line.id);
        json.text_or_null("client", line.client);
        json.text("listener", line.listener);
        json.text_or_null("upstream", line.upstream);
        json.text_or_null("endpoint", line.endpoint);
        json.text("state", line.state);
        json.text_or_null("mode_up", line.mode_up);
        json.text_or_null("mode_down", line.mode_down);
        json.number("bytes_up", line.bytes_up);
        json.number("bytes_down", line.bytes_down);
        json.integer("age_ms", line.age.to_ms());
        json.integer("idle_ms", line.idle.to_ms());
        json.end_object();
    }
    json.end_array();
    return finish_answer(json, text);
}

// ---- ctl info ---------------------------------------------------------------------------------

namespace {

std::string shown_generation(const Info& info) {
    const std::string generation = fmt::format("generation {}", info.generation);
    if (info.last_reload_wall_us == 0) return generation;
    return fmt::format("{}, {} reloads and {} refused, the last {}: {}", generation,
                       info.reloads_done, info.reloads_refused, rfc3339(info.last_reload_wall_us),
                       info.last_reload_result);
}

}  // namespace

std::string info_text(const Info& info) {
    Table table({Align::left});
    table.row({"version", info.version});
    table.row({"process", fmt::format("{}", info.process_id)});
    table.row({"started", rfc3339(info.started_wall_us)});
    table.row({"up", human_duration(info.uptime)});
    table.row({"state", info.draining ? "draining" : "running"});
    table.row({"shards", fmt::format("{}{}", info.shards, info.pinned ? ", pinned" : "")});
    table.row({"relay", or_dash(info.relay)});
    table.row({"max connections", human_count(info.connections_max)});
    table.row({"max descriptors", human_count(info.descriptors_max)});
    table.row({"kernel", or_dash(info.kernel)});
    table.row({"ring", or_dash(info.ring_features)});
    table.row({"log level", or_dash(info.log_level)});
    table.row({"settings", shown_generation(info)});
    table.row({"config", or_dash(info.config_path)});
    table.row({"control", or_dash(info.control_path)});
    table.row({"access log", or_dash(info.access_log)});
    std::string text = table.to_string();

    Table listeners({Align::left}, 2);
    listeners.heading("listeners");
    for (const ListenerRow& row : info.listeners) {
        listeners.row({row.name, row.url, "to " + or_dash(row.upstream)});
    }
    if (!info.listeners.empty()) text += listeners.to_string();

    Table upstreams({Align::left}, 2);
    upstreams.heading("upstreams");
    for (const UpstreamInfo& upstream : info.upstreams) {
        upstreams.row({upstream.name, upstream.balance, joined(upstream.endpoints)});
    }
    if (!info.upstreams.empty()) text += upstreams.to_string();
    return text;
}

namespace {

void write_info_lists(JsonWriter& json, const Info& info) {
    json.begin_array("listeners");
    for (const ListenerRow& row : info.listeners) {
        json.begin_object();
        json.text("name", row.name);
        json.text("url", row.url);
        json.text_or_null("upstream", row.upstream);
        json.end_object();
    }
    json.end_array();
    json.begin_array("upstreams");
    for (const UpstreamInfo& upstream : info.upstreams) {
        json.begin_object();
        json.text("name", upstream.name);
        json.text("balance", upstream.balance);
        json.begin_array("endpoints");
        for (const std::string& endpoint : upstream.endpoints) json.text(endpoint);
        json.end_array();
        json.end_object();
    }
    json.end_array();
}

}  // namespace

std::string info_json(const Info& info) {
    std::string text;
    JsonWriter json(text);
    begin_answer(json, "info");
    json.text("version", info.version);
    json.integer("pid", info.process_id);
    json.text("started", rfc3339(info.started_wall_us));
    json.integer("uptime_ms", info.uptime.to_ms());
    json.boolean("draining", info.draining);
    json.number("shards", info.shards);
    json.boolean("pinned", info.pinned);
    json.text("relay", info.relay);
    json.number("connections_max", info.connections_max);
    json.number("descriptors_max", info.descriptors_max);
    json.text("kernel", info.kernel);
    json.text("ring_features", info.ring_features);
    json.text("log_level", info.log_level);
    json.number("generation", info.generation);
    json.begin_object("reloads");
    json.number("done", info.reloads_done);
    json.number("refused", info.reloads_refused);
    json.text_or_null(
        "last", info.last_reload_wall_us == 0 ? std::string{} : rfc3339(info.last_reload_wall_us));
    json.text_or_null("last_result", info.last_reload_result);
    json.end_object();
    json.text_or_null("config_path", info.config_path);
    json.text_or_null("control_path", info.control_path);
    json.text_or_null("access_log", info.access_log);
    write_info_lists(json, info);
    return finish_answer(json, text);
}

}  // namespace ringway::stats
