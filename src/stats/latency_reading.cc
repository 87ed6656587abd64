#include "ringway/stats/latency_reading.h"

#include <algorithm>

namespace ringway::stats {

namespace {

void add_window(Latency::WindowReading& to, const Latency::WindowReading& from) {
    to.count += from.count;
    to.sum_ns += from.sum_ns;
    to.peak_ns = std::max(to.peak_ns, from.peak_ns);
}

}  // namespace

LatencyReading read(const Latency& latency, base::Instant now) {
    LatencyReading reading;
    reading.since_start.add(latency.histogram());
    reading.current = latency.current_window(now);
    reading.previous = latency.previous_window(now);
    return reading;
}

void LatencyReading::add(const LatencyReading& other) {
    since_start.add(other.since_start);
    add_window(current, other.current);
    add_window(previous, other.previous);
}

std::uint64_t average_ns(const Latency::WindowReading& window) {
    return window.count == 0 ? 0 : window.sum_ns / window.count;
}

}  // namespace ringway::stats
