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

class alignas(64) Latency {
  public:
    void set_window(base::Duration window) {
        window_ns_ = window.ns;
        entered_for_ = 0;
    }
    // By the owning thread alone. A negative value counts as 0.
    void record(base::Duration value, base::Instant now) {
        const std::uint64_t value_ns = value.ns < 0 ? 0 : static_cast<std::uint64_t>(value.ns);
        histogram_.record(value_ns);
        // Which window it is takes a division: asked only when the one that is known has passed.
        if (static_cast<std::uint64_t>(now.ns) - entered_at_ >= entered_for_) [[unlikely]] {
            enter_window(now);
        }
        LatencyWindow& window = windows_[entered_];
        window.count.add();
        window.sum_ns.add(value_ns);
        if (value_ns > window.peak_ns.read()) window.peak_ns.set(value_ns);
    }
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
    void enter_window(base::Instant now);
    WindowReading window_numbered(std::uint64_t number) const;

    Histogram histogram_;
    std::int64_t window_ns_ = 60'000'000'000;
    // The window that was recorded into last: its index, beginning and length (0: none yet).
    std::size_t entered_ = 0;
    std::uint64_t entered_at_ = 0;
    std::uint64_t entered_for_ = 0;
    std::array<LatencyWindow, 2> windows_;  // by number % 2
};

}  // namespace ringway::stats
