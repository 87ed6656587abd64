// Advice from what was measured at several levels: rules, each of which says one thing or nothing.
//
// A rule looks at figures only, so that it can be tested with made-up ones. What it says names the
// figure it follows from, and the flag to change where there is one: a flag of `ringway serve`
// when the target may be a ringway, of `ringway bench` when it is the measurement that falls short.
#pragma once

#include <vector>

#include "levels.h"

namespace ringway::bench {

struct Evidence {
    const std::vector<LevelSummary>& levels;  // lowest first
    bool of_rate;
    const RunPlan& plan;
};

// Everything that the rules have to say, the gravest first.
std::vector<Finding> advise(const Evidence& evidence);

// The two halves: what errors say, and what limits the rate.
void advise_on_errors(const Evidence& evidence, std::vector<Finding>& out);
void advise_on_limits(const Evidence& evidence, std::vector<Finding>& out);

}  // namespace ringway::bench
