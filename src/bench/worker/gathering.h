// How many answers one wake-up of a busy worker should bring.
//
// Going to sleep and being woken costs the generator as much as an answer does, and the target,
// which does the waking, too. So a closed loop may wait for several answers at once, if that delays
// none that anybody would miss. Whether it does can be seen: the connections of a closed loop are
// always waiting, so their mean latency is their number divided by the rate, and a wait that hurts
// makes the rate fall. This class tries twice and half as many, side by side with the present
// number, and keeps what does not lower the rate. It reads no clock and touches no ring.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ringway/base/clock.h"

namespace ringway::bench {

class Gathering {
  public:
    static constexpr base::Duration period = base::Duration::milliseconds(10);

    // A period of `passed` is over, in which `answered` answers came; `under_way` requests are
    // unanswered now. Says how many to wait for in the next period.
    unsigned next(base::Duration passed, std::uint64_t answered, std::size_t under_way);
    unsigned settled() const { return settled_; }

  private:
    static constexpr unsigned pairs_per_trial = 9;
    unsigned tried() const;
    void decide();
    void begin_trial(bool more);

    unsigned settled_ = 1;
    unsigned most_ = 1;
    bool tries_more_ = true;
    bool trial_runs_ = false;  // the period that ends is one of the trial's
    unsigned pairs_ = 0;
    unsigned wins_ = 0;
    double settled_rate_ = 0;  // of the pair's first period
};

}  // namespace ringway::bench
