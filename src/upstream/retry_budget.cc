#include "ringway/upstream/retry_budget.h"

namespace ringway::upstream {

void RetryBudget::note_request(base::Instant now) {
    recent_.move_to(now);
    recent_.add({1, 0});
}

bool RetryBudget::take(base::Instant now) {
    recent_.move_to(now);
    const RecentCounts::Counts sum = recent_.sum();
    const std::uint64_t share = std::uint64_t{sum.first} * percent_ / 100;
    if (sum.second >= share && recent_.this_second().second >= floor_per_second_) return false;
    recent_.add({0, 1});
    return true;
}

}  // namespace ringway::upstream
