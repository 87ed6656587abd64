// Pools of HTTP upstreams and what their endpoints do, as text.
#include <fmt/format.h>

#include "render_http.h"
#include "render_parts.h"
#include "ringway/stats/units.h"

namespace ringway::stats {

namespace {

using Align = Table::Align;

bool is_http(const Context& context, const std::string& upstream) {
    for (const UpstreamRow& row : context.upstreams) {
        if (row.name == upstream) return row.http;
    }
    return false;
}

std::string pool_table(const Snapshot& snapshot) {
    Table table({Align::left, Align::right}, 2);
    table.heading("pools");
    table.row({"upstream", "min", "max", "connections", "idle", "leased", "used", "waiting",
               "opened", "failed connects", "leases", "reused", "waits", "wait timeouts"});
    for (std::size_t index = 0; index < snapshot.context.upstreams.size(); ++index) {
        const UpstreamRow& row = snapshot.context.upstreams[index];
        if (!row.http || is_past(row, index, snapshot.total)) continue;
        const PoolReading& pool = pool_at(snapshot.total, index);
        table.row({row.name, human_count(row.connections_min), human_count(row.connections_max),
                   human_count(pool.connections), human_count(pool.idle), human_count(pool.leased),
                   shown_percent(pool.utilisation(row.connections_max)), human_count(pool.waiting),
                   human_count(pool.opened), human_count(pool.connect_failures),
                   human_count(pool.leases), shown_percent(pool.reuse_ratio()),
                   human_count(pool.waits), human_count(pool.wait_timeouts)});
    }
    return table.to_string();
}

std::string pool_end_table(const Snapshot& snapshot) {
    Table table({Align::left, Align::right}, 2);
    table.heading("pools: why connections closed, how exchanges went, waits");
    table.row({"upstream", "closed idle", "closed by peer", "evicted", "successes", "failures",
               "ejections", "ejected", "wait p50", "wait p99", "wait max", "window average",
               "window peak"});
    for (std::size_t index = 0; index < snapshot.context.upstreams.size(); ++index) {
        const UpstreamRow& row = snapshot.context.upstreams[index];
        if (!row.http || is_past(row, index, snapshot.total)) continue;
        const PoolReading& pool = pool_at(snapshot.total, index);
        const Latency::WindowReading& window = pool.wait.current;
        table.row({row.name, human_count(pool.closed_idle), human_count(pool.closed_by_peer),
                   human_count(pool.evicted), human_count(pool.successes),
                   human_count(pool.failures), human_count(pool.ejections),
                   human_count(pool.ejected), shown_percentile(pool.wait, 50),
                   shown_percentile(pool.wait, 99), shown_percentile(pool.wait, 100),
                   window.count == 0 ? "-" : shown_ns(average_ns(window)),
                   window.count == 0 ? "-" : shown_ns(window.peak_ns)});
    }
    return table.to_string();
}

std::string endpoint_table(const Snapshot& snapshot) {
    Table table({Align::left, Align::right}, 2);
    table.heading("endpoints: requests");
    std::vector<std::string> heading{"endpoint", "requests", "active"};
    for (std::size_t status = 0; status < status_class_count; ++status) {
        heading.emplace_back(name_of_status_class(status));
    }
    heading.insert(heading.end(), {"failed", "latency", "ejections", "ejected"});
    table.row(std::move(heading));
    for (const EndpointRow& row : snapshot.context.endpoints) {
        if (!is_http(snapshot.context, row.upstream) || is_past(row, snapshot.total)) continue;
        const EndpointReading reading = endpoint_at(snapshot.total, row.slot);
        std::vector<std::string> cells{fmt::format("{}/{}", row.upstream, row.name),
                                       human_count(reading.requests),
                                       human_count(reading.requests_active)};
        for (const std::uint64_t answers : reading.by_status_class) {
            cells.push_back(human_count(answers));
        }
        const std::uint64_t latency_ns = reading.latency_ewma_ns();
        cells.insert(cells.end(),
                     {human_count(reading.exchange_failures),
                      latency_ns == 0 ? "-" : shown_ns(latency_ns), human_count(reading.ejections),
                      fmt::format("{}/{}", reading.ejected, snapshot.shards.size())});
        table.row(std::move(cells));
    }
    return table.to_string();
}

}  // namespace

std::string pool_sections(const Snapshot& snapshot) {
    bool any = false;
    for (std::size_t index = 0; index < snapshot.context.upstreams.size(); ++index) {
        const UpstreamRow& row = snapshot.context.upstreams[index];
        any = any || (row.http && !is_past(row, index, snapshot.total));
    }
    if (!any) return {};
    return pool_table(snapshot) + pool_end_table(snapshot) + endpoint_table(snapshot);
}

}  // namespace ringway::stats
