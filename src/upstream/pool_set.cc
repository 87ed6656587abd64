#include "ringway/upstream/pool_set.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "pool.h"
#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/upstream/dial.h"
#include "ringway/upstream/passive.h"

namespace ringway::upstream {

namespace {

std::uint64_t share_of(const std::vector<std::uint64_t>& shares, std::size_t upstream) {
    return upstream < shares.size() ? shares[upstream] : 0;
}

// A limit that begins, stays or is lifted; a total of 0 is none.
void set_limit(PermitHolder& holder, std::uint64_t total, std::uint64_t first_share) {
    if (total == 0 || base::planted(base::Bug::pool_limit_ignored)) {
        holder.set_unlimited();
    } else if (!holder.is_limited()) {
        holder.set_limited(first_share);
    }
}

}  // namespace

PoolSet::PoolSet(const PoolWiring& wiring)
    : wiring_(wiring),
      connections_(wiring.connections_max),
      deadline_(wiring.timers, wake_),
      random_(wiring.shard + 1) {
    load(wiring_.connection_permits, wiring_.request_permits);
    for (const auto& pool : pools_) {
        pool->is_starting = pool->settings->speaks_http() && pool->settings->pool.warm;
        pool->start_until = wiring_.now + wiring_.settings->connect_timeout;
    }
}

PoolSet::~PoolSet() {
    RW_ASSERT(waiting_total_ == 0);
    RW_ASSERT(connections_.in_use() == 0);
}

void PoolSet::load(const std::vector<std::uint64_t>& connection_permits,
                   const std::vector<std::uint64_t>& request_permits) {
    const auto& upstreams = wiring_.settings->upstreams;
    RW_ASSERT(wiring_.stats.pools.size() >= upstreams.size());
    for (std::size_t i = 0; i < upstreams.size(); ++i) {
        if (i == pools_.size()) {
            pools_.push_back(std::make_unique<Pool>(i, upstreams[i], limits_.emplace_back(),
                                                    wiring_.stats.pools[i]));
        }
        Pool& pool = *pools_[i];
        pool.settings = &upstreams[i];
        pool.retries.configure(pool.settings->retry_percent, pool.settings->retry_floor_per_second);
        const config::PoolSettings& wanted = pool.settings->pool;
        set_limit(pool.limits.connections, wanted.connections_max, share_of(connection_permits, i));
        set_limit(pool.limits.requests, pool.settings->requests_max, share_of(request_permits, i));
        const bool has_remainder = wiring_.shard < wanted.connections_min % wiring_.shards;
        pool.min_share = wanted.connections_min / wiring_.shards + (has_remainder ? 1 : 0);
        pool.freed = true;
    }
    shelves_.resize(wiring_.endpoints.endpoint_count());
}

void PoolSet::reload(const config::Settings& settings,
                     const std::vector<std::uint64_t>& connection_permits,
                     const std::vector<std::uint64_t>& request_permits) {
    RW_ASSERT(settings.upstreams.size() >= pools_.size());
    wiring_.settings = &settings;
    load(connection_permits, request_permits);
    // Places of endpoints may be others' now.
    for (const auto& pool : pools_) {
        for (LeaseWaiter* each = pool->waiting.first(); each != nullptr;
             each = pool->waiting.next(*each)) {
            each->tried = 0;
        }
    }
    wake_.set();
}

// ---- leases -----------------------------------------------------------------------------------

Grant PoolSet::acquire(LeaseWaiter& waiter, async::Wake& wake) {
    RW_ASSERT(!waiter.link.is_linked());
    RW_ASSERT(waiter.connection == nullptr);
    waiter.socket_wake = &wake;
    Pool& pool = *pools_[waiter.upstream];
    // Whoever waits already comes before the newcomer.
    if (needs_look(pool)) serve_waiting(pool);
    const Offer offer = find(pool, waiter);
    if (offer.kind == Offer::Kind::none) return waiter.grant = Grant::none;
    if (offer.kind == Offer::Kind::lease) {
        take_lease(pool, waiter, *offer.endpoint);
        return waiter.grant;
    }
    if (stopping_) return waiter.grant = Grant::closed;
    if (pool.waiting_count >= pool.settings->pool.waiters_max) return waiter.grant = Grant::full;
    waiter.grant = Grant::wait;
    waiter.waiting_since = wiring_.now;
    waiter.queued_before = static_cast<std::uint32_t>(pool.waiting_count);
    pool.waiting.push_back(waiter);
    ++pool.waiting_count;
    ++waiting_total_;
    pool.stats.waiting.add();
    pool.stats.waits.add();
    pool.freed = true;  // a look at the queue also clears the way for it
    return waiter.grant;
}

void PoolSet::take_lease(Pool& pool, LeaseWaiter& waiter, Endpoint& endpoint) {
    pool.stats.leases.add();
    pool.stats.leased.add();
    ++endpoint.requests_active;
    endpoint.stats->requests.add();
    endpoint.stats->requests_active.add();
    Connection* const idle = waiter.fresh ? nullptr : first_fit(pool, endpoint);
    if (idle == nullptr) {
        Connection& opened = open(pool, endpoint, *waiter.socket_wake);
        opened.requests = 1;
        waiter.connection = &opened;
        waiter.grant = Grant::connect;
        return;
    }
    take_from_shelf(*idle);
    pool.stats.reuses.add();
    idle->state = Connection::State::leased;
    idle->was_idle = true;
    ++idle->requests;
    idle->socket.set_wake(*waiter.socket_wake);
    idle->socket.take_arrived();
    // The first exchange after a back-off is the trial.
    connect_started(endpoint, wiring_.now);
    waiter.connection = idle;
    waiter.grant = Grant::reused;
}

void PoolSet::stop_waiting(LeaseWaiter& waiter) {
    Pool& pool = *pools_[waiter.upstream];
    if (waiter.link.is_linked() && waiter.grant == Grant::wait) {
        leave_queue(pool, waiter);
        const base::Duration waited = wiring_.now - waiter.waiting_since;
        if (waited >= pool.settings->pool.wait_timeout) pool.stats.wait_timeouts.add();
    }
    waiter.link.unlink();
    Connection* const unused = std::exchange(waiter.connection, nullptr);
    if (unused == nullptr) return;
    if (waiter.grant == Grant::connect) {
        connect_abandoned(*unused);
        return;
    }
    --unused->requests;
    end_request_on(*unused, ExchangeOutcome::aborted_by_client);
    settle(*unused);
}

void PoolSet::give_back(Connection& connection, ExchangeOutcome outcome) {
    RW_ASSERT(connection.state == Connection::State::leased);
    end_request_on(connection, outcome);
    settle(connection);
}

void PoolSet::discard(Connection& connection, ExchangeOutcome outcome, bool reset) {
    RW_ASSERT(connection.state == Connection::State::leased);
    end_request_on(connection, outcome);
    close(connection, reset);
}

void PoolSet::end_request_on(Connection& connection, ExchangeOutcome outcome) {
    Pool& pool = pool_of(connection);
    Endpoint& endpoint = *connection.endpoint;
    RW_ASSERT(endpoint.requests_active > 0);
    --endpoint.requests_active;
    endpoint.stats->requests_active.subtract();
    pool.stats.leased.subtract();
    switch (outcome) {
        case ExchangeOutcome::success: {
            pool.stats.successes.add();
            const bool was_ejected = endpoint.ejected;
            exchange_succeeded(endpoint, wiring_.now);
            if (was_ejected && !endpoint.ejected) {
                pool.stats.ejected.subtract();
                pool.freed = true;
            }
            break;
        }
        case ExchangeOutcome::upstream_error:
            pool.stats.failures.add();
            if (exchange_failed(endpoint, wiring_.endpoints.endpoints_of(pool.index),
                                wiring_.now)) {
                pool.stats.ejections.add();
                pool.stats.ejected.add();
            }
            break;
        case ExchangeOutcome::aborted_by_client: break;
    }
}

// ---- connections ------------------------------------------------------------------------------

Connection& PoolSet::open(Pool& pool, Endpoint& endpoint, async::Wake& wake) {
    Connection* const made = connections_.emplace(wiring_.sockets, wake, endpoint);
    RW_ASSERT(made != nullptr);
    const bool permitted = pool.limits.connections.take();
    RW_ASSERT(permitted);
    wiring_.endpoints.charge(endpoint, wiring_.now);
    made->flow.direction = &wiring_.stats.direction[static_cast<std::size_t>(stats::Direction::up)];
    ++pool.open_count;
    pool.stats.connections.add();
    return *made;
}

void PoolSet::connected(Connection& connection) {
    RW_ASSERT(connection.state == Connection::State::connecting);
    Pool& pool = pool_of(connection);
    connection.state = Connection::State::leased;
    connection.opened_at = wiring_.now;
    wiring_.endpoints.connected(*connection.endpoint);
    wiring_.stats.connect.record(connection.connect_time, wiring_.now);
    pool.stats.opened.add();
    connection.expect_input();
}

void PoolSet::connect_failed(Connection& connection) {
    end_connecting(connection);
    wiring_.stats.connect_failures.add();
    pool_of(connection).stats.connect_failures.add();
    wiring_.endpoints.connect_failed(*connection.endpoint, wiring_.now);
    remove(connection);
}

void PoolSet::connect_abandoned(Connection& connection) {
    end_connecting(connection);
    wiring_.endpoints.connect_abandoned(*connection.endpoint);
    remove(connection);
}

void PoolSet::end_connecting(Connection& connection) {
    RW_ASSERT(connection.state == Connection::State::connecting);
    RW_ASSERT(!connection.socket.is_open());
    if (connection.requests == 0) return;  // nobody asked for it: kept warm
    --connection.endpoint->requests_active;
    connection.endpoint->stats->requests_active.subtract();
    pool_of(connection).stats.leased.subtract();
}

// Onto the shelf, if it may serve again.
void PoolSet::settle(Connection& connection) {
    Pool& pool = pool_of(connection);
    connection.idle_since = wiring_.now;
    connection.socket.set_wake(wake_);
    connection.socket.set_wake_on_sent(false);
    if (!is_fit(pool, connection)) {
        count_unfit(pool, connection);
        close(connection, false);
        return;
    }
    Shelf& shelf = shelves_[connection.endpoint->flat_index];
    const bool is_owed = pool.limits.connections.owed() > pool.closing_count ||
                         connection.endpoint->permits_owed > shelf.closing_count;
    if (is_owed || stopping_) {
        if (is_owed) pool.stats.evicted.add();
        close(connection, false);
        return;
    }
    connection.expect_input();
    connection.state = Connection::State::idle;
    if (pool.settings->pool.order == config::PoolOrder::lifo) {
        shelf.idle.push_front(connection);
    } else {
        shelf.idle.push_back(connection);
    }
    ++shelf.idle_count;
    ++pool.idle_count;
    pool.stats.idle.add();
    pool.freed = true;
    wake_by(expiry_of(pool, connection));
}

void PoolSet::take_from_shelf(Connection& connection) {
    RW_ASSERT(connection.state == Connection::State::idle);
    Pool& pool = pool_of(connection);
    connection.link.unlink();
    --shelves_[connection.endpoint->flat_index].idle_count;
    --pool.idle_count;
    pool.stats.idle.subtract();
}

// True while it may serve one more request.
bool PoolSet::is_fit(const Pool& pool, const Connection& connection) const {
    const Endpoint& endpoint = *connection.endpoint;
    const config::PoolSettings& rules = pool.settings->pool;
    if (!connection.is_clean()) return false;
    if (connection.target_version != endpoint.target_version || !is_usable(endpoint)) return false;
    if (rules.requests_max != 0 && connection.requests >= rules.requests_max) return false;
    return wiring_.now < connection.opened_at + rules.age_max;
}

void PoolSet::count_unfit(Pool& pool, const Connection& connection) {
    (connection.is_clean() ? pool.stats.closed_idle : pool.stats.closed_by_peer).add();
}

void PoolSet::close_idle(Connection& connection) {
    count_unfit(pool_of(connection), connection);
    take_from_shelf(connection);
    close(connection, false);
}

void PoolSet::evict(Connection& connection) {
    pool_of(connection).stats.evicted.add();
    take_from_shelf(connection);
    close(connection, false);
}

void PoolSet::close(Connection& connection, bool reset) {
    connection.state = Connection::State::closing;
    connection.closes_with_reset = reset;
    connection.socket.set_wake(wake_);
    connection.socket.stop();
    ++pool_of(connection).closing_count;
    ++shelves_[connection.endpoint->flat_index].closing_count;
    if (connection.socket.is_quiet()) {
        finish_closing(connection);
    } else {
        closing_.push_back(connection);
    }
}

void PoolSet::finish_closing(Connection& connection) {
    connection.link.unlink();
    connection.socket.received().clear();
    connection.out.clear();
    connection.socket.close(connection.closes_with_reset);
    --pool_of(connection).closing_count;
    --shelves_[connection.endpoint->flat_index].closing_count;
    wiring_.endpoints.disconnected(*connection.endpoint);
    remove(connection);
}

// Its permits are free again.
void PoolSet::remove(Connection& connection) {
    Pool& pool = pool_of(connection);
    connection.link.unlink();
    connections_.release(&connection);
    const bool leaks = base::planted(base::Bug::pool_permit_leaked);
    if (!leaks || pool.stats.opened.read() % 4 != 1) pool.limits.connections.put_back();
    note_news(pool.limits.connections);
    --pool.open_count;
    pool.stats.connections.subtract();
    pool.freed = true;
    if (std::exchange(short_of_slots_, false)) {
        for (const auto& each : pools_) each->freed = true;
    }
    if (stopping_ || pool.open_count < pool.min_share) wake_.set();
}

void PoolSet::note_news(const PermitHolder& holder) {
    if (holder.has_news()) permit_news_ = true;
}

// ---- connecting -------------------------------------------------------------------------------

// A name may have addresses that nobody listens on (localhost, with a server on IPv4 alone): the
// endpoint has failed only when each of them has.
async::Task<int> PoolSet::dial(Connection& connection, async::Wake& wake, base::Instant until,
                               Stop stop) {
    const base::Instant started = wiring_.now;
    async::Deadline deadline(wiring_.timers, wake);
    Endpoint& endpoint = *connection.endpoint;
    net::Socket& socket = connection.socket;
    int result = 0;
    for (std::size_t tries = 0; tries == 0 || tries < endpoint.addresses.size(); ++tries) {
        result = begin_connect(socket, wiring_.endpoints, endpoint);
        if (is_shortage(result)) break;
        if (result != 0) continue;
        const auto left = static_cast<std::int64_t>(
            std::max<std::size_t>(endpoint.addresses.size(), tries + 1) - tries);
        deadline.set(wiring_.now + (until - wiring_.now) / left);
        bool asked_to_stop = false;
        while (socket.is_connecting() && !deadline.expired() && !asked_to_stop) {
            co_await wake.wait();
            asked_to_stop = stop.asked(stop.context);
        }
        if (socket.is_connecting()) {
            result = asked_to_stop ? -ECANCELED : -ETIMEDOUT;
            socket.stop();
            while (!socket.is_quiet()) co_await wake.wait();
        } else {
            result = socket.connect_result();
        }
        if (result == 0) break;
        socket.close(false);
        if (asked_to_stop || is_shortage(result) || wiring_.now >= until) break;
    }
    connection.connect_time = wiring_.now - started;
    co_return result;
}

// ---- what requests tell and ask ---------------------------------------------------------------

void PoolSet::note_latency(Endpoint& endpoint, base::Duration first_byte) {
    upstream::note_latency(endpoint, first_byte, wiring_.now);
}

RetryBudget& PoolSet::retry_budget(std::size_t upstream) { return pools_[upstream]->retries; }

StickyValue PoolSet::sticky_value(const Endpoint& endpoint) {
    constexpr char digits[] = "0123456789abcdef";
    StickyValue value;
    std::uint64_t rest = endpoint.hash_seed;
    for (auto at = value.rbegin(); at != value.rend(); ++at, rest >>= 4) *at = digits[rest & 15];
    return value;
}

int PoolSet::preferred_by(std::size_t upstream, std::string_view cookie_value) const {
    for (const Endpoint* each : wiring_.endpoints.endpoints_of(upstream)) {
        const StickyValue value = sticky_value(*each);
        if (cookie_value == std::string_view(value.data(), value.size())) {
            return static_cast<int>(each->index);
        }
    }
    return -1;
}

}  // namespace ringway::upstream
