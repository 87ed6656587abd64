#include "schedule.h"

#include <cmath>

namespace ringway::bench {

Schedule::Schedule(const RunPlan& plan, unsigned thread, unsigned threads)
    : rate_(plan.rate),
      slope_(plan.rate_end > 0 && plan.measure.ns > 0
                 ? (plan.rate_end - plan.rate) / plan.measure.to_seconds()
                 : 0),
      warm_up_s_(plan.warm_up.to_seconds()),
      warm_up_count_(rate_ * warm_up_s_),
      first_(thread),
      step_(threads) {}

base::Duration Schedule::due(std::uint64_t n) const {
    const double count = first_ + step_ * static_cast<double>(n);
    double at_s = count / rate_;
    if (slope_ != 0 && count > warm_up_count_) {
        // count = rate t + slope t^2 / 2, solved for t; in the form that stays exact for small
        // slopes.
        const double after = count - warm_up_count_;
        const double root = rate_ * rate_ + 2 * slope_ * after;
        // A falling rate ends at its last point: nothing is due after it would pass zero.
        if (root <= 0) return base::Duration::forever();
        at_s = warm_up_s_ + 2 * after / (rate_ + std::sqrt(root));
    }
    return {static_cast<std::int64_t>(at_s * 1e9)};
}

}  // namespace ringway::bench
