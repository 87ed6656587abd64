// Clients that made one request each, got their answer, and do nothing since.
#pragma once

#include <memory>

#include "ringway/bench/plan.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

// As many as the plan has connections, opened one after the other, so that nobody who holds them
// ever sees a crowd; they are closed with the last copy of what is given back. Refused when one of
// them got no complete answer.
config::Checked<std::shared_ptr<void>> hold_idle(const RunPlan& plan);

}  // namespace ringway::bench
