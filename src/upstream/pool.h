// What a PoolSet keeps for one upstream.
#pragma once

#include "ringway/upstream/pool_set.h"

namespace ringway::upstream {

struct PoolSet::Pool {
    Pool(std::size_t upstream, const config::Upstream& chosen, Limits& held,
         stats::PoolStats& counted)
        : index(upstream), settings(&chosen), limits(held), stats(counted) {}

    const std::size_t index;
    const config::Upstream* settings;
    Limits& limits;
    stats::PoolStats& stats;
    RetryBudget retries;

    WaiterList waiting;
    std::size_t waiting_count = 0;
    bool freed = false;              // something that waiters may use
    std::uint64_t seen_changes = 0;  // UpstreamSet::changes() when they were looked at last
    base::Instant retry_at = base::Instant::never();  // a back-off ends that they may profit from
    base::Instant shared_at{0};  // when another shard was promised permits in spite of waiters

    std::uint32_t open_count = 0;  // in any state, connecting and closing included
    std::uint32_t idle_count = 0;
    std::uint32_t closing_count = 0;

    // Keeping warm: this shard's part of connections_min; at start, one connection per endpoint.
    std::uint32_t min_share = 0;
    std::uint32_t warming_count = 0;
    bool is_starting = false;
    bool warm_failed = false;
    base::Instant start_until{0};
    base::Instant warm_after{0};

    bool has_waiters() const { return waiting_count != 0; }
};

inline PoolSet::Pool& PoolSet::pool_of(const Connection& connection) {
    return *pools_[connection.endpoint->upstream_index];
}

}  // namespace ringway::upstream
