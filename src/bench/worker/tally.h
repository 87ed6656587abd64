// What one worker has counted. Written by its thread alone; the run's thread reads along.
//
// Counters and histograms are relaxed atomics, so that reading beside the writer is no race. The
// sums for the deviation are plain: they may be read only after the worker's thread was joined.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "ringway/bench/plan.h"
#include "ringway/bench/result.h"
#include "ringway/stats/counter.h"
#include "ringway/stats/histogram.h"

namespace ringway::bench {

struct KindTally {
    stats::Counter answered;
    stats::Counter errors;
    stats::Histogram latency;
};

struct EventTally {
    stats::Counter streams;
    stats::Counter events;
    stats::Counter lost;
    stats::Histogram first_event;
    stats::Histogram gap;
    stats::Histogram delay;
};

inline constexpr std::size_t status_count = 1000;

struct Tally {
    explicit Tally(const RunPlan& plan);

    // Of requests that were due within the measured window, whenever they were answered:
    // begun = answered + errors of requests + unfinished.
    stats::Counter begun;
    stats::Counter answered;
    stats::Counter body_bytes_in;
    stats::Counter unfinished;
    std::array<stats::Counter, error_kind_count> errors;  // and of connections, as they fail
    std::array<stats::Counter, status_count> status;
    stats::Histogram latency;
    std::vector<std::unique_ptr<KindTally>> kinds;  // only when the plan has several
    double latency_sum_us = 0;
    double latency_squares_us = 0;

    // By the clock: while the window was open.
    stats::Counter bytes_in;
    stats::Counter bytes_out;
    stats::Counter connections_opened;
    stats::Histogram connect;

    // The whole run.
    stats::Counter begun_in_all;
    stats::Counter answered_in_all;
    stats::Counter connections;  // open now

    // Open loop, of requests due within the window.
    stats::Counter scheduled;
    stats::Counter overdue_at_end;
    stats::Histogram lateness;
    stats::Histogram waiting;

    std::unique_ptr<EventTally> events;  // Work::events alone

    void add_latency(std::uint64_t ns) {
        latency.record(ns);
        const double us = static_cast<double>(ns) / 1e3;
        latency_sum_us += us;
        latency_squares_us += us * us;
    }
    std::uint64_t error_count() const;
};

// Everything but what the run's own thread knows: window, timeline, use of processes.
void collect(const std::vector<const Tally*>& tallies, const RunPlan& plan, RunResult& result);

}  // namespace ringway::bench
