// What was counted of HTTP as plain values that can be added up: readings of http_stats.h.
//
// The fields mean what the struct of the same name there says. Nothing here changes once it was
// read but by add().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/stats/http_stats.h"
#include "ringway/stats/latency_reading.h"

namespace ringway::stats {

struct TrafficReading {
    std::uint64_t requests = 0;
    std::uint64_t active = 0;
    std::uint64_t errors = 0;
    std::array<std::uint64_t, method_class_count> by_method{};
    std::array<std::uint64_t, status_class_count> by_status_class{};
    std::array<std::uint64_t, exchange_end_count> ends{};
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    std::uint64_t retries = 0;
    std::uint64_t retries_denied = 0;
    std::uint64_t upgrades = 0;
    LatencyReading total;
    LatencyReading queue;
    LatencyReading connect;
    LatencyReading first_byte;

    // Exchanges that are over.
    std::uint64_t ended() const;
    std::uint64_t ended_by(ExchangeEnd end) const { return ends[static_cast<std::size_t>(end)]; }
    // Of those that are over, the share that were errors; NaN before the first has ended.
    double error_rate() const;
    void add(const TrafficReading& other);
};
TrafficReading read(const TrafficStats& stats, base::Instant now);

struct PoolReading {
    std::uint64_t connections = 0;
    std::uint64_t idle = 0;
    std::uint64_t leased = 0;
    std::uint64_t waiting = 0;
    std::uint64_t opened = 0;
    std::uint64_t connect_failures = 0;
    std::uint64_t leases = 0;
    std::uint64_t reuses = 0;
    std::uint64_t waits = 0;
    std::uint64_t wait_timeouts = 0;
    std::uint64_t closed_idle = 0;
    std::uint64_t closed_by_peer = 0;
    std::uint64_t evicted = 0;
    std::uint64_t ejections = 0;
    std::uint64_t ejected = 0;  // over shards: each counts the endpoints that it leaves alone
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    LatencyReading wait;

    // Of the leases, the share of connections that were open already; NaN before the first.
    double reuse_ratio() const;
    // Of the connections there may be, the share in use now; NaN where there is no limit.
    double utilisation(std::uint64_t connections_max) const;
    void add(const PoolReading& other);
};
PoolReading read(const PoolStats& stats, base::Instant now);

struct HttpReading {
    std::uint64_t sessions = 0;
    std::uint64_t idle = 0;
    std::uint64_t requests = 0;
    std::uint64_t pipelined = 0;
    std::uint64_t bad_requests = 0;
    std::uint64_t idle_closed = 0;
    std::array<std::uint64_t, fault_count_max> request_faults{};
    std::array<std::uint64_t, fault_count_max> response_faults{};
    LatencyReading shed;

    void add(const HttpReading& other);
};
HttpReading read(const HttpStats& stats, base::Instant now);

}  // namespace ringway::stats
