// When an endpoint is checked and what the outcomes mean: active health checks without the I/O.
//
// One EndpointHealth per checked endpoint, owned by the prober. A new endpoint starts as healthy:
// checks take away, so that traffic does not wait for the first of them.
#pragma once

#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/base/random.h"
#include "ringway/config/settings.h"

namespace ringway::control {

enum class HealthChange : std::uint8_t { none, came_up, went_down };

class EndpointHealth {
  public:
    // The first check is due at a random point of the first interval (of the first second, if the
    // interval is longer): endpoints are not all checked in one instant.
    EndpointHealth(const config::HealthCheck& rule, base::Instant now, base::Random& random,
                   bool healthy = true);

    bool healthy() const { return healthy_; }
    bool checking() const { return checking_; }
    // When the next check starts, or the running one is given up.
    base::Instant due() const { return due_; }

    void begin(base::Instant now);
    HealthChange finish(bool passed, base::Instant now, base::Random& random);

    // Passes or failures in a row that count towards the next change, for a person.
    std::uint32_t streak() const { return streak_; }
    std::uint64_t checks() const { return checks_; }
    bool last_passed() const { return last_passed_; }

  private:
    base::Duration jittered(base::Random& random) const;

    config::HealthCheck rule_;
    bool healthy_ = true;
    bool checking_ = false;
    bool last_passed_ = true;
    std::uint32_t streak_ = 0;  // outcomes in a row that contradict healthy_
    std::uint64_t checks_ = 0;
    base::Instant started_{0};
    base::Instant due_{0};
};

}  // namespace ringway::control
