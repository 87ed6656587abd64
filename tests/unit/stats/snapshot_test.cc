#include "ringway/stats/snapshot.h"

#include <array>
#include <cmath>
#include <thread>

#include <doctest/doctest.h>

#include "sample.h"

using namespace ringway::stats;
namespace base = ringway::base;

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

TEST_CASE("a reading holds every counter of its shard") {
    ShardStats stats(1, 1);
    // A different number in every counter: a field that is read from its neighbour shows.
    std::uint64_t next = 1;
    const auto fill = [&](Counter& counter) { counter.set(next++); };
    for (Counter* counter : {&stats.accepted, &stats.active, &stats.refused, &stats.accept_pauses,
                             &stats.accept_errors}) {
        fill(*counter);
    }
    for (Counter& counter : stats.closed) fill(counter);
    for (DirectionStats& way : stats.direction) {
        for (Counter* counter :
             {&way.bytes, &way.copied_bytes, &way.spliced_bytes, &way.peeked_bytes,
              &way.into_splice, &way.out_of_splice, &way.pauses}) {
            fill(*counter);
        }
    }
    for (Counter* counter :
         {&stats.connect_failures, &stats.connect_retries, &stats.sessions_with_preamble}) {
        fill(*counter);
    }
    RingStats& ring = stats.ring;
    for (Counter* counter :
         {&ring.turns, &ring.enters, &ring.completions, &ring.submissions, &ring.sends,
          &ring.overflows, &ring.stale, &ring.wakes, &ring.buffer_parks, &ring.long_turns}) {
        fill(*counter);
    }
    for (Counter* counter :
         {&stats.buffers_in_use, &stats.buffers_total, &stats.pipes_in_use, &stats.pipes_open,
          &stats.slots_in_use, &stats.frames_in_use, &stats.frame_spills, &stats.cpu_ns,
          &stats.log_lines, &stats.log_lines_dropped, &stats.heartbeat}) {
        fill(*counter);
    }
    EndpointStats& endpoint = stats.endpoints[0];
    for (Counter* counter :
         {&endpoint.connections, &endpoint.active, &endpoint.failures, &endpoint.bytes_up,
          &endpoint.bytes_down, &endpoint.marked_down, &endpoint.passive_down}) {
        fill(*counter);
    }
    fill(stats.listeners[0].accepted);
    fill(stats.listeners[0].active);

    for (const std::uint64_t shards : {1u, 3u}) {
        const std::vector<ShardReading> readings(shards, read(stats, {0}));
        const ShardReading reading = merge(readings);
        std::uint64_t expected = 1;
        const auto check = [&](std::uint64_t value) { CHECK(value == shards * expected++); };
        for (const std::uint64_t value : {reading.accepted, reading.active, reading.refused,
                                          reading.accept_pauses, reading.accept_errors}) {
            check(value);
        }
        for (const std::uint64_t value : reading.closed) check(value);
        for (const DirectionReading& way : reading.direction) {
            for (const std::uint64_t value :
                 {way.bytes, way.copied_bytes, way.spliced_bytes, way.peeked_bytes, way.into_splice,
                  way.out_of_splice, way.pauses}) {
                check(value);
            }
        }
        for (const std::uint64_t value :
             {reading.connect_failures, reading.connect_retries, reading.sessions_with_preamble}) {
            check(value);
        }
        const RingReading& turns = reading.ring;
        for (const std::uint64_t value :
             {turns.turns, turns.enters, turns.completions, turns.submissions, turns.sends,
              turns.overflows, turns.stale, turns.wakes, turns.buffer_parks, turns.long_turns}) {
            check(value);
        }
        for (const std::uint64_t value :
             {reading.buffers_in_use, reading.buffers_total, reading.pipes_in_use,
              reading.pipes_open, reading.slots_in_use, reading.frames_in_use, reading.frame_spills,
              reading.cpu_ns, reading.log_lines, reading.log_lines_dropped, reading.heartbeat}) {
            check(value);
        }
        const EndpointReading& server = reading.endpoints.at(0);
        for (const std::uint64_t value :
             {server.connections, server.active, server.failures, server.bytes_up,
              server.bytes_down, server.marked_down, server.passive_down}) {
            check(value);
        }
        check(reading.listeners.at(0).accepted);
        check(reading.listeners.at(0).active);
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

TEST_CASE("rates are differences over time and never negative") {
    ShardReading earlier;
    earlier.accepted = 100;
    earlier.cpu_ns = 1'000'000'000;
    ShardReading later = earlier;
    later.accepted = 350;
    later.cpu_ns = 2'500'000'000;
    later.direction[0].bytes = 4'000;
    later.closed[3] = 10;
    const Rates rates = rates_between(earlier, later, base::Duration::seconds(2));
    CHECK(rates.accepted_per_second == doctest::Approx(125));
    CHECK(rates.closed_per_second == doctest::Approx(5));
    CHECK(rates.bytes_up_per_second == doctest::Approx(2'000));
    CHECK(rates.bytes_down_per_second == 0);
    CHECK(rates.cores_busy == doctest::Approx(0.75));
    CHECK(rates_between(later, earlier, base::Duration::seconds(2)).accepted_per_second == 0);
    CHECK(rates_between(earlier, later, {0}).accepted_per_second == 0);
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
