#include "ringway/stats/snapshot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <thread>
#include <type_traits>

#include <doctest/doctest.h>

#include "sample.h"

using namespace ringway::stats;
namespace base = ringway::base;

namespace {

template <typename To, typename... From>
void add_lists(std::vector<To>& all, From&... lists) {
    if constexpr (std::is_pointer_v<To>) {
        (..., std::for_each(lists.begin(), lists.end(), [&](Counter& c) { all.push_back(&c); }));
    } else {
        (..., all.insert(all.end(), lists.begin(), lists.end()));
    }
}

void add_http_counters(std::vector<Counter*>& all, ShardStats& s) {
    HttpStats& h = s.http;
    all.insert(all.end(),
               {&h.sessions, &h.idle, &h.requests, &h.pipelined, &h.bad_requests, &h.idle_closed});
    add_lists(all, h.request_faults, h.response_faults);
    for (TrafficStats* t : {&s.routes[0], &s.routes[1], &s.upstreams[0]}) {
        all.insert(all.end(),
                   {&t->requests, &t->active, &t->errors, &t->request_body_bytes,
                    &t->response_body_bytes, &t->retries, &t->retries_denied, &t->upgrades});
        add_lists(all, t->by_method, t->by_status_class, t->ends);
    }
    PoolStats& p = s.pools[0];
    all.insert(all.end(),
               {&p.connections, &p.idle, &p.leased, &p.waiting, &p.opened, &p.connect_failures,
                &p.leases, &p.reuses, &p.waits, &p.wait_timeouts, &p.closed_idle, &p.closed_by_peer,
                &p.evicted, &p.ejections, &p.ejected, &p.successes, &p.failures});
}

void add_http_values(std::vector<std::uint64_t>& all, const ShardReading& s) {
    const HttpReading& h = s.http;
    all.insert(all.end(),
               {h.sessions, h.idle, h.requests, h.pipelined, h.bad_requests, h.idle_closed});
    add_lists(all, h.request_faults, h.response_faults);
    for (const TrafficReading* t : {&s.routes[0], &s.routes[1], &s.upstreams[0]}) {
        all.insert(all.end(), {t->requests, t->active, t->errors, t->request_body_bytes,
                               t->response_body_bytes, t->retries, t->retries_denied, t->upgrades});
        add_lists(all, t->by_method, t->by_status_class, t->ends);
    }
    const PoolReading& p = s.pools[0];
    all.insert(all.end(),
               {p.connections, p.idle, p.leased, p.waiting, p.opened, p.connect_failures, p.leases,
                p.reuses, p.waits, p.wait_timeouts, p.closed_idle, p.closed_by_peer, p.evicted,
                p.ejections, p.ejected, p.successes, p.failures});
}

// Every counter that is not part of a latency, in the order of values_of().
std::vector<Counter*> counters_of(ShardStats& s) {
    std::vector<Counter*> all{
        &s.accepted,      &s.active,           &s.refused,         &s.accept_pauses,
        &s.accept_errors, &s.connect_failures, &s.connect_retries, &s.sessions_with_preamble};
    for (Counter& reason : s.closed) all.push_back(&reason);
    for (DirectionStats& d : s.direction) {
        all.insert(all.end(), {&d.bytes, &d.copied_bytes, &d.spliced_bytes, &d.peeked_bytes,
                               &d.into_splice, &d.out_of_splice, &d.pauses});
    }
    RingStats& r = s.ring;
    all.insert(all.end(), {&r.turns, &r.enters, &r.completions, &r.submissions, &r.sends,
                           &r.overflows, &r.stale, &r.wakes, &r.buffer_parks, &r.long_turns});
    all.insert(all.end(), {&s.buffers_in_use, &s.buffers_total, &s.pipes_in_use, &s.pipes_open,
                           &s.slots_in_use, &s.frames_in_use, &s.frame_spills, &s.cpu_ns,
                           &s.log_lines, &s.log_lines_dropped, &s.heartbeat});
    EndpointStats& e = s.endpoints[0];
    all.insert(all.end(), {&e.connections, &e.active, &e.failures, &e.bytes_up, &e.bytes_down,
                           &e.marked_down, &e.passive_down, &e.requests, &e.requests_active,
                           &e.exchange_failures, &e.ejections, &e.ejected});
    for (Counter& answers : e.by_status_class) all.push_back(&answers);
    all.insert(all.end(), {&s.listeners[0].accepted, &s.listeners[0].active});
    add_http_counters(all, s);
    return all;
}

std::vector<std::uint64_t> values_of(const ShardReading& s) {
    std::vector<std::uint64_t> all{
        s.accepted,      s.active,           s.refused,         s.accept_pauses,
        s.accept_errors, s.connect_failures, s.connect_retries, s.sessions_with_preamble};
    all.insert(all.end(), s.closed.begin(), s.closed.end());
    for (const DirectionReading& d : s.direction) {
        all.insert(all.end(), {d.bytes, d.copied_bytes, d.spliced_bytes, d.peeked_bytes,
                               d.into_splice, d.out_of_splice, d.pauses});
    }
    const RingReading& r = s.ring;
    all.insert(all.end(), {r.turns, r.enters, r.completions, r.submissions, r.sends, r.overflows,
                           r.stale, r.wakes, r.buffer_parks, r.long_turns});
    all.insert(all.end(), {s.buffers_in_use, s.buffers_total, s.pipes_in_use, s.pipes_open,
                           s.slots_in_use, s.frames_in_use, s.frame_spills, s.cpu_ns, s.log_lines,
                           s.log_lines_dropped, s.heartbeat});
    const EndpointReading& e = s.endpoints[0];
    all.insert(all.end(), {e.connections, e.active, e.failures, e.bytes_up, e.bytes_down,
                           e.marked_down, e.passive_down, e.requests, e.requests_active,
                           e.exchange_failures, e.ejections, e.ejected});
    all.insert(all.end(), e.by_status_class.begin(), e.by_status_class.end());
    all.insert(all.end(), {s.listeners[0].accepted, s.listeners[0].active});
    add_http_values(all, s);
    return all;
}

}  // namespace

TEST_CASE("what two threads see is aligned to cache lines") {
    const ShardStats stats(3, 3);
    const auto is_aligned = [](const void* at) {
        return reinterpret_cast<std::uintptr_t>(at) % cache_line_bytes == 0;
    };
    CHECK(is_aligned(&stats));
    for (int index = 0; index < 3; ++index) {
        CHECK(is_aligned(&stats.listeners[static_cast<std::size_t>(index)]));
        CHECK(is_aligned(&stats.endpoints[static_cast<std::size_t>(index)]));
    }
}

TEST_CASE("a reading holds every counter of its shard, and merging adds them up") {
    ShardStats stats(1, StatsSizes{1, 2, 1});
    // A different number in every counter: a value that is read from its neighbour shows.
    const std::vector<Counter*> counters = counters_of(stats);
    for (std::size_t index = 0; index < counters.size(); ++index) counters[index]->set(index + 1);

    for (const std::uint64_t shards : {1u, 3u}) {
        const std::vector<ShardReading> readings(shards, read(stats, {0}));
        const std::vector<std::uint64_t> values = values_of(merge(readings));
        REQUIRE(values.size() == counters.size());
        for (std::size_t index = 0; index < values.size(); ++index) {
            CAPTURE(index);
            CHECK(values[index] == shards * (index + 1));
        }
    }
}

TEST_CASE("latencies merge over shards: counts add up, the highest peak wins") {
    const Snapshot snapshot = sample_snapshot();
    const LatencyReading& connect = snapshot.total.connect;
    CHECK(connect.since_start.count() == 300);
    CHECK(connect.current.count == 100);
    CHECK(connect.current.peak_ns == 200'000);
    CHECK(average_ns(connect.current) == 101'000);
    CHECK(connect.previous.count == 200);
    CHECK(connect.previous.peak_ns == 100'000);
    CHECK(average_ns(connect.previous) == 50'500);
    CHECK(average_ns({}) == 0);
}

TEST_CASE("a shard's windows have one length, and its peaks are reset together") {
    ShardStats stats(0, 0);
    stats.set_window(base::Duration::seconds(1));
    for (Latency* latency : {&stats.connect, &stats.first_byte, &stats.session}) {
        latency->record(base::Duration::microseconds(3), {5'000'000'000});
    }
    const ShardReading next = read(stats, {6'000'000'000});
    for (const LatencyReading* latency : {&next.connect, &next.first_byte, &next.session}) {
        CHECK(latency->current.count == 0);
        CHECK(latency->previous.peak_ns == 3'000);
    }
    stats.reset_peaks();
    const ShardReading reset = read(stats, {6'000'000'000});
    for (const LatencyReading* latency : {&reset.connect, &reset.first_byte, &reset.session}) {
        CHECK(latency->previous.peak_ns == 0);
        CHECK(latency->previous.count == 1);
    }
}

TEST_CASE("every latency of HTTP is read and merged in its own place") {
    ShardStats stats(0, StatsSizes{0, 1, 1});
    TrafficStats& route = stats.routes[0];
    TrafficStats& upstream = stats.upstreams[0];
    std::int64_t us = 0;
    for (Latency* latency : {&stats.http.shed, &route.total, &route.queue, &route.connect,
                             &route.first_byte, &upstream.total, &upstream.queue, &upstream.connect,
                             &upstream.first_byte, &stats.pools[0].wait}) {
        latency->record(base::Duration::microseconds(++us), sample_now);
    }
    const std::vector<ShardReading> readings(3, read(stats, sample_now));
    const ShardReading total = merge(readings);
    const TrafficReading& of_route = total.routes[0];
    const TrafficReading& of_upstream = total.upstreams[0];
    us = 0;
    for (const LatencyReading* latency :
         {&total.http.shed, &of_route.total, &of_route.queue, &of_route.connect,
          &of_route.first_byte, &of_upstream.total, &of_upstream.queue, &of_upstream.connect,
          &of_upstream.first_byte, &total.pools[0].wait}) {
        CHECK(latency->since_start.count() == 3);
        CHECK(latency->since_start.max_ns() == static_cast<std::uint64_t>(++us) * 1'000);
        CHECK(latency->current.count == 3);
        CHECK(latency->current.peak_ns == static_cast<std::uint64_t>(us) * 1'000);
    }
}

TEST_CASE("shards that know an endpoint's latency are averaged, the others do not count") {
    std::array<EndpointReading, 3> shards;
    shards[0].latency_ewma_sum_ns = 100;
    shards[0].latency_ewma_shards = 1;
    shards[2].latency_ewma_sum_ns = 300;
    shards[2].latency_ewma_shards = 1;
    EndpointReading total;
    CHECK(total.latency_ewma_ns() == 0);
    for (const EndpointReading& shard : shards) total.add(shard);
    CHECK(total.latency_ewma_ns() == 200);
}

TEST_CASE("shards of different sizes merge: what one has not counts as nothing") {
    ShardStats small(0, StatsSizes{1, 1, 0});
    ShardStats large(0, StatsSizes{3, 4, 2});
    large.routes[3].requests.set(5);
    large.pools[1].idle.set(7);
    small.routes[0].requests.set(1);
    const std::array readings{read(small, sample_now), read(large, sample_now)};
    const ShardReading total = merge(readings);
    REQUIRE(total.routes.size() == 4);
    CHECK(total.routes[0].requests == 1);
    CHECK(total.routes[3].requests == 5);
    CHECK(total.pools.at(1).idle == 7);
    CHECK(total.endpoints.size() == 3);
}

TEST_CASE("ratios are not a number while there is nothing to divide by") {
    CHECK(std::isnan(RingReading{}.completions_per_turn()));
    CHECK(std::isnan(RingReading{}.sends_per_turn()));
    const RingReading ring = sample_snapshot().total.ring;
    CHECK(ring.completions_per_turn() == doctest::Approx(500.0 / 300));
    CHECK(ring.completions_per_enter() == doctest::Approx(2.5));
    CHECK(ring.sends_per_turn() == doctest::Approx(0.6));
}

TEST_CASE("closed connections add up over the reasons") {
    const ShardReading total = sample_snapshot().total;
    CHECK(total.closed_total() == 2 * 999);
    CHECK(total.accepted == total.active + total.closed_total());
}

TEST_CASE("a snapshot may be taken while the shards work") {
    ShardStats stats(1, 1);
    constexpr std::uint64_t rounds = 50'000;
    std::thread shard([&] {
        for (std::uint64_t round = 0; round < rounds; ++round) {
            stats.accepted.add();
            stats.direction[1].bytes.add(100);
            stats.endpoints[0].bytes_down.add(100);
            const base::Instant now{static_cast<std::int64_t>(round) * 10'000'000};
            stats.session.record(base::Duration::microseconds(50), now);
        }
    });
    const std::array<const ShardStats*, 1> shards{&stats};
    std::uint64_t last = 0;
    while (last < rounds) {
        const Snapshot snapshot = take_snapshot({}, shards, {0});
        REQUIRE(snapshot.total.accepted >= last);
        REQUIRE(snapshot.total.down().bytes % 100 == 0);
        last = snapshot.total.accepted;
    }
    shard.join();
    const Snapshot snapshot = take_snapshot({}, shards, {0});
    CHECK(snapshot.total.session.since_start.count() == rounds);
    CHECK(snapshot.total.endpoints.at(0).bytes_down == rounds * 100);
}
