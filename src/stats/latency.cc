// The windows are two slots that the writer uses in turn. A slot is reused under a reader's eyes,
// so its number is a version as well: the writer takes it away before it clears the slot and puts
// the new one there afterwards; a reader believes what it read only if the number was the wanted
// one both before and after.
#include "ringway/stats/latency.h"

#include <atomic>
#include <limits>

#include "ringway/base/assert.h"

namespace ringway::stats {

namespace {

constexpr std::uint64_t being_cleared = std::numeric_limits<std::uint64_t>::max();

std::uint64_t number_at(base::Instant now, std::int64_t window_ns) {
    return now.ns < 0 ? 0 : static_cast<std::uint64_t>(now.ns / window_ns);
}

void start_window(LatencyWindow& slot, std::uint64_t number) {
    slot.number.set(being_cleared);
    std::atomic_thread_fence(std::memory_order_release);
    slot.count.set(0);
    slot.sum_ns.set(0);
    slot.peak_ns.set(0);
    std::atomic_thread_fence(std::memory_order_release);
    slot.number.set(number);
}

}  // namespace

void Latency::enter_window(base::Instant now) {
    RW_DEBUG_ASSERT(window_ns_ > 0);
    const std::uint64_t number = number_at(now, window_ns_);
    entered_ = number % windows_.size();
    entered_for_ = static_cast<std::uint64_t>(window_ns_);
    entered_at_ = number * entered_for_;
    if (windows_[entered_].number.read() != number) start_window(windows_[entered_], number);
}

Latency::WindowReading Latency::window_numbered(std::uint64_t number) const {
    const LatencyWindow& slot = windows_[number % windows_.size()];
    const std::uint64_t before = slot.number.read();
    std::atomic_thread_fence(std::memory_order_acquire);
    WindowReading reading;
    reading.count = slot.count.read();
    reading.sum_ns = slot.sum_ns.read();
    reading.peak_ns = slot.peak_ns.read();
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint64_t after = slot.number.read();
    if (before != number || after != number) return {};
    return reading;
}

Latency::WindowReading Latency::current_window(base::Instant now) const {
    return window_numbered(number_at(now, window_ns_));
}

Latency::WindowReading Latency::previous_window(base::Instant now) const {
    const std::uint64_t number = number_at(now, window_ns_);
    return number == 0 ? WindowReading{} : window_numbered(number - 1);
}

void Latency::reset_peaks() {
    for (LatencyWindow& slot : windows_) slot.peak_ns.set(0);
}

}  // namespace ringway::stats
