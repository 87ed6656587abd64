// A latency as plain values: since start, and in the running and the last complete window.
#pragma once

#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/stats/histogram.h"
#include "ringway/stats/latency.h"

namespace ringway::stats {

struct LatencyReading {
    HistogramReading since_start;
    Latency::WindowReading current;   // the running window
    Latency::WindowReading previous;  // the last complete one

    void add(const LatencyReading& other);
};
LatencyReading read(const Latency& latency, base::Instant now);

// 0 when nothing was recorded in it.
std::uint64_t average_ns(const Latency::WindowReading& window);

}  // namespace ringway::stats
