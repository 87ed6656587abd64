// What the machine lets this process have, compared with what a plan needs.
#pragma once

#include <cstdint>
#include <vector>

#include "ringway/bench/plan.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

// Raises the soft limit of descriptors to the hard one, once it is needed; a complaint when even
// that is not enough for the plan's connections.
config::Complaint check_descriptors(const RunPlan& plan);

// The cores on which the plan's threads run: one for each, or none when they are not pinned.
std::vector<int> cores_of(const RunPlan& plan);

}  // namespace ringway::bench
