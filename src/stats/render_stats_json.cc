// `ctl stats --json`: the same numbers, raw, with the unit in the key. docs/STATS.md is the
// promise.
#include "render_parts.h"
#include "ringway/stats/json.h"
#include "ringway/stats/render.h"
#include "ringway/stats/units.h"

namespace ringway::stats {

namespace {

void write_connections(JsonWriter& json, const ShardReading& reading) {
    json.begin_object("connections");
    json.number("accepted", reading.accepted);
    json.number("active", reading.active);
    json.number("refused", reading.refused);
    json.number("with_preamble", reading.sessions_with_preamble);
    json.number("accept_pauses", reading.accept_pauses);
    json.number("accept_errors", reading.accept_errors);
    json.number("connect_failures", reading.connect_failures);
    json.number("connect_retries", reading.connect_retries);
    json.number("closed_total", reading.closed_total());
    json.begin_object("closed");
    for (std::size_t reason = 0; reason < close_reason_count; ++reason) {
        json.number(name_of(static_cast<CloseReason>(reason)), reading.closed[reason]);
    }
    json.end_object();
    json.end_object();
}

void write_direction(JsonWriter& json, std::string_view name, const DirectionReading& reading) {
    json.begin_object(name);
    json.number("bytes", reading.bytes);
    json.number("copied_bytes", reading.copied_bytes);
    json.number("spliced_bytes", reading.spliced_bytes);
    json.number("peeked_bytes", reading.peeked_bytes);
    json.number("into_splice", reading.into_splice);
    json.number("out_of_splice", reading.out_of_splice);
    json.number("pauses", reading.pauses);
    json.end_object();
}

void write_window(JsonWriter& json, std::string_view name, const Latency::WindowReading& window) {
    json.begin_object(name);
    json.number("count", window.count);
    json.number("average_ns", average_ns(window));
    json.number("peak_ns", window.peak_ns);
    json.end_object();
}

void write_ring(JsonWriter& json, const RingReading& ring) {
    json.begin_object("ring");
    json.number("turns", ring.turns);
    json.number("enters", ring.enters);
    json.number("completions", ring.completions);
    json.real("completions_per_turn", ring.completions_per_turn());
    json.real("completions_per_enter", ring.completions_per_enter());
    json.number("submissions", ring.submissions);
    json.number("sends", ring.sends);
    json.real("sends_per_turn", ring.sends_per_turn());
    json.number("overflows", ring.overflows);
    json.number("stale_completions", ring.stale);
    json.number("wakes", ring.wakes);
    json.number("buffer_parks", ring.buffer_parks);
    json.number("long_turns", ring.long_turns);
    json.end_object();
}

void write_resources(JsonWriter& json, const ShardReading& reading) {
    json.begin_object("resources");
    json.number("buffers_in_use", reading.buffers_in_use);
    json.number("buffers_total", reading.buffers_total);
    json.number("pipes_in_use", reading.pipes_in_use);
    json.number("pipes_open", reading.pipes_open);
    json.number("slots_in_use", reading.slots_in_use);
    json.number("frames_in_use", reading.frames_in_use);
    json.number("frame_spills", reading.frame_spills);
    json.number("cpu_ns", reading.cpu_ns);
    json.number("heartbeat", reading.heartbeat);
    json.end_object();
}

// The members that the total and every shard have alike.
void write_reading(JsonWriter& json, const Context& context, const ShardReading& reading) {
    write_connections(json, reading);
    json.begin_object("traffic");
    write_direction(json, "up", reading.up());
    write_direction(json, "down", reading.down());
    json.end_object();
    json.begin_object("latency");
    write_latency_json(json, "connect", reading.connect);
    write_latency_json(json, "first_byte", reading.first_byte);
    write_latency_json(json, "session", reading.session);
    json.end_object();
    write_ring(json, reading.ring);
    write_resources(json, reading);
    json.begin_object("log");
    json.number("lines", reading.log_lines);
    json.number("lines_dropped", reading.log_lines_dropped);
    json.end_object();
    write_listeners_json(json, context, reading);
    write_http_json(json, context, reading);
    write_routes_json(json, context, reading);
    write_upstreams_json(json, context, reading);
}

void write_rates(JsonWriter& json, const Rates* rates) {
    if (rates == nullptr) {
        json.null("rates");
        return;
    }
    json.begin_object("rates");
    json.integer("span_ns", rates->span.ns);
    json.real("accepted_per_second", rates->accepted_per_second);
    json.real("closed_per_second", rates->closed_per_second);
    json.real("requests_per_second", rates->requests_per_second);
    json.real("bytes_up_per_second", rates->bytes_up_per_second);
    json.real("bytes_down_per_second", rates->bytes_down_per_second);
    json.real("cores_busy", rates->cores_busy);
    json.end_object();
}

void write_per_shard(JsonWriter& json, const Snapshot& snapshot) {
    json.begin_array("per_shard");
    for (std::size_t shard = 0; shard < snapshot.shards.size(); ++shard) {
        json.begin_object();
        json.number("shard", shard);
        const int cpu = shard < snapshot.context.cpus.size() ? snapshot.context.cpus[shard] : -1;
        if (cpu < 0) {
            json.null("core");
        } else {
            json.integer("core", cpu);
        }
        const bool known = shard < snapshot.shard_rates.size();
        write_rates(json, known ? &snapshot.shard_rates[shard] : nullptr);
        write_reading(json, snapshot.context, snapshot.shards[shard]);
        json.end_object();
    }
    json.end_array();
}

}  // namespace

void write_latency_json(JsonWriter& json, std::string_view name, const LatencyReading& latency) {
    const HistogramReading& histogram = latency.since_start;
    json.begin_object(name);
    json.number("count", histogram.count());
    json.number("mean_ns", static_cast<std::uint64_t>(histogram.mean_ns()));
    json.number("p50_ns", histogram.percentile_ns(50));
    json.number("p90_ns", histogram.percentile_ns(90));
    json.number("p95_ns", histogram.percentile_ns(95));
    json.number("p99_ns", histogram.percentile_ns(99));
    json.number("p999_ns", histogram.percentile_ns(99.9));
    json.number("max_ns", histogram.max_ns());
    json.begin_object("window");
    write_window(json, "current", latency.current);
    write_window(json, "previous", latency.previous);
    json.end_object();
    json.end_object();
}

std::string stats_json(const Snapshot& snapshot, bool per_shard) {
    const Context& context = snapshot.context;
    std::string text;
    JsonWriter json(text);
    begin_answer(json, "stats");
    json.text("version", context.version);
    json.text("time", rfc3339(context.wall_us));
    json.integer("uptime_ms", context.uptime.to_ms());
    json.integer("window_ms", context.window.to_ms());
    json.number("shards", snapshot.shards.size());
    json.number("connections_max", context.connections_max);
    json.boolean("draining", context.draining);
    json.number("writer_lines_dropped", context.writer_lines_dropped);
    write_rates(json, snapshot.rates ? &*snapshot.rates : nullptr);
    json.begin_object("total");
    write_reading(json, context, snapshot.total);
    json.end_object();
    if (per_shard) write_per_shard(json, snapshot);
    json.end_object();
    text += '\n';
    return text;
}

}  // namespace ringway::stats
