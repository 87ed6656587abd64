// What the text answers say of HTTP: routes, upstreams, pools, endpoints.
//
// A process that has no route and no HTTP upstream says nothing of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "render_rows.h"
#include "ringway/stats/snapshot.h"

namespace ringway::stats {

bool speaks_http(const Snapshot& snapshot);

// `ctl stats`: totals, then requests, answers and latencies by route and by upstream.
std::string http_sections(const Snapshot& snapshot);
// `ctl stats` and `ctl upstreams`: the pools, and what their endpoints do.
std::string pool_sections(const Snapshot& snapshot);

// `ctl stats --per-shard`: a group of rows for the totals, each route and each upstream.
struct TitledRows {
    std::string title;
    Rows rows;
};
std::vector<TitledRows> http_rows(const Snapshot& snapshot);

}  // namespace ringway::stats
