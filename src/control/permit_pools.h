// Which totals over shards the settings ask for, as pools of permits.
//
// Pure: reads settings and published numbers.
#pragma once

#include <cstdint>
#include <functional>

#include "permits.h"
#include "ringway/config/settings.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::control {

// Every pool of these settings with its total (0: no limit), but for --max-connections, which no
// reload changes.
void for_each_limit(const config::Settings& settings,
                    const std::function<void(PermitPool, std::uint64_t)>& visit);

// What every shard holds at first of all pools there are.
shard::PermitShares first_shares(const PermitLedger& ledger);

// How many of its permits a shard seems to need, from its statistics. What only idle connections of
// a pool hold is not needed: they close when somebody else asks.
std::uint64_t permits_in_use(const config::Settings& settings, const stats::ShardStats& stats,
                             PermitPool pool);

}  // namespace ringway::control
