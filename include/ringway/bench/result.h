// What one run measured: plain values, complete when the run is over.
//
// Latencies are nanoseconds in histograms (error <= 1 %). In an open loop latency counts from the
// moment at which the request was due, in a closed loop from the moment at which it was begun.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/stats/histogram.h"

namespace ringway::bench {

enum class ErrorKind : std::uint8_t {
    connect,          // refused, unreachable, or no descriptor left
    connect_timeout,  // no connection in time
    timeout,          // no complete answer in time
    reset,            // the connection broke
    short_body,       // it ended, or closed, before the answer was complete
    malformed,        // not HTTP/1.1, or framing that contradicts itself
    wrong_body,       // complete, but not the bytes that were expected
    status_4xx,
    status_5xx,
    status_other,  // below 400, but not among the expected
    lost_event,    // a gap in the numbers of stamped events
};
inline constexpr std::size_t error_kind_count = 11;
std::string_view name_of(ErrorKind kind);  // "connect", "connect_timeout", ...

struct ErrorCounts {
    std::uint64_t of[error_kind_count] = {};
    std::uint64_t& operator[](ErrorKind kind) { return of[static_cast<std::size_t>(kind)]; }
    std::uint64_t operator[](ErrorKind kind) const { return of[static_cast<std::size_t>(kind)]; }
    std::uint64_t total() const;
    void add(const ErrorCounts& other);
};

// One second of the measured window.
struct TimelineCell {
    std::uint64_t answered = 0;  // requests, events or exchanges
    std::uint64_t errors = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    double seconds = 1;  // the last one may be shorter
    double p50_us = 0;
    double p99_us = 0;
    double max_us = 0;
    double late_p99_us = 0;    // open loop: see RunResult::lateness
    double watched_cpu = 0;    // cores that the watched process kept busy
    double own_cpu = 0;        // that this process kept busy
    double foreign_share = 0;  // of the generator's cores, taken by anything else
    std::uint64_t watched_private_bytes = 0;
};

struct ProcessUse {
    double cpu_seconds = 0;  // user and system, all threads, over the window
    double user_seconds = 0;
    double system_seconds = 0;
    std::uint64_t private_bytes_before = 0;  // smaps_rollup, private clean and dirty
    std::uint64_t private_bytes_max = 0;     // as seen once a second
    std::uint64_t resident_bytes_max = 0;
};

struct CoreUse {
    int cpu = 0;
    double busy = 0;  // share of the window
};

struct EventFigures {
    std::uint64_t streams = 0;
    std::uint64_t events = 0;
    std::uint64_t lost = 0;
    stats::HistogramReading first_event;  // from begin of the request
    stats::HistogramReading gap;          // between events of one stream
    stats::HistogramReading delay;        // of stamped events: from stamp to arrival
};

struct KindFigures {
    std::string label;
    std::uint64_t answered = 0;
    std::uint64_t errors = 0;
    stats::HistogramReading latency;
};

struct RunResult {
    base::Duration window{};
    // Within the window. Requests for HTTP, exchanges for TCP ping-pong, events for streams, blocks
    // of `bulk_block_bytes` for download and upload; but `begun` counts streams and transfers. The
    // latency of an event is its delay where events are stamped (otherwise a stream's is that of
    // its first event), of a block the time since the one before it on its connection.
    std::uint64_t answered = 0;  // without an error
    std::uint64_t begun = 0;
    std::uint64_t bytes_in = 0;  // as received, heads included
    std::uint64_t bytes_out = 0;
    // Goodput counts these, of answers without an error; of an upload, what was sent.
    std::uint64_t body_bytes_in = 0;
    std::uint64_t connections_opened = 0;
    std::uint64_t unfinished =
        0;  // begun within the window, neither answered nor failed after drain
    std::map<std::uint16_t, std::uint64_t> status;  // whole run's window, by code
    stats::HistogramReading latency;
    stats::HistogramReading connect;  // of connections opened within the window
    double latency_mean_us = 0;
    double latency_stddev_us = 0;
    ErrorCounts errors;
    // Over the whole run, warm-up and drain included, as an origin counts them.
    std::uint64_t answered_in_all = 0;
    std::uint64_t begun_in_all = 0;

    // Open loop. `lateness` is submit time less scheduled time of requests that found a free
    // connection when they were due: the generator's own fault. `waiting` is the same for those
    // that found none: the target's.
    stats::HistogramReading lateness;
    stats::HistogramReading waiting;
    std::uint64_t scheduled = 0;
    std::uint64_t overdue_at_end = 0;  // due, but never begun

    std::vector<TimelineCell> timeline;
    std::vector<KindFigures> kinds;  // when there are several
    std::optional<EventFigures> events;
    ProcessUse own;
    std::optional<ProcessUse> watched;
    std::vector<CoreUse> cores;
    double busiest_thread = 0;          // share of the window the busiest own thread ran
    double watched_busiest_thread = 0;  // the same of the watched process
    std::vector<std::string> warnings;  // "the generator was saturated: ..." in words
    bool interrupted = false;           // by INT or TERM: what is here was measured until then

    double rate() const;        // answered per second
    double goodput() const;     // body bytes per second
    double error_rate() const;  // errors / (answered + errors)
    double percentile_us(double percent) const {
        return static_cast<double>(latency.percentile_ns(percent)) / 1e3;
    }
};

// What a live display shows, about ten times a second.
struct RunProgress {
    enum class Phase : std::uint8_t {
        connecting,
        warm_up,
        measuring,
        draining
    } phase = Phase::connecting;
    double done = 0;  // of the phase, 0..1
    unsigned connections = 0;
    double rate = 0;  // of the last second
    std::uint64_t answered = 0;
    std::uint64_t errors = 0;
    double p50_us = 0;
    double p99_us = 0;
};

}  // namespace ringway::bench
