// Whom a request gets, who waits, and what is done so that waiting ends.

#include <algorithm>

#include "pool.h"
#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/upstream/passive.h"

namespace ringway::upstream {

namespace {

constexpr std::uint64_t bit(std::size_t index) { return std::uint64_t{1} << index; }

RequestKey key_of(const LeaseWaiter& waiter) {
    return {waiter.has_hash, waiter.hash, &waiter.client};
}

// More than all permits that this shard does not hold need not be asked for.
void want(PermitHolder& holder, std::uint64_t count, std::uint64_t total) {
    const std::uint64_t held = holder.idle() + holder.used();
    holder.want(std::min(count, total - std::min(total, held)));
}

}  // namespace

// True when a connection can be opened as far as the pool is concerned.
bool PoolSet::has_room(const Pool& pool) const {
    if (connections_.in_use() == connections_.slots_max()) return false;
    const PermitHolder& permits = pool.limits.connections;
    return !permits.is_limited() || permits.idle() > 0;
}

// The connection to be handed out next; what has died or grown old meanwhile is closed.
Connection* PoolSet::first_fit(Pool& pool, Endpoint& endpoint) {
    Shelf& shelf = shelves_[endpoint.flat_index];
    while (Connection* first = shelf.idle.first()) {
        if (is_fit(pool, *first)) return first;
        close_idle(*first);
    }
    return nullptr;
}

PoolSet::Offer PoolSet::find(Pool& pool, const LeaseWaiter& waiter) {
    // As the balancer's pick(): four groups, best first, of which the first that is not empty
    // decides.
    struct Group {
        std::uint64_t all = 0;
        std::uint64_t within = 0;  // its own limit leaves room
        std::uint64_t free = 0;    // at once
    };
    Group groups[4];
    const Members members = wiring_.endpoints.endpoints_of(pool.index);
    const bool room = has_room(pool);
    for (std::size_t i = 0; i < members.size(); ++i) {
        Endpoint& each = *members[i];
        if ((waiter.tried & bit(i)) != 0 || !is_choosable(each)) continue;
        const bool idle = !waiter.fresh && first_fit(pool, each) != nullptr;
        const bool permit = has_permit(each);
        Group& group =
            groups[(each.settings->backup ? 1u : 0u) + (can_serve(each, wiring_.now) ? 0u : 2u)];
        group.all |= bit(i);
        if (idle || permit) group.within |= bit(i);
        if (idle || (permit && room)) group.free |= bit(i);
    }
    for (const Group& group : groups) {
        if (group.all == 0) continue;
        const RequestKey key = key_of(waiter);
        const config::Balance balance = pool.settings->balance;
        Offer offer;
        offer.at_limit = group.all & ~group.within;
        offer.lacks_room = group.within != 0;
        // Where it matters who serves, idle connections of others do not tempt.
        std::uint64_t bound = 0;
        if (waiter.preferred >= 0) {
            bound = group.within & bit(static_cast<std::size_t>(waiter.preferred));
        }
        if (bound == 0 && goes_by_key(balance, key)) bound = group.within;
        const std::uint64_t mask = bound != 0 ? bound : group.free;
        if (mask == 0) {
            offer.kind = Offer::Kind::blocked;
            return offer;
        }
        offer.endpoint = &pick_for_request(members, mask, balance, key, wiring_.now, random_);
        const bool is_free = (group.free & bit(offer.endpoint->index)) != 0;
        offer.kind = is_free ? Offer::Kind::lease : Offer::Kind::blocked;
        return offer;
    }
    return {};
}

// Does what can be done for a waiter that nothing can be given to now. `coming` counts down the
// permits that connections on their way out will bring.
void PoolSet::clear_the_way(Pool& pool, const LeaseWaiter& waiter, const Offer& offer,
                            std::uint64_t& coming) {
    const Members members = wiring_.endpoints.endpoints_of(pool.index);
    for (std::size_t i = 0; i < members.size(); ++i) {
        if ((offer.at_limit & bit(i)) == 0) continue;
        const Shelf& shelf = shelves_[members[i]->flat_index];
        // An idle connection that is not fresh enough stands in the way of a new one.
        if (waiter.fresh && shelf.closing_count == 0 && shelf.idle_count != 0) {
            evict(shelf_end(*members[i]));
        }
        wiring_.endpoints.want(*members[i], pool.waiting_count);
    }
    if (!offer.lacks_room || has_room(pool)) return;
    if (coming > 0) {
        --coming;
        return;
    }
    if (Connection* oldest = oldest_idle(pool)) {
        evict(*oldest);
        return;
    }
    if (connections_.in_use() == connections_.slots_max()) {
        short_of_slots_ = true;
        for (const auto& other : pools_) {
            Connection* const oldest = other->closing_count == 0 ? oldest_idle(*other) : nullptr;
            if (oldest == nullptr) continue;
            evict(*oldest);
            return;
        }
    }
    PermitHolder& permits = pool.limits.connections;
    want(permits, pool.waiting_count, pool.settings->pool.connections_max);
    note_news(permits);
}

Connection& PoolSet::shelf_end(Endpoint& endpoint) {
    ConnectionList& idle = shelves_[endpoint.flat_index].idle;
    const bool newest_first =
        pools_[endpoint.upstream_index]->settings->pool.order == config::PoolOrder::lifo;
    return newest_first ? idle.back() : idle.front();
}

Connection* PoolSet::oldest_idle(Pool& pool) {
    Connection* oldest = nullptr;
    if (pool.idle_count == 0) return oldest;
    for (Endpoint* each : wiring_.endpoints.endpoints_of(pool.index)) {
        if (shelves_[each->flat_index].idle_count == 0) continue;
        Connection& end = shelf_end(*each);
        if (oldest == nullptr || end.idle_since < oldest->idle_since) oldest = &end;
    }
    return oldest;
}

// ---- waiting ----------------------------------------------------------------------------------

bool PoolSet::needs_look(const Pool& pool) const {
    return pool.has_waiters() &&
           (pool.freed || pool.seen_changes != wiring_.endpoints.changes(pool.index));
}

// Hands what is free to waiters in the order they came, passing over those that cannot use it.
void PoolSet::serve_waiting(Pool& pool) {
    pool.freed = false;
    pool.seen_changes = wiring_.endpoints.changes(pool.index);
    const std::uint64_t owed = pool.limits.connections.owed();
    std::uint64_t coming = pool.closing_count - std::min<std::uint64_t>(pool.closing_count, owed);
    LeaseWaiter* at = pool.waiting.first();
    while (at != nullptr) {
        LeaseWaiter* const following = pool.waiting.next(*at);
        const Offer offer = find(pool, *at);
        if (offer.kind == Offer::Kind::blocked) {
            clear_the_way(pool, *at, offer, coming);
            // Nothing is left that anybody behind could use.
            if (pool.idle_count == 0 && !has_room(pool)) break;
        } else {
            leave_queue(pool, *at);
            pool.stats.wait.record(wiring_.now - at->waiting_since, wiring_.now);
            at->grant = Grant::none;
            if (offer.kind == Offer::Kind::lease) take_lease(pool, *at, *offer.endpoint);
            served_.push_back(*at);
        }
        at = following;
    }
    pool.retry_at = base::Instant::never();
    if (!pool.has_waiters()) return;
    for (const Endpoint* each : wiring_.endpoints.endpoints_of(pool.index)) {
        if (!is_marked_down(*each) || each->down_until <= wiring_.now) continue;
        pool.retry_at = std::min(pool.retry_at, each->down_until);
    }
    wake_by(pool.retry_at);
}

void PoolSet::leave_queue(Pool& pool, LeaseWaiter& waiter) {
    waiter.link.unlink();
    --pool.waiting_count;
    --waiting_total_;
    pool.stats.waiting.subtract();
}

void PoolSet::run_waiters() {
    if (told_ != wiring_.endpoints.told()) {
        told_ = wiring_.endpoints.told();
        wake_.set();
    }
    // A woken request may fail at once and free what the next one waits for.
    bool again = true;
    while (again) {
        again = false;
        if (waiting_total_ != 0) {
            for (const auto& pool : pools_) {
                if (!needs_look(*pool)) continue;
                serve_waiting(*pool);
                again = true;
            }
        }
        while (!served_.empty()) {
            LeaseWaiter& waiter = served_.pop_front();
            waiter.wake(waiter);
        }
    }
}

// ---- limits -----------------------------------------------------------------------------------

bool PoolSet::begin_request(std::size_t upstream) {
    PermitHolder& permits = limits_[upstream].requests;
    const bool may = permits.take();
    if (!permits.is_limited()) return may;
    // Asks ahead, so that a burst here rarely meets permits that lie idle elsewhere.
    const std::uint64_t reserve = (permits.used() + permits.idle()) / 4 + 1;
    if (permits.idle() < reserve) {
        want(permits, reserve, pools_[upstream]->settings->requests_max);
        note_news(permits);
    }
    return may;
}

void PoolSet::end_request(std::size_t upstream) {
    PermitHolder& permits = limits_[upstream].requests;
    permits.put_back();
    note_news(permits);
}

void PoolSet::grant_permits(std::size_t upstream, std::uint64_t count) {
    limits_[upstream].connections.grant(count);
    pools_[upstream]->freed = true;
    // What is to be warm may have waited for it.
    if (pools_[upstream]->open_count < pools_[upstream]->min_share) wake_.set();
}

std::uint64_t PoolSet::recall_permits(std::size_t upstream, std::uint64_t count) {
    constexpr base::Duration sharing_interval = base::Duration::milliseconds(10);
    constexpr base::Duration warm_pause = base::Duration::seconds(10);
    Pool& pool = *pools_[upstream];
    PermitHolder& permits = pool.limits.connections;
    // What was granted in this very turn is for those who wait here: else it would go from shard to
    // shard and never be used.
    const bool too_early = base::planted(base::Bug::permit_recalled_first);
    if (needs_look(pool) && !too_early) serve_waiting(pool);
    if (pool.has_waiters()) {
        // Both sides are short: a connection that changes sides is opened anew, so few do.
        if (wiring_.now - pool.shared_at < sharing_interval) {
            return permits.recall(std::min(count, permits.idle()));
        }
        pool.shared_at = wiring_.now;
    }
    const std::uint64_t leaving = permits.recall(count);
    while (permits.owed() > pool.closing_count) {
        Connection* const oldest = oldest_idle(pool);
        if (oldest == nullptr) break;
        evict(*oldest);
    }
    // Others have work for what would only be kept warm here.
    pool.warm_after = wiring_.now + warm_pause;
    return leaving;
}

void PoolSet::grant_request_permits(std::size_t upstream, std::uint64_t count) {
    limits_[upstream].requests.grant(count);
}

std::uint64_t PoolSet::recall_request_permits(std::size_t upstream, std::uint64_t count) {
    return limits_[upstream].requests.recall(count);
}

std::uint64_t PoolSet::recall_endpoint_permits(std::size_t slot, std::uint64_t count) {
    Endpoint& endpoint = wiring_.endpoints.endpoint(slot);
    Pool& pool = *pools_[endpoint.upstream_index];
    if (needs_look(pool)) serve_waiting(pool);
    const std::uint64_t leaving = wiring_.endpoints.recall_permits(slot, count);
    const Shelf& shelf = shelves_[slot];
    while (endpoint.permits_owed > shelf.closing_count && shelf.idle_count != 0) {
        evict(shelf_end(endpoint));
    }
    return leaving;
}

}  // namespace ringway::upstream
