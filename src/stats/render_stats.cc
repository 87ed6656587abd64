// `ctl stats` as text: sections of aligned rows, without an empty line between them.
#include <array>

#include <fmt/format.h>

#include "render_http.h"
#include "render_parts.h"
#include "render_rows.h"
#include "ringway/stats/render.h"
#include "ringway/stats/table.h"
#include "ringway/stats/units.h"

namespace ringway::stats {

namespace {

using Align = Table::Align;

Row count_row(std::string label, std::uint64_t ShardReading::* member) {
    return {std::move(label),
            [member](const ShardReading& reading) { return human_count(reading.*member); }};
}

Row ring_row(std::string label, std::uint64_t RingReading::* member) {
    return {std::move(label),
            [member](const ShardReading& reading) { return human_count(reading.ring.*member); }};
}

Row ring_ratio_row(std::string label, double (RingReading::*member)() const) {
    return {std::move(label), [member](const ShardReading& reading) {
                return human_ratio((reading.ring.*member)());
            }};
}

Row bytes_row(std::string label, Direction way, std::uint64_t DirectionReading::* member) {
    const auto index = static_cast<std::size_t>(way);
    return {std::move(label), [index, member](const ShardReading& reading) {
                return human_bytes(reading.direction[index].*member);
            }};
}

Row way_row(std::string label, Direction way, std::uint64_t DirectionReading::* member) {
    const auto index = static_cast<std::size_t>(way);
    return {std::move(label), [index, member](const ShardReading& reading) {
                return human_count(reading.direction[index].*member);
            }};
}

Row closed_row(CloseReason reason) {
    const auto index = static_cast<std::size_t>(reason);
    return {fmt::format("closed {}", name_of(reason)),
            [index](const ShardReading& reading) { return human_count(reading.closed[index]); },
            [index](const ShardReading& reading) { return reading.closed[index] != 0; }};
}

Row percentile_row(std::string label, LatencyReading ShardReading::* member, double percent) {
    return {std::move(label), [member, percent](const ShardReading& reading) {
                return shown_percentile(reading.*member, percent);
            }};
}

Rows connection_rows() {
    Rows rows{count_row("accepted", &ShardReading::accepted),
              count_row("active", &ShardReading::active),
              {"closed",
               [](const ShardReading& reading) { return human_count(reading.closed_total()); }}};
    for (std::size_t reason = 0; reason < close_reason_count; ++reason) {
        rows.push_back(closed_row(static_cast<CloseReason>(reason)));
    }
    rows.push_back(count_row("refused", &ShardReading::refused));
    rows.push_back(count_row("with preamble", &ShardReading::sessions_with_preamble));
    rows.push_back(count_row("accept pauses", &ShardReading::accept_pauses));
    rows.push_back(count_row("accept errors", &ShardReading::accept_errors));
    rows.push_back(count_row("connect failures", &ShardReading::connect_failures));
    rows.push_back(count_row("connect retries", &ShardReading::connect_retries));
    return rows;
}

Rows traffic_rows(Direction way) {
    return {bytes_row("delivered", way, &DirectionReading::bytes),
            bytes_row("copied", way, &DirectionReading::copied_bytes),
            bytes_row("spliced", way, &DirectionReading::spliced_bytes),
            bytes_row("peeked", way, &DirectionReading::peeked_bytes),
            way_row("into splice", way, &DirectionReading::into_splice),
            way_row("out of splice", way, &DirectionReading::out_of_splice),
            way_row("pauses", way, &DirectionReading::pauses)};
}

Rows latency_rows() {
    Rows rows;
    const std::array<std::pair<const char*, LatencyReading ShardReading::*>, 3> kinds{
        {{"connect", &ShardReading::connect},
         {"first byte", &ShardReading::first_byte},
         {"session", &ShardReading::session}}};
    for (const auto& [name, member] : kinds) {
        rows.push_back(percentile_row(fmt::format("{} p50", name), member, 50));
        rows.push_back(percentile_row(fmt::format("{} p99", name), member, 99));
        rows.push_back(percentile_row(fmt::format("{} max", name), member, 100));
    }
    return rows;
}

Rows ring_rows() {
    return {ring_row("turns", &RingReading::turns),
            ring_row("enters", &RingReading::enters),
            ring_row("completions", &RingReading::completions),
            ring_ratio_row("completions per turn", &RingReading::completions_per_turn),
            ring_ratio_row("completions per enter", &RingReading::completions_per_enter),
            ring_row("submissions", &RingReading::submissions),
            ring_row("sends", &RingReading::sends),
            ring_ratio_row("sends per turn", &RingReading::sends_per_turn),
            ring_row("overflows", &RingReading::overflows),
            ring_row("stale completions", &RingReading::stale),
            ring_row("wakes", &RingReading::wakes),
            ring_row("buffer parks", &RingReading::buffer_parks),
            ring_row("long turns", &RingReading::long_turns)};
}

Rows resource_rows() {
    return {count_row("buffers in use", &ShardReading::buffers_in_use),
            count_row("buffers", &ShardReading::buffers_total),
            count_row("pipes in use", &ShardReading::pipes_in_use),
            count_row("pipes open", &ShardReading::pipes_open),
            count_row("slots in use", &ShardReading::slots_in_use),
            count_row("frames in use", &ShardReading::frames_in_use),
            count_row("frame spills", &ShardReading::frame_spills),
            {"CPU time", [](const ShardReading& reading) { return shown_ns(reading.cpu_ns); }},
            count_row("log lines", &ShardReading::log_lines),
            count_row("log lines dropped", &ShardReading::log_lines_dropped)};
}

// ---- tables -----------------------------------------------------------------------------------

std::string traffic_section(const ShardReading& total) {
    Table table({Align::left, Align::right}, 2);
    table.heading("traffic");
    table.row({"", "up", "down"});
    const Rows up = traffic_rows(Direction::up);
    const Rows down = traffic_rows(Direction::down);
    for (std::size_t index = 0; index < up.size(); ++index) {
        table.row({up[index].label, up[index].cell(total), down[index].cell(total)});
    }
    return table.to_string();
}

std::string latency_section(const Snapshot& snapshot) {
    const ShardReading& total = snapshot.total;
    Table table({Align::left, Align::right}, 2);
    table.heading("latency since start");
    add_latency_heading(table);
    add_latency_row(table, "connect", total.connect);
    add_latency_row(table, "first byte", total.first_byte);
    add_latency_row(table, "session", total.session);

    Table windows({Align::left, Align::right}, 2);
    windows.heading(window_title("latency", snapshot.context.window));
    add_window_heading(windows);
    add_window_row(windows, "connect", total.connect);
    add_window_row(windows, "first byte", total.first_byte);
    add_window_row(windows, "session", total.session);
    return table.to_string() + windows.to_string();
}

std::string listener_section(const Snapshot& snapshot) {
    if (snapshot.context.listeners.empty()) return {};
    Table table({Align::left, Align::left, Align::left, Align::right}, 2);
    table.heading("listeners");
    table.row({"name", "url", "upstream", "active", "accepted"});
    for (std::size_t index = 0; index < snapshot.context.listeners.size(); ++index) {
        const ListenerRow& row = snapshot.context.listeners[index];
        const ListenerReading reading = listener_at(snapshot.total, index);
        table.row({row.name, row.url, row.upstream.empty() ? "-" : row.upstream,
                   human_count(reading.active), human_count(reading.accepted)});
    }
    return table.to_string();
}

std::string upstream_section(const Snapshot& snapshot) {
    if (snapshot.context.endpoints.empty()) return {};
    Table table({Align::left, Align::left, Align::left, Align::left, Align::left, Align::right}, 2);
    table.heading("upstreams");
    add_upstream_rows(table, snapshot);
    return table.to_string();
}

struct RateRow {
    const char* label;
    std::string (*cell)(const Rates&);
    bool http = false;
};

std::string bytes_per_second(double bytes) {
    return human_bytes(static_cast<std::uint64_t>(bytes)) + "/s";
}

constexpr std::array<RateRow, 6> rate_rows{{
    {"accepted", [](const Rates& r) { return human_ratio(r.accepted_per_second) + "/s"; }},
    {"closed", [](const Rates& r) { return human_ratio(r.closed_per_second) + "/s"; }},
    {"requests", [](const Rates& r) { return human_ratio(r.requests_per_second) + "/s"; }, true},
    {"up", [](const Rates& r) { return bytes_per_second(r.bytes_up_per_second); }},
    {"down", [](const Rates& r) { return bytes_per_second(r.bytes_down_per_second); }},
    {"cores busy", [](const Rates& r) { return human_ratio(r.cores_busy); }},
}};

void add_rates(Table& table, const Snapshot& snapshot, std::span<const Rates> shards) {
    if (!snapshot.rates) return;
    table.heading(fmt::format("rates over the last {}", human_duration(snapshot.rates->span)));
    for (const RateRow& row : rate_rows) {
        if (row.http && !speaks_http(snapshot)) continue;
        std::vector<std::string> cells{row.label};
        for (const Rates& rates : shards) cells.push_back(row.cell(rates));
        cells.push_back(row.cell(*snapshot.rates));
        table.row(std::move(cells));
    }
}

std::string rate_section(const Snapshot& snapshot) {
    Table table({Align::left, Align::right}, 2);
    add_rates(table, snapshot, {});
    return table.to_string();
}

std::string head_line(const Snapshot& snapshot) {
    const Context& context = snapshot.context;
    const std::uint64_t active = snapshot.total.active;
    std::string line = fmt::format("ringway {}, up {}, {} shard{}, {}", printable(context.version),
                                   human_duration(context.uptime), snapshot.shards.size(),
                                   snapshot.shards.size() == 1 ? "" : "s", human_count(active));
    if (context.connections_max != 0) {
        line += fmt::format(" of {} connections", human_count(context.connections_max));
    } else {
        line += active == 1 ? " connection" : " connections";
    }
    if (context.draining) line += ", draining";
    return line + "\n";
}

Rows with_prefix(Rows rows, std::string_view prefix) {
    for (Row& row : rows) row.label = fmt::format("{} {}", prefix, row.label);
    return rows;
}

std::string per_shard_table(const Snapshot& snapshot) {
    Table table({Align::left, Align::right}, 2);
    std::vector<std::string> names{""};
    std::vector<std::string> cpus{"core"};
    bool any_pinned = false;
    for (std::size_t shard = 0; shard < snapshot.shards.size(); ++shard) {
        names.push_back(fmt::format("shard {}", shard));
        const int cpu = shard < snapshot.context.cpus.size() ? snapshot.context.cpus[shard] : -1;
        cpus.push_back(cpu < 0 ? "-" : fmt::format("{}", cpu));
        any_pinned = any_pinned || cpu >= 0;
    }
    names.push_back("total");
    cpus.push_back("");
    table.row(std::move(names));
    if (any_pinned) table.row(std::move(cpus));

    const auto add = [&](std::string_view title, const Rows& rows) {
        table.heading(title);
        add_rows(table, rows, snapshot.total, snapshot.shards);
    };
    add("connections", connection_rows());
    if (snapshot.shard_rates.size() == snapshot.shards.size()) {
        add_rates(table, snapshot, snapshot.shard_rates);
    }
    Rows traffic = with_prefix(traffic_rows(Direction::up), "up");
    for (Row& row : with_prefix(traffic_rows(Direction::down), "down")) {
        traffic.push_back(std::move(row));
    }
    add("traffic", traffic);
    add("latency since start", latency_rows());
    for (const TitledRows& http : http_rows(snapshot)) add(http.title, http.rows);
    add("ring", ring_rows());
    add("resources", resource_rows());
    return table.to_string();
}

}  // namespace

std::string stats_text(const Snapshot& snapshot, bool per_shard) {
    if (per_shard) return head_line(snapshot) + per_shard_table(snapshot);
    const ShardReading& total = snapshot.total;
    std::string text = head_line(snapshot);
    text += section("connections", connection_rows(), total);
    text += rate_section(snapshot);
    text += traffic_section(total);
    text += latency_section(snapshot);
    text += listener_section(snapshot);
    text += http_sections(snapshot);
    text += upstream_section(snapshot);
    text += pool_sections(snapshot);
    text += section("ring", ring_rows(), total);
    text += section("resources", resource_rows(), total);
    if (snapshot.context.writer_lines_dropped != 0) {
        text += fmt::format("{} log lines could not be written\n",
                            human_count(snapshot.context.writer_lines_dropped));
    }
    return text;
}

}  // namespace ringway::stats
