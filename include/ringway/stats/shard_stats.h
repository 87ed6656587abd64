// The numbers of one shard: written by its thread alone, read by the coordinator at any time.
//
// One object per shard, aligned so that no two shards share a cache line. Reading never blocks the
// writer; a reading is a set of counters that are each exact, not a snapshot of one instant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ringway/stats/counter.h"
#include "ringway/stats/http_stats.h"
#include "ringway/stats/latency.h"
#include "ringway/stats/stats_table.h"

namespace ringway::stats {

inline constexpr std::size_t cache_line_bytes = 64;

// Why a session ended; every accepted connection ends in exactly one of them.
enum class CloseReason : std::uint8_t {
    finished,  // both sides closed, everything delivered
    downstream_reset,
    upstream_reset,
    connect_failed,   // no endpoint answered
    connect_timeout,  // no endpoint answered in time
    no_endpoint,      // every endpoint is down, draining or at its limit
    idle_timeout,
    denied,        // by --allow or --deny
    bad_preamble,  // PROXY preamble missing or malformed
    preamble_timeout,
    drained,        // the drain deadline came first
    out_of_memory,  // no slot, descriptor or buffer could be had
};
inline constexpr std::size_t close_reason_count = 12;
std::string_view name_of(CloseReason reason);  // "finished", "downstream-reset", ...

// Which direction bytes flow: up is from the client to the upstream, down the other way.
enum class Direction : std::uint8_t { up, down };

struct DirectionStats {
    Counter bytes;          // delivered to the other side
    Counter copied_bytes;   // of these, through provided buffers
    Counter spliced_bytes;  // of these, through a pipe
    Counter peeked_bytes;   // of these, by the emergency path
    Counter into_splice;    // switches
    Counter out_of_splice;
    Counter pauses;  // the reader was parked because the other side is slow
};

// Aligned, because the objects of two shards may be neighbours on the heap.
struct alignas(cache_line_bytes) EndpointStats {
    Counter connections;  // connected, ever
    Counter active;       // connected now, idle ones of a pool among them
    Counter failures;     // connects that failed
    Counter bytes_up;
    Counter bytes_down;
    Counter marked_down;   // times it was marked down by failed connects
    Counter passive_down;  // 1 while this shard holds it for down

    // HTTP alone from here on.
    Counter requests;           // given to it, repeated ones too
    Counter requests_active;    // now
    Counter exchange_failures;  // exchanges that failed through its fault
    std::array<Counter, status_class_count>
        by_status_class;      // [0]: no response came, [1..5]: 1xx .. 5xx
    Counter latency_ewma_ns;  // as the balancer sees it now; 0: not known
    Counter ejections;        // times failed exchanges took it out of use
    Counter ejected;          // 1 while this shard leaves it alone for that
};

struct alignas(cache_line_bytes) ListenerStats {
    Counter accepted;
    Counter active;
};

struct RingStats {  // copied from the ring once per turn
    Counter turns;
    Counter enters;
    Counter completions;
    Counter submissions;
    Counter sends;
    Counter overflows;
    Counter stale;
    Counter wakes;         // by another thread
    Counter buffer_parks;  // ENOBUFS
    Counter long_turns;    // turns that took over 10 ms of work
};

// How many of each there are, retired ones included: the largest slot or index plus one.
struct StatsSizes {
    std::size_t endpoints = 0;
    std::size_t routes = 0;
    std::size_t upstreams = 0;
};

struct alignas(cache_line_bytes) ShardStats {
    ShardStats(std::size_t listeners, std::size_t endpoints);
    ShardStats(std::size_t listeners, const StatsSizes& sizes);

    // By the coordinator, before the shard hears of what is new.
    void grow(const StatsSizes& sizes);
    // The length of every latency window, also of what grow() adds later; before the first is
    // recorded.
    void set_window(base::Duration window);
    void reset_peaks();  // by the shard

    Counter accepted;
    Counter active;
    Counter refused;        // accepted, then closed at once: no slot (never by --max-connections)
    Counter accept_pauses;  // EMFILE, ENFILE, or no permit: accepting stopped for a while
    Counter accept_errors;
    std::array<Counter, close_reason_count> closed;
    std::array<DirectionStats, 2> direction;  // by Direction
    Counter connect_failures;                 // attempts, over all endpoints
    Counter connect_retries;                  // another endpoint was tried
    Counter sessions_with_preamble;

    Latency connect;     // connect(2) to established
    Latency first_byte;  // first byte from the client to first byte back
    Latency session;     // accepted to closed

    RingStats ring;
    Counter buffers_in_use;
    Counter buffers_total;
    Counter pipes_in_use;
    Counter pipes_open;
    Counter slots_in_use;
    Counter frames_in_use;  // coroutine frames
    Counter frame_spills;   // frames that had to come from the heap
    Counter cpu_ns;         // CPU time of the shard's thread
    Counter log_lines;
    Counter log_lines_dropped;
    Counter heartbeat;  // turns of the loop, for the watchdog

    HttpStats http;

    // Listeners never change while ringway runs; everything else may be added to by grow().
    const std::size_t listener_count;
    std::unique_ptr<ListenerStats[]> listeners;  // as in Settings::listeners
    StatsTable<EndpointStats> endpoints;         // by Endpoint::slot
    StatsTable<TrafficStats> routes;             // by Route::slot
    StatsTable<TrafficStats> upstreams;          // by index into Settings::upstreams
    StatsTable<PoolStats> pools;                 // likewise

  private:
    base::Duration window_ = base::Duration::seconds(60);
};
static_assert(alignof(ShardStats) == cache_line_bytes);
static_assert(alignof(EndpointStats) == cache_line_bytes);
static_assert(alignof(ListenerStats) == cache_line_bytes);

}  // namespace ringway::stats
