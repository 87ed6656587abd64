#include "permit_pools.h"

namespace ringway::control {

using shard::pool_of;

void for_each_limit(const config::Settings& settings,
                    const std::function<void(PermitPool, std::uint64_t)>& visit) {
    for (std::size_t index = 0; index < settings.upstreams.size(); ++index) {
        const config::Upstream& upstream = settings.upstreams[index];
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            visit(pool_of(PermitKind::endpoint, endpoint.slot), endpoint.connections_max);
        }
        visit(pool_of(PermitKind::pool, index),
              upstream.speaks_http() ? upstream.pool.connections_max : 0);
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

std::uint64_t permits_in_use(const stats::ShardStats& stats, PermitPool pool) {
    switch (pool.kind) {
        case PermitKind::connections: return stats.active.read();
        case PermitKind::endpoint: return stats.endpoints[pool.index].active.read();
        case PermitKind::pool:
        case PermitKind::upstream_requests:
        case PermitKind::route_requests: break;
    }
    return 0;
}

}  // namespace ringway::control
