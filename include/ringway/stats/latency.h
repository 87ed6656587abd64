// Latency as one thread records it: a histogram since start, and a window with average and peak.
#pragma once

#include <array>
#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/stats/counter.h"
#include "ringway/stats/histogram.h"

namespace ringway::stats {

// What one window holds. Windows are numbered by time (now / window length), so a quiet shard needs
// no tick: a slot whose number is old simply does not count.
struct LatencyWindow {
    Counter number;
    Counter count;
    Counter sum_ns;
    Counter peak_ns;
};

class Latency {
  public:
    void set_window(base::Duration window) { window_ns_ = window.ns; }
    // By the owning thread alone.
    void record(base::Duration value, base::Instant now);
    // By any thread: the last complete window and the running one.
    struct WindowReading {
        std::uint64_t count = 0;
        std::uint64_t sum_ns = 0;
        std::uint64_t peak_ns = 0;
    };
    WindowReading current_window(base::Instant now) const;
    WindowReading previous_window(base::Instant now) const;
    void reset_peaks();  // by the owning thread

    const Histogram& histogram() const { return histogram_; }

  private:
    WindowReading window_numbered(std::uint64_t number) const;

    std::int64_t window_ns_ = 60'000'000'000;
    Histogram histogram_;
    std::array<LatencyWindow, 2> windows_;  // by number % 2
};

}  // namespace ringway::stats
