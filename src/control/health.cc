#include "health.h"

#include <algorithm>

#include "ringway/base/assert.h"

namespace ringway::control {

EndpointHealth::EndpointHealth(const config::HealthCheck& rule, base::Instant now,
                               base::Random& random, bool healthy)
    : rule_(rule), healthy_(healthy) {
    const std::int64_t spread_ns =
        std::clamp<std::int64_t>(rule.interval.ns, 1, base::Duration::seconds(1).ns);
    const auto offset = random.below(static_cast<std::uint64_t>(spread_ns));
    due_ = now + base::Duration::nanoseconds(static_cast<std::int64_t>(offset));
}

void EndpointHealth::begin(base::Instant now) {
    RW_ASSERT(!checking_);
    checking_ = true;
    started_ = now;
    due_ = now + rule_.timeout;
}

HealthChange EndpointHealth::finish(bool passed, base::Instant now, base::Random& random) {
    RW_ASSERT(checking_);
    checking_ = false;
    last_passed_ = passed;
    ++checks_;
    // The interval runs from start to start, and a check that took longer starts the next one soon.
    due_ = std::max(started_ + jittered(random), now + base::Duration::milliseconds(1));
    if (passed == healthy_) {
        streak_ = 0;
        return HealthChange::none;
    }
    ++streak_;
    if (streak_ < (healthy_ ? rule_.fall : rule_.rise)) return HealthChange::none;
    healthy_ = passed;
    streak_ = 0;
    return passed ? HealthChange::came_up : HealthChange::went_down;
}

base::Duration EndpointHealth::jittered(base::Random& random) const {
    const std::int64_t reach_ns = rule_.interval.ns / 100 * rule_.jitter_percent;
    if (reach_ns <= 0) return rule_.interval;
    const auto offset = random.below(static_cast<std::uint64_t>(2 * reach_ns + 1));
    return base::Duration::nanoseconds(rule_.interval.ns - reach_ns +
                                       static_cast<std::int64_t>(offset));
}

}  // namespace ringway::control
