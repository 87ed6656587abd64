#include "ringway/stats/http_reading.h"

#include <algorithm>
#include <numeric>

#include "ratio.h"

namespace ringway::stats {

namespace {

template <std::size_t count>
void read_all(std::array<std::uint64_t, count>& to, const std::array<Counter, count>& from) {
    for (std::size_t index = 0; index < count; ++index) to[index] = from[index].read();
}

template <std::size_t count>
void add_all(std::array<std::uint64_t, count>& to, const std::array<std::uint64_t, count>& from) {
    for (std::size_t index = 0; index < count; ++index) to[index] += from[index];
}

}  // namespace

TrafficReading read(const TrafficStats& stats, base::Instant now) {
    TrafficReading reading;
    reading.requests = stats.requests.read();
    reading.active = stats.active.read();
    reading.errors = stats.errors.read();
    read_all(reading.by_method, stats.by_method);
    read_all(reading.by_status_class, stats.by_status_class);
    read_all(reading.ends, stats.ends);
    reading.request_body_bytes = stats.request_body_bytes.read();
    reading.response_body_bytes = stats.response_body_bytes.read();
    reading.retries = stats.retries.read();
    reading.retries_denied = stats.retries_denied.read();
    reading.upgrades = stats.upgrades.read();
    reading.total = read(stats.total, now);
    reading.queue = read(stats.queue, now);
    reading.connect = read(stats.connect, now);
    reading.first_byte = read(stats.first_byte, now);
    return reading;
}

std::uint64_t TrafficReading::ended() const {
    return std::accumulate(ends.begin(), ends.end(), std::uint64_t{0});
}

double TrafficReading::error_rate() const { return ratio(errors, ended()); }

void TrafficReading::add(const TrafficReading& other) {
    requests += other.requests;
    active += other.active;
    errors += other.errors;
    add_all(by_method, other.by_method);
    add_all(by_status_class, other.by_status_class);
    add_all(ends, other.ends);
    request_body_bytes += other.request_body_bytes;
    response_body_bytes += other.response_body_bytes;
    retries += other.retries;
    retries_denied += other.retries_denied;
    upgrades += other.upgrades;
    total.add(other.total);
    queue.add(other.queue);
    connect.add(other.connect);
    first_byte.add(other.first_byte);
}

PoolReading read(const PoolStats& stats, base::Instant now) {
    PoolReading reading;
    reading.connections = stats.connections.read();
    reading.idle = stats.idle.read();
    reading.leased = stats.leased.read();
    reading.waiting = stats.waiting.read();
    reading.opened = stats.opened.read();
    reading.connect_failures = stats.connect_failures.read();
    reading.leases = stats.leases.read();
    reading.reuses = stats.reuses.read();
    reading.waits = stats.waits.read();
    reading.wait_timeouts = stats.wait_timeouts.read();
    reading.closed_idle = stats.closed_idle.read();
    reading.closed_by_peer = stats.closed_by_peer.read();
    reading.evicted = stats.evicted.read();
    reading.ejections = stats.ejections.read();
    reading.ejected = stats.ejected.read();
    reading.successes = stats.successes.read();
    reading.failures = stats.failures.read();
    reading.wait = read(stats.wait, now);
    return reading;
}

double PoolReading::reuse_ratio() const { return ratio(reuses, leases); }

double PoolReading::utilisation(std::uint64_t connections_max) const {
    return ratio(leased, connections_max);
}

void PoolReading::add(const PoolReading& other) {
    connections += other.connections;
    idle += other.idle;
    leased += other.leased;
    waiting += other.waiting;
    opened += other.opened;
    connect_failures += other.connect_failures;
    leases += other.leases;
    reuses += other.reuses;
    waits += other.waits;
    wait_timeouts += other.wait_timeouts;
    closed_idle += other.closed_idle;
    closed_by_peer += other.closed_by_peer;
    evicted += other.evicted;
    ejections += other.ejections;
    ejected += other.ejected;
    successes += other.successes;
    failures += other.failures;
    wait.add(other.wait);
}

HttpReading read(const HttpStats& stats, base::Instant now) {
    HttpReading reading;
    reading.sessions = stats.sessions.read();
    reading.idle = stats.idle.read();
    reading.requests = stats.requests.read();
    reading.pipelined = stats.pipelined.read();
    reading.bad_requests = stats.bad_requests.read();
    reading.idle_closed = stats.idle_closed.read();
    read_all(reading.request_faults, stats.request_faults);
    read_all(reading.response_faults, stats.response_faults);
    reading.shed = read(stats.shed, now);
    return reading;
}

void HttpReading::add(const HttpReading& other) {
    sessions += other.sessions;
    idle += other.idle;
    requests += other.requests;
    pipelined += other.pipelined;
    bad_requests += other.bad_requests;
    idle_closed += other.idle_closed;
    add_all(request_faults, other.request_faults);
    add_all(response_faults, other.response_faults);
    shed.add(other.shed);
}

}  // namespace ringway::stats
