// Getting a connection for an exchange: from the pool, by waiting, or by opening one.

#include <cerrno>

#include "exchange_steps.h"
#include "ringway/upstream/dial.h"
#include "sticky.h"

namespace ringway::proxy {

namespace {

using stats::ExchangeEnd;
using upstream::Grant;

const config::Upstream& upstream_of(const Exchange& exchange) {
    return exchange.settings().upstreams[exchange.route->upstream];
}

std::string_view hash_key_of(const Exchange& exchange, const config::Upstream& settings) {
    if (settings.balance == config::Balance::hash_cookie) {
        return cookie_of(exchange.request, settings.hash_key);
    }
    const http::Field* field = exchange.request.find(settings.hash_key);
    return field == nullptr ? std::string_view{} : exchange.request.value(*field);
}

// A reload gives the places of endpoints to others: what was tried before it says nothing then.
void renew_tried(Exchange& exchange) {
    const std::uint64_t current = exchange.context.generations.current().number;
    if (std::exchange(exchange.tried_in, current) != current) exchange.tried = 0;
}

void describe(Exchange& exchange, upstream::LeaseWaiter& waiter) {
    const config::Upstream& settings = upstream_of(exchange);
    waiter.upstream = exchange.route->upstream;
    renew_tried(exchange);
    waiter.tried = exchange.tried;
    waiter.fresh = exchange.retries > 0;
    waiter.grant = Grant::wait;
    waiter.connection = nullptr;
    waiter.has_hash = false;
    waiter.preferred = -1;
    switch (settings.balance) {
        case config::Balance::hash_client: waiter.client = exchange.session.client(); break;
        case config::Balance::hash_header:
        case config::Balance::hash_cookie: {
            const std::string_view key = hash_key_of(exchange, settings);
            waiter.has_hash = !key.empty();
            if (waiter.has_hash) waiter.hash = upstream::hash_of_key(key);
            break;
        }
        default: break;
    }
    if (!settings.sticky_cookie.empty()) {
        waiter.preferred = exchange.context.pools.preferred_by(
            waiter.upstream, cookie_of(exchange.request, settings.sticky_cookie));
    }
}

void take(Exchange& exchange, upstream::Connection& connection) {
    exchange.connection = &connection;
    exchange.endpoint = connection.endpoint;
    exchange.reused = connection.is_reused();
}

// Why an exchange that is still without a connection must end; nothing while it may go on.
std::optional<Failure> early_end(const Exchange& exchange) {
    if (exchange.client.is_cancelled()) return Failure{ExchangeEnd::drained};
    if (exchange.client.is_gone()) return Failure{ExchangeEnd::downstream_aborted};
    return std::nullopt;
}

bool asks_to_stop(void* context) {
    auto& exchange = *static_cast<Exchange*>(context);
    exchange.client.regulate_reader(0);
    exchange.client.flush();
    return early_end(exchange).has_value();
}

async::Task<std::optional<Failure>> wait_for_grant(Exchange& exchange) {
    const upstream::LeaseWaiter& waiter = exchange.lease;
    const base::Duration span = upstream_of(exchange).pool.wait_timeout;
    const base::Instant until = std::min(exchange.context.now + span, exchange.deadline_at);
    exchange.client.deadline.set(until);
    std::optional<Failure> failed;
    while (waiter.grant == Grant::wait && !failed) {
        co_await exchange.client.wake.wait();
        exchange.client.regulate_reader(0);
        exchange.client.flush();
        failed = early_end(exchange);
        if (!failed && waiter.grant == Grant::wait && exchange.client.deadline.expired()) {
            failed = Failure{until == exchange.deadline_at ? ExchangeEnd::request_timeout
                                                           : ExchangeEnd::pool_timeout};
        }
    }
    exchange.client.deadline.clear();
    if (failed) exchange.context.pools.stop_waiting(exchange.lease);
    exchange.times.queue = exchange.context.now - waiter.waiting_since;
    co_return failed;
}

// Dials what was granted. Nothing when the exchange has its connection; a failure of the endpoint
// alone is told by `is_endpoints`, and another may be tried.
struct DialFailure {
    Failure failure;
    bool is_endpoints = false;
};
async::Task<std::optional<DialFailure>> dial(Exchange& exchange, upstream::Connection& connection) {
    upstream::PoolSet& pools = exchange.context.pools;
    renew_tried(exchange);  // it may have waited for its turn
    exchange.tried |= upstream::UpstreamSet::tried_bit(*connection.endpoint);
    exchange.endpoint = connection.endpoint;
    const base::Instant started = exchange.context.now;
    const base::Instant until =
        std::min(started + exchange.settings().connect_timeout, exchange.deadline_at);
    auto dialling = pools.dial(connection, exchange.client.wake, until, {&asks_to_stop, &exchange});
    const int result = co_await dialling;
    if (result == 0) {
        pools.connected(connection);
        exchange.times.connect = exchange.context.now - started;
        take(exchange, connection);
        co_return std::nullopt;
    }
    if (const auto ended = early_end(exchange)) {
        pools.connect_abandoned(connection);
        co_return DialFailure{*ended};
    }
    if (upstream::is_shortage(result)) {
        pools.connect_abandoned(connection);
        exchange.context.log.warn("no descriptor or memory for an upstream connection",
                                  stats::kv("error", base::Error::from_errno(result)));
        co_return DialFailure{{ExchangeEnd::internal}};
    }
    exchange.context.log.info(
        "connect failed", stats::kv("endpoint", connection.endpoint->settings->name),
        stats::kv("error", base::Error::from_errno(result, base::ErrorSource::upstream)));
    pools.connect_failed(connection);
    if (exchange.context.now >= exchange.deadline_at) {
        co_return DialFailure{{ExchangeEnd::request_timeout}};
    }
    const bool late = result == -ETIMEDOUT;
    co_return DialFailure{{late ? ExchangeEnd::connect_timeout : ExchangeEnd::connect_failed},
                          true};
}

}  // namespace

ExchangeWaiter::ExchangeWaiter(Exchange& waiting)
    : LeaseWaiter([](upstream::LeaseWaiter& self) {
          static_cast<ExchangeWaiter&>(self).exchange.client.wake.set();
      }),
      exchange(waiting) {}

bool lease_at_once(Exchange& exchange) {
    describe(exchange, exchange.lease);
    exchange.lease.grant = exchange.context.pools.acquire(exchange.lease, exchange.client.wake);
    if (exchange.lease.grant != Grant::reused) return false;
    exchange.times.queue = base::Duration{0};
    take(exchange, *std::exchange(exchange.lease.connection, nullptr));
    return true;
}

async::Task<std::optional<Failure>> lease_connection(Exchange& exchange) {
    Failure last{ExchangeEnd::no_endpoint};
    for (;;) {
        if (exchange.lease.grant == Grant::wait) {
            auto waiting = wait_for_grant(exchange);
            const std::optional<Failure> failed = co_await waiting;
            if (failed) co_return failed;
        } else if (exchange.times.queue.ns < 0) {
            exchange.times.queue = base::Duration{0};
        }
        switch (exchange.lease.grant) {
            case Grant::full: co_return Failure{ExchangeEnd::overloaded};
            case Grant::closed: co_return Failure{ExchangeEnd::no_endpoint};
            case Grant::none: co_return last;
            case Grant::reused:
                take(exchange, *std::exchange(exchange.lease.connection, nullptr));
                co_return std::nullopt;
            case Grant::connect:
            case Grant::wait: break;
        }
        auto dialling = dial(exchange, *std::exchange(exchange.lease.connection, nullptr));
        const std::optional<DialFailure> failed = co_await dialling;
        if (!failed) co_return std::nullopt;
        if (!failed->is_endpoints) co_return failed->failure;
        last = failed->failure;
        if (lease_at_once(exchange)) co_return std::nullopt;
    }
}

void discard_connection(Exchange& exchange, upstream::ExchangeOutcome outcome, bool reset) {
    if (exchange.connection == nullptr) return;
    exchange.context.pools.discard(*exchange.connection, outcome, reset);
    exchange.connection = nullptr;
}

}  // namespace ringway::proxy
