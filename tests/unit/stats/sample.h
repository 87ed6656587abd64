// Readings with known numbers, for the tests of everything that shows them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ringway/stats/exchange_record.h"
#include "ringway/stats/log.h"
#include "ringway/stats/render.h"
#include "ringway/stats/snapshot.h"

namespace ringway::stats {

inline constexpr std::int64_t sample_wall_us =
    1'763'652'793'123'456;                                  // 2025-11-20T15:33:13.123456Z
inline constexpr base::Instant sample_now{90'000'000'000};  // in the second window of 60 s

// Two shards that did different things; two listeners, three endpoints of two upstreams.
std::vector<std::unique_ptr<ShardStats>> sample_shards();
Context sample_context();
Snapshot sample_snapshot();
// An HTTP gateway: two shards, routes and upstreams of which a reload has retired some.
std::vector<std::unique_ptr<ShardStats>> sample_http_shards();
Context sample_http_context();
Snapshot sample_http_snapshot();
std::vector<ConnectionLine> sample_connections();
ExchangeRecord sample_exchange();
Info sample_info();

// What a peer might send or a user might type to break a reader of ours.
std::string hostile_text();

// Every JSON answer and log line there is, one per line, with and without data.
std::vector<std::string> sample_answers();

}  // namespace ringway::stats
