// How many retries an upstream may be given: a share of its requests, with a floor per second.
//
// Pure: the caller says when. Retries multiply load exactly when a server is weak; the budget keeps
// them a fraction of it. A connect that failed before a byte was sent is not charged.
#pragma once

#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/upstream/recent_counts.h"

namespace ringway::upstream {

class RetryBudget {
  public:
    void configure(std::uint32_t percent, std::uint32_t floor_per_second) {
        percent_ = percent;
        floor_per_second_ = floor_per_second;
    }
    void note_request(base::Instant now);
    // True when a retry may be made; then it is charged.
    bool take(base::Instant now);

  private:
    RecentCounts recent_;  // requests and retries
    std::uint32_t percent_ = 20;
    std::uint32_t floor_per_second_ = 10;
};

}  // namespace ringway::upstream
