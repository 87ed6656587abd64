// One server that an upstream may use, as one shard sees it.
//
// Owned by the shard's UpstreamSet; changed by the shard's thread alone. What the coordinator knows
// (operator's state, health, addresses) arrives by mailbox and is stored here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"
#include "ringway/stats/shard_stats.h"
#include "ringway/upstream/recent_counts.h"

namespace ringway::upstream {

enum class AdminState : std::uint8_t { ready, drain, down };

// More addresses of one name than these are not used.
inline constexpr std::size_t addresses_per_endpoint_max = 16;

struct Endpoint {
    const config::Endpoint* settings = nullptr;
    const config::Upstream* upstream = nullptr;
    std::size_t flat_index = 0;  // config::Endpoint::slot: over all upstreams, stays over reloads
    std::size_t index = 0;       // its bit in a TriedSet; retired endpoints make room for others
    std::size_t upstream_index = 0;
    std::uint64_t hash_seed = 0;  // of its name: its place in hash:client's order
    stats::EndpointStats* stats = nullptr;

    // Empty while the name does not resolve. Replaced in place and never moved: a connect that is
    // being submitted may still point into it.
    std::vector<net::Address> addresses;
    std::string authority;             // host and port, as Host fields say it
    net::UnixPath unix_path;           // when the target is a Unix socket
    std::size_t next_address = 0;      // the one to try first
    std::uint32_t target_version = 0;  // another one after a reload that points it elsewhere

    AdminState state = AdminState::ready;
    bool healthy = true;       // by active checks; true while there are none
    std::uint32_t active = 0;  // this shard's connections and connects under way

    // Passive marking (upstream/passive.h): consecutive failed connects and the back-off after
    // them.
    std::uint32_t failures_in_a_row = 0;
    base::Instant down_until{0};
    base::Duration backoff{0};   // 0: not marked down
    bool trial_running = false;  // the one connect or exchange after a back-off is under way

    // Of HTTP exchanges: in flight, failed in a row, and lately (all, failed). `ejected`: the mark
    // above was set by failed exchanges, and only a good one clears it.
    std::uint32_t requests_active = 0;
    std::uint32_t failed_exchanges_in_a_row = 0;
    bool ejected = false;
    RecentCounts exchanges;
    // Moving average of the time to the first byte, as of latency_at; 0: not known.
    double latency_ns = 0;
    base::Instant latency_at{0};

    // The limit over all shards: permits that this shard holds and has not used (limit_permits is
    // meaningless while settings->connections_max == 0).
    std::uint64_t permits_idle = 0;
    std::uint64_t permits_wanted = 0;     // missing here, and not yet granted
    std::uint64_t permits_to_ask = 0;     // of these, not yet asked for
    std::uint64_t permits_owed = 0;       // recalled while in use: leave as sessions end
    std::uint64_t permits_to_return = 0;  // have left, and are not yet on their way
    std::uint64_t permits_waiting = 0;    // sessions that wait for a permit of this endpoint
    std::uint64_t permits_exempt = 0;     // connections from before there was a limit

    // Smooth weighted round robin's running value.
    std::int64_t current_weight = 0;
};

}  // namespace ringway::upstream
