// What a shard keeps per route and per upstream while requests flow: counters and permits.
//
// Owned by the shard, touched by its thread alone. Entries never move: exchanges point at them.
// Routes go by their slot, upstreams by their index; both stay the same over reloads.
#pragma once

#include <cstddef>
#include <deque>

#include "ringway/async/wake.h"
#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/stats/http_stats.h"
#include "ringway/upstream/permit_holder.h"

namespace ringway::proxy {

struct RouteState {
    stats::TrafficStats* stats = nullptr;
    upstream::PermitHolder in_flight;  // of Route::requests_max
    base::Instant exhausted_until{0};  // no shard has a permit: requests are turned away at once
};

struct UpstreamState {
    stats::TrafficStats* stats = nullptr;
    base::Instant exhausted_until{0};  // of Upstream::requests_max, likewise
};

// A request that waits for room: another shard may hold a permit that it does not need.
struct FlightWaiter {
    explicit FlightWaiter(async::Wake& whom) : wake(whom) {}
    base::ListLink link;
    async::Wake& wake;
};

struct Traffic {
    std::deque<RouteState> routes;
    std::deque<UpstreamState> upstreams;
    base::IntrusiveList<FlightWaiter, &FlightWaiter::link> waiting;
    // A route's permits are to be asked for or returned: the shard tells the coordinator.
    bool has_permit_news = false;

    // Room for one more request of the route: true when there is, and then it is taken.
    bool enter(RouteState& route) {
        const bool entered = route.in_flight.take();
        if (!entered) route.in_flight.want(1);
        if (route.in_flight.has_news()) has_permit_news = true;
        return entered;
    }
    void leave(RouteState& route) {
        route.in_flight.put_back();
        if (route.in_flight.has_news()) has_permit_news = true;
    }
    // Something came free: those who wait look again.
    void wake_waiting() {
        waiting.for_each([](FlightWaiter& waiter) { waiter.wake.set(); });
    }
};

}  // namespace ringway::proxy
