// What the statistics are about, taken from the settings: the rows that a snapshot names its
// numbers with, and how many numbers there must be.
#pragma once

#include <string_view>
#include <vector>

#include "ringway/config/settings.h"
#include "ringway/stats/shard_stats.h"
#include "ringway/stats/snapshot.h"

namespace ringway::control {

// For ShardStats::grow, before a shard hears of these settings.
stats::StatsSizes stats_sizes_of(const config::Settings& settings);

std::vector<stats::UpstreamRow> upstream_rows_of(const config::Settings& settings);
std::vector<stats::RouteRow> route_rows_of(const config::Settings& settings);
// By http::Fault's numbers.
std::vector<std::string_view> fault_names();

}  // namespace ringway::control
