// What a PoolSet does of its own accord: watch idle connections, close them in time, keep some
// warm.

#include <algorithm>
#include <cerrno>

#include "pool.h"
#include "ringway/base/assert.h"
#include "ringway/upstream/dial.h"

namespace ringway::upstream {

namespace {

// How soon opening a connection that is to be kept warm is tried again.
constexpr base::Duration warm_retry = base::Duration::seconds(1);
// At once, so that starting does not look like an attack.
constexpr std::uint32_t warming_max = 16;

}  // namespace

async::Task<void> PoolSet::keep() {
    look_after();
    while (!finishing_ || !is_empty()) {
        co_await wake_.wait();
        look_after();
    }
    deadline_.clear();
    auto warmed = warming_.join();
    co_await warmed;
}

void PoolSet::stop() {
    if (stopping_) return;
    stopping_ = true;
    for (const auto& pool : pools_) {
        while (pool->has_waiters()) {
            LeaseWaiter& waiter = pool->waiting.front();
            leave_queue(*pool, waiter);
            waiter.grant = Grant::closed;
            served_.push_back(waiter);
        }
    }
    opening_.for_each([](Connection& each) { each.socket.wake().set(); });
    wake_.set();
}

void PoolSet::finish() {
    RW_ASSERT(stopping_);
    if (finishing_) return;
    finishing_ = true;
    wake_.set();
}

bool PoolSet::is_warm() const {
    return std::none_of(pools_.begin(), pools_.end(),
                        [](const auto& pool) { return pool->is_starting; });
}

void PoolSet::wake_by(base::Instant at) {
    if (at < deadline_.at()) deadline_.set(at);
}

std::uint64_t PoolSet::count_ejected(const Pool& pool) const {
    const Members members = wiring_.endpoints.endpoints_of(pool.index);
    return static_cast<std::uint64_t>(std::count_if(
        members.begin(), members.end(), [](const Endpoint* each) { return each->ejected; }));
}

void PoolSet::look_after() {
    base::Instant due = base::Instant::never();
    closing_.for_each([this](Connection& each) {
        if (each.socket.is_quiet()) finish_closing(each);
    });
    for (std::size_t slot = 0; slot < shelves_.size(); ++slot) {
        if (shelves_[slot].idle_count == 0) continue;
        const Endpoint& endpoint = wiring_.endpoints.endpoint(slot);
        due = std::min(due, look_after_idle(*pools_[endpoint.upstream_index], shelves_[slot]));
    }
    for (const auto& pool : pools_) {
        if (pool->retry_at <= wiring_.now) {
            pool->freed = true;
        } else {
            due = std::min(due, pool->retry_at);
        }
        due = std::min(due, keep_warm(*pool));
        pool->stats.ejected.set(count_ejected(*pool));
    }
    deadline_.set(due);
}

// When an idle connection is to be closed; one of those that are kept warm grows old, not idle.
base::Instant PoolSet::expiry_of(const Pool& pool, const Connection& connection) const {
    const config::PoolSettings& rules = pool.settings->pool;
    const base::Instant too_old = connection.opened_at + rules.age_max;
    if (pool.open_count - pool.closing_count <= pool.min_share) return too_old;
    return std::min(too_old, connection.idle_since + rules.idle_timeout);
}

// Returns when to look again.
base::Instant PoolSet::look_after_idle(Pool& pool, Shelf& shelf) {
    base::Instant due = base::Instant::never();
    shelf.idle.for_each([&](Connection& each) {
        if (stopping_ || !is_fit(pool, each) || expiry_of(pool, each) <= wiring_.now) {
            close_idle(each);
            return;
        }
        net::Socket& socket = each.socket;
        if (!socket.is_receiving() && !socket.is_waiting_for_buffer()) socket.start_receiving();
        due = std::min(due, expiry_of(pool, each));
    });
    return due;
}

// ---- warm connections -------------------------------------------------------------------------

std::uint32_t PoolSet::warm_target(const Pool& pool) const {
    if (stopping_ || pool.settings->retired || !pool.settings->speaks_http()) return 0;
    std::uint32_t target = pool.min_share;
    if (pool.is_starting) {
        const Members members = wiring_.endpoints.endpoints_of(pool.index);
        const auto usable = std::count_if(members.begin(), members.end(), [](const Endpoint* each) {
            return is_usable(*each) && !each->settings->backup;
        });
        target = std::max(target, static_cast<std::uint32_t>(usable));
    }
    const std::uint32_t most = pool.settings->pool.connections_max;
    return most == 0 ? target : std::min(target, most);
}

// The endpoint that has the fewest connections for its weight, among those that are well.
Endpoint* PoolSet::coldest(const Pool& pool) {
    Endpoint* coldest = nullptr;
    for (Endpoint* each : wiring_.endpoints.endpoints_of(pool.index)) {
        if (each->settings->backup || !can_serve(*each, wiring_.now) || !has_permit(*each)) {
            continue;
        }
        if (coldest == nullptr || std::uint64_t{each->active} * coldest->settings->weight <
                                      std::uint64_t{coldest->active} * each->settings->weight) {
            coldest = each;
        }
    }
    return coldest;
}

// Opens what is missing to the warm target; returns when to try again.
base::Instant PoolSet::keep_warm(Pool& pool) {
    const std::uint32_t target = warm_target(pool);
    const bool has_given_up = pool.warm_failed || wiring_.now >= pool.start_until;
    while (pool.open_count < target && wiring_.now >= pool.warm_after && !pool.has_waiters() &&
           pool.warming_count < warming_max) {
        Endpoint* const endpoint = coldest(pool);
        if (endpoint == nullptr || !has_room(pool)) {
            PermitHolder& permits = pool.limits.connections;
            if (endpoint != nullptr && pool.open_count < pool.min_share) {
                permits.want(pool.min_share - pool.open_count);
                note_news(permits);
            }
            pool.warm_after = wiring_.now + warm_retry;
            break;
        }
        Connection& opened = open(pool, *endpoint, wake_);
        opening_.push_back(opened);
        ++pool.warming_count;
        warming_.spawn(warm_up(opened));
    }
    if (pool.warming_count == 0 && (pool.open_count >= target || has_given_up)) {
        pool.is_starting = false;
    }
    base::Instant due = base::Instant::never();
    if (pool.open_count < target) due = std::max(pool.warm_after, wiring_.now + warm_retry);
    return pool.is_starting ? std::min(due, pool.start_until) : due;
}

async::Task<void> PoolSet::warm_up(Connection& connection) {
    async::Wake wake;
    connection.socket.set_wake(wake);
    Pool& pool = pool_of(connection);
    const base::Instant until = wiring_.now + wiring_.settings->connect_timeout;
    auto dialling = dial(connection, wake, until, {&PoolSet::is_stopping, this});
    const int result = co_await dialling;
    connection.link.unlink();
    --pool.warming_count;
    if (result == 0) {
        connected(connection);
        settle(connection);
    } else {
        pool.warm_failed = true;
        pool.warm_after = wiring_.now + warm_retry;
        if (result == -ECANCELED || is_shortage(result)) {
            connect_abandoned(connection);
        } else {
            connect_failed(connection);
        }
    }
    wake_.set();
}

}  // namespace ringway::upstream
