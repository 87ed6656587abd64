// Many timers, few of which ever fire: arming, moving and disarming one is a list operation.
//
// Hierarchical wheel (Varghese and Lauck 1987): four levels of 64 buckets, one millisecond a tick,
// about 4.6 hours of range; longer timers are parked in the last level and re-filed. Reads no
// clock: the owner passes the time in. Must never fire a timer early; it may fire up to one tick
// late.
#pragma once

#include <array>
#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"

namespace ringway::base {

class Timer {
  public:
    // `fire` is called from TimerWheel::advance on the owner's thread; it may arm any timer again.
    using Fire = void (*)(Timer&);
    explicit Timer(Fire fire) : fire_(fire) {}

    bool is_armed() const { return link_.is_linked(); }
    Instant due() const { return due_; }

  private:
    friend class TimerWheel;
    ListLink link_;
    Instant due_ = Instant::never();
    Fire fire_;
};

class TimerWheel {
  public:
    explicit TimerWheel(Instant start) : tick_(tick_of(start)) {}
    ~TimerWheel();

    // Arms or moves the timer. An instant in the past fires at the next advance().
    void arm(Timer& timer, Instant due);
    void disarm(Timer& timer);

    // Fires everything due at `now`.
    void advance(Instant now);

    // When advance() should be called next; never() with no timer armed. It may be earlier than the
    // first timer (a cascade), never later than a tick past it.
    Instant next_due() const;

    std::size_t armed_count() const { return armed_; }

  private:
    static constexpr int level_count = 4;
    static constexpr int bucket_bits = 6;
    static constexpr int bucket_count = 1 << bucket_bits;
    static constexpr std::int64_t tick_ns = 1'000'000;
    using Bucket = IntrusiveList<Timer, &Timer::link_>;

    static std::int64_t tick_of(Instant at) { return at.ns / tick_ns; }
    void file(Timer& timer);
    void cascade(int level);

    std::int64_t tick_;  // every timer due at or before this tick has fired
    std::size_t armed_ = 0;
    std::array<std::array<Bucket, bucket_count>, level_count> buckets_;
    std::array<std::uint64_t, level_count> occupied_{};  // a superset: bit set => maybe non-empty
};

}  // namespace ringway::base
