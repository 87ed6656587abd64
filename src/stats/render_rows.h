// Rows of the text of `ctl stats`: what is shown of a reading, in a column for each shard or in one
// for the total alone.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/stats/snapshot.h"
#include "ringway/stats/table.h"

namespace ringway::stats {

// One row: a name, how its cell is made from a reading, and whether the total makes it worth a
// line.
struct Row {
    std::string label;
    std::function<std::string(const ShardReading&)> cell;
    std::function<bool(const ShardReading&)> shown = [](const ShardReading&) { return true; };
};
using Rows = std::vector<Row>;

void add_rows(Table& table, const Rows& rows, const ShardReading& total,
              std::span<const ShardReading> shards);
// A heading and the rows of the total.
std::string section(std::string_view title, const Rows& rows, const ShardReading& total);

std::string shown_ns(std::uint64_t ns);
std::string shown_percent(double share);  // of 1: "1.25 %", "-" when it is not a number
// "-" without samples.
std::string shown_percentile(const LatencyReading& latency, double percent);

// Tables of latencies: a heading row, then one row each.
void add_latency_heading(Table& table);
void add_latency_row(Table& table, std::string name, const LatencyReading& latency);
void add_window_heading(Table& table);
void add_window_row(Table& table, std::string name, const LatencyReading& latency);
std::string window_title(std::string_view what, base::Duration window);

}  // namespace ringway::stats
