// When an open loop's requests are due: a fixed grid, computed and never adjusted.
//
// Steady at `rate` through the warm-up; then steady, or in a straight line to `rate_end` over the
// measured window. All threads share one grid: thread i of n has every n-th point of it. Knows no
// clock and keeps no queue: what is overdue is simply what is due and was not yet begun.
#pragma once

#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/bench/plan.h"

namespace ringway::bench {

class Schedule {
  public:
    Schedule(const RunPlan& plan, unsigned thread, unsigned threads);

    // When this thread's n-th request is due, after the run's start (its warm-up included).
    base::Duration due(std::uint64_t n) const;

  private:
    double rate_;   // per second, of all threads
    double slope_;  // per second and second, within the window
    double warm_up_s_;
    double warm_up_count_;  // requests due before the window
    double first_;
    double step_;
};

}  // namespace ringway::bench
