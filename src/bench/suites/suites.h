// The suites: each turns options into runs and what follows from them.
//
// A suite knows nothing of rings and threads: it calls RunOne and reads RunResult. It fills runs,
// figures and findings of the report; verdicts and output come after it.
#pragma once

#include <functional>
#include <string>

#include "../options.h"
#include "ringway/bench/report.h"
#include "ringway/bench/run.h"

namespace ringway::bench {

struct SuiteContext {
    const Options& options;
    RunOne run;                                   // one run, with live progress
    std::function<void(const std::string&)> say;  // a line for people, while it goes on
    std::function<bool()> stop;                   // asked between runs: INT came
};

// Each returns a refusal only when nothing at all could be measured.
config::Complaint run_plain(const SuiteContext& context, Report& report);  // --rounds of one level
config::Complaint run_sweep(const SuiteContext& context, Report& report);
config::Complaint run_knee(const SuiteContext& context, Report& report);
config::Complaint run_ramp(const SuiteContext& context, Report& report);
config::Complaint run_scaling(const SuiteContext& context, Report& report);
config::Complaint run_matrix(const SuiteContext& context, Report& report);
config::Complaint run_throttle(const SuiteContext& context, Report& report);
config::Complaint run_versus_direct(const SuiteContext& context, Report& report);
config::Complaint run_baseline(const SuiteContext& context, Report& report);

}  // namespace ringway::bench
