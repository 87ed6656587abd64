#include "permit_pools.h"

#include <algorithm>
#include <optional>

namespace ringway::control {

using shard::pool_of;

namespace {

// The upstream whose pool holds connections to this endpoint, if one does.
std::optional<std::size_t> http_upstream_of(const config::Settings& settings, std::size_t slot) {
    for (std::size_t index = 0; index < settings.upstreams.size(); ++index) {
        const config::Upstream& upstream = settings.upstreams[index];
        if (!upstream.speaks_http()) continue;
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            if (endpoint.slot == slot) return index;
        }
    }
    return std::nullopt;
}

}  // namespace

void for_each_limit(const config::Settings& settings,
                    const std::function<void(PermitPool, std::uint64_t)>& visit) {
    for (std::size_t index = 0; index < settings.upstreams.size(); ++index) {
        const config::Upstream& upstream = settings.upstreams[index];
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            visit(pool_of(PermitKind::endpoint, endpoint.slot), endpoint.connections_max);
        }
        visit(pool_of(PermitKind::pool, index), upstream.pool.connections_max);
        visit(pool_of(PermitKind::upstream_requests, index), upstream.requests_max);
    }
    for (const config::Route& route : settings.routes) {
        visit(pool_of(PermitKind::route_requests, route.slot), route.requests_max);
    }
}

shard::PermitShares first_shares(const PermitLedger& ledger) {
    shard::PermitShares shares;
    ledger.for_each_pool([&](PermitPool pool) {
        std::vector<std::uint64_t>* list = nullptr;
        switch (pool.kind) {
            case PermitKind::connections: return;
            case PermitKind::endpoint: list = &shares.endpoints; break;
            case PermitKind::pool: list = &shares.pools; break;
            case PermitKind::upstream_requests: list = &shares.upstream_requests; break;
            case PermitKind::route_requests: list = &shares.route_requests; break;
        }
        if (list->size() <= pool.index) list->resize(pool.index + 1, 0);
        (*list)[pool.index] = ledger.first_share(pool);
    });
    return shares;
}

std::uint64_t permits_in_use(const config::Settings& settings, const stats::ShardStats& stats,
                             PermitPool pool) {
    switch (pool.kind) {
        case PermitKind::connections: return stats.active.read();
        case PermitKind::endpoint: {
            const std::uint64_t active = stats.endpoints[pool.index].active.read();
            // Which endpoint a pool's idle connections belong to is not known here.
            const std::optional<std::size_t> upstream = http_upstream_of(settings, pool.index);
            if (!upstream) return active;
            return active - std::min(active, stats.pools[*upstream].idle.read());
        }
        case PermitKind::pool: {
            const stats::PoolStats& numbers = stats.pools[pool.index];
            const std::uint64_t open = numbers.connections.read();
            return open - std::min(open, numbers.idle.read());
        }
        case PermitKind::upstream_requests: return stats.upstreams[pool.index].active.read();
        case PermitKind::route_requests: return stats.routes[pool.index].active.read();
    }
    return 0;
}

}  // namespace ringway::control
