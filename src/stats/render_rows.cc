#include "render_rows.h"

#include <fmt/format.h>

#include "ringway/stats/units.h"

namespace ringway::stats {

void add_rows(Table& table, const Rows& rows, const ShardReading& total,
              std::span<const ShardReading> shards) {
    for (const Row& row : rows) {
        if (!row.shown(total)) continue;
        std::vector<std::string> cells{row.label};
        for (const ShardReading& shard : shards) cells.push_back(row.cell(shard));
        cells.push_back(row.cell(total));
        table.row(std::move(cells));
    }
}

std::string section(std::string_view title, const Rows& rows, const ShardReading& total) {
    Table table({Table::Align::left, Table::Align::right}, 2);
    table.heading(title);
    add_rows(table, rows, total, {});
    return table.to_string();
}

std::string shown_ns(std::uint64_t ns) { return human_duration({static_cast<std::int64_t>(ns)}); }

std::string shown_percent(double share) {
    const std::string number = human_ratio(share * 100);
    return number == "-" ? number : number + " %";
}

std::string shown_percentile(const LatencyReading& latency, double percent) {
    const HistogramReading& histogram = latency.since_start;
    return histogram.count() == 0 ? "-" : shown_ns(histogram.percentile_ns(percent));
}

void add_latency_heading(Table& table) {
    table.row({"", "count", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"});
}

void add_latency_row(Table& table, std::string name, const LatencyReading& latency) {
    const HistogramReading& histogram = latency.since_start;
    std::vector<std::string> cells{std::move(name), human_count(histogram.count())};
    cells.push_back(
        histogram.count() == 0 ? "-" : shown_ns(static_cast<std::uint64_t>(histogram.mean_ns())));
    for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9, 100.0}) {
        cells.push_back(shown_percentile(latency, percent));
    }
    table.row(std::move(cells));
}

void add_window_heading(Table& table) {
    table.row({"", "count", "average", "peak", "last count", "last average", "last peak"});
}

void add_window_row(Table& table, std::string name, const LatencyReading& latency) {
    std::vector<std::string> cells{std::move(name)};
    for (const Latency::WindowReading& window : {latency.current, latency.previous}) {
        cells.push_back(human_count(window.count));
        cells.push_back(window.count == 0 ? "-" : shown_ns(average_ns(window)));
        cells.push_back(window.count == 0 ? "-" : shown_ns(window.peak_ns));
    }
    table.row(std::move(cells));
}

std::string window_title(std::string_view what, base::Duration window) {
    return fmt::format("{} in windows of {}: the running one and the last complete one", what,
                       human_duration(window));
}

}  // namespace ringway::stats
