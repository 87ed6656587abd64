// Room for requests in flight, of a route and of an upstream.
//
// The totals are over all shards, held exactly by permits. A request that finds none here waits a
// moment, because another shard may have one to spare; once that was in vain, requests are turned
// away at once for a while: under overload nobody waits for what is not there.

#include "exchange_steps.h"

namespace ringway::proxy {

namespace {

constexpr base::Duration patience = base::Duration::milliseconds(5);
constexpr base::Duration exhaustion_span = base::Duration::milliseconds(100);

// When the limit that keeps the exchange out was last found to be exhausted.
base::Instant& exhausted_until(Exchange& exchange) {
    return exchange.in_route_flight ? exchange.upstream_state->exhausted_until
                                    : exchange.route_state->exhausted_until;
}

}  // namespace

bool enter_flights(Exchange& exchange) {
    Context& context = exchange.context;
    if (!exchange.in_route_flight) {
        if (!context.traffic.enter(*exchange.route_state)) return false;
        exchange.in_route_flight = true;
    }
    if (exchange.upstream_state == nullptr || exchange.in_upstream_flight) return true;
    if (!context.pools.begin_request(exchange.route->upstream)) return false;
    exchange.in_upstream_flight = true;
    return true;
}

async::Task<bool> wait_to_enter(Exchange& exchange) {
    Context& context = exchange.context;
    if (context.now < exhausted_until(exchange)) co_return false;
    FlightWaiter waiter(exchange.client.wake);
    context.traffic.waiting.push_back(waiter);
    exchange.client.deadline.set(context.now + patience);
    bool entered = false;
    while (!entered && !exchange.client.is_gone() && !exchange.client.is_cancelled() &&
           !exchange.client.deadline.expired()) {
        co_await exchange.client.wake.wait();
        exchange.client.regulate_reader(0);
        exchange.client.flush();
        entered = enter_flights(exchange);
    }
    waiter.link.unlink();
    // A client that left meanwhile says nothing about the limit.
    if (!entered && exchange.client.deadline.expired()) {
        exhausted_until(exchange) = context.now + exhaustion_span;
    }
    co_return entered;
}

void leave_flights(Exchange& exchange) {
    Context& context = exchange.context;
    if (exchange.in_route_flight) context.traffic.leave(*exchange.route_state);
    if (exchange.in_upstream_flight) context.pools.end_request(exchange.route->upstream);
    if (exchange.in_route_flight || exchange.in_upstream_flight) context.traffic.wake_waiting();
    exchange.in_route_flight = exchange.in_upstream_flight = false;
}

}  // namespace ringway::proxy
