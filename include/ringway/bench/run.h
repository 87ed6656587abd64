// Runs one plan: starts the threads, keeps the clock, collects what they measured.
#pragma once

#include <functional>
#include <optional>

#include "ringway/bench/plan.h"
#include "ringway/bench/result.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct RunHooks {
    // Called on the calling thread, about ten times a second; may be empty.
    std::function<void(const RunProgress&)> progress;
    // Asked as often; true ends the run early with what there is (RunResult::interrupted).
    std::function<bool()> stop;
};

// Blocks until the run is over. Refused when the plan cannot run here: not enough descriptors, no
// io_uring, nobody to connect to at all. Errors of single requests are counted, never refused.
// Must be called on a thread that may start others; leaves no descriptor and no thread behind.
config::Checked<RunResult> run(const RunPlan& plan, const RunHooks& hooks = {});

// As suites see it, so that their logic can be tested against a made-up target.
using RunOne = std::function<config::Checked<RunResult>(const RunPlan&, const std::string& label)>;

}  // namespace ringway::bench
