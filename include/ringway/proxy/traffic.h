// What a shard keeps per route and per upstream while requests flow: counters and permits.
//
// Owned by the shard, touched by its thread alone. Entries never move: exchanges point at them.
// Routes go by their slot, upstreams by their index; both stay the same over reloads.
#pragma once

#include <cstddef>
#include <deque>

#include "ringway/stats/http_stats.h"
#include "ringway/upstream/permit_holder.h"

namespace ringway::proxy {

struct RouteState {
    stats::TrafficStats* stats = nullptr;
    upstream::PermitHolder in_flight;  // of Route::requests_max
};

struct UpstreamState {
    stats::TrafficStats* stats = nullptr;
};

struct Traffic {
    std::deque<RouteState> routes;
    std::deque<UpstreamState> upstreams;
};

}  // namespace ringway::proxy
