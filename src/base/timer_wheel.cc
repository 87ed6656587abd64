#include "ringway/base/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace ringway::base {

TimerWheel::~TimerWheel() {
    for (auto& level : buckets_) {
        for (auto& bucket : level) {
            while (!bucket.empty()) bucket.pop_front();
        }
    }
}

void TimerWheel::arm(Timer& timer, Instant due) {
    disarm(timer);
    if (due.is_never()) return;
    timer.due_ = due;
    file(timer);
    ++armed_;
}

void TimerWheel::disarm(Timer& timer) {
    if (!timer.is_armed()) return;
    timer.link_.unlink();
    --armed_;
}

// The level is chosen by how far away the tick is; a bucket's number is the matching digit of the
// tick, so that a bucket of level n is emptied into level n-1 when the lower digits wrap to zero.
void TimerWheel::file(Timer& timer) {
    // Round up: a timer must not fire early.
    const std::int64_t wanted = (timer.due_.ns + tick_ns - 1) / tick_ns;
    const std::int64_t range = std::int64_t{1} << (bucket_bits * level_count);
    const std::int64_t tick = std::clamp(wanted, tick_ + 1, tick_ + range - bucket_count);
    const auto distance = static_cast<std::uint64_t>(tick - tick_);
    int level = 0;
    while (level + 1 < level_count &&
           distance >= (std::uint64_t{1} << (bucket_bits * (level + 1)))) {
        ++level;
    }
    const auto bucket =
        static_cast<std::size_t>((tick >> (bucket_bits * level)) & (bucket_count - 1));
    const auto row = static_cast<std::size_t>(level);
    buckets_[row][bucket].push_back(timer);
    occupied_[row] |= std::uint64_t{1} << bucket;
}

void TimerWheel::cascade(int level) {
    const auto row = static_cast<std::size_t>(level);
    const auto index =
        static_cast<std::size_t>((tick_ >> (bucket_bits * level)) & (bucket_count - 1));
    if (index == 0 && level + 1 < level_count) cascade(level + 1);
    Bucket moved;
    Bucket& bucket = buckets_[row][index];
    occupied_[row] &= ~(std::uint64_t{1} << index);
    while (!bucket.empty()) moved.push_back(bucket.pop_front());
    while (!moved.empty()) {
        Timer& timer = moved.pop_front();
        // tick_ has just reached this bucket's start: what is due now goes into the bucket that
        // advance() is about to empty.
        const std::int64_t wanted = (timer.due_.ns + tick_ns - 1) / tick_ns;
        if (wanted <= tick_) {
            const auto now = static_cast<std::size_t>(tick_ & (bucket_count - 1));
            buckets_[0][now].push_back(timer);
            occupied_[0] |= std::uint64_t{1} << now;
        } else {
            file(timer);
        }
    }
}

void TimerWheel::advance(Instant now) {
    const std::int64_t target = tick_of(now);
    while (tick_ < target) {
        if (armed_ == 0) {
            tick_ = target;
            return;
        }
        ++tick_;
        const auto index = static_cast<std::size_t>(tick_ & (bucket_count - 1));
        if (index == 0) cascade(1);
        const std::uint64_t bit = std::uint64_t{1} << index;
        if ((occupied_[0] & bit) == 0) {
            // Jump over ticks that hold nothing: to the next occupied bucket or the next cascade.
            const std::uint64_t ahead = index + 1 < bucket_count ? occupied_[0] >> (index + 1) : 0;
            const std::int64_t to_cascade = bucket_count - 1 - static_cast<std::int64_t>(index);
            const std::int64_t skip =
                ahead == 0 ? to_cascade
                           : std::min<std::int64_t>(std::countr_zero(ahead), to_cascade);
            tick_ = std::min(tick_ + skip, target);
            continue;
        }
        occupied_[0] &= ~bit;
        Bucket due;
        Bucket& bucket = buckets_[0][index];
        while (!bucket.empty()) due.push_back(bucket.pop_front());
        while (!due.empty()) {
            Timer& timer = due.pop_front();
            --armed_;
            timer.fire_(timer);
        }
    }
}

Instant TimerWheel::next_due() const {
    if (armed_ == 0) return Instant::never();
    for (int level = 0; level < level_count; ++level) {
        const std::uint64_t bits = occupied_[static_cast<std::size_t>(level)];
        if (bits == 0) continue;
        const int shift = bucket_bits * level;
        const std::int64_t at = tick_ >> shift;
        const auto current = static_cast<int>(at & (bucket_count - 1));
        // The first occupied bucket after the current one, wrapping around.
        const std::uint64_t rotated = std::rotr(bits, (current + 1) % bucket_count);
        const std::int64_t steps = std::countr_zero(rotated) + 1;
        const std::int64_t tick = (at + steps) << shift;
        // A lower level always comes first within its own range, and a cascade of a higher level
        // cannot be missed: its bucket starts at a multiple that the lower level also visits.
        std::int64_t first = tick;
        for (int higher = level + 1; higher < level_count; ++higher) {
            if (occupied_[static_cast<std::size_t>(higher)] == 0) continue;
            const int high_shift = bucket_bits * higher;
            first = std::min(first, ((tick_ >> high_shift) + 1) << high_shift);
            break;
        }
        return {first * tick_ns};
    }
    return Instant::never();
}

}  // namespace ringway::base
