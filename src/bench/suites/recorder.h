// Takes runs into a report, one at a time, and keeps what goes wrong on the way.
//
// Used by one suite, from beginning to end. A run that was refused is told once, as a finding, and
// not tried again; INT ends the suite after the run under way, whose figures are kept.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "suites.h"

namespace ringway::bench {

class Recorder {
  public:
    Recorder(const SuiteContext& context, Report& report) : context_(context), report_(report) {}

    // Measures `run.plan` and appends it to the report; `run.label` must be set. False when there
    // is no result: it was refused, now or in an earlier round, or the suite is to stop.
    bool take(LabelledRun run);
    // The run that take() appended last.
    const RunResult& last() const { return report_.runs.back().result; }
    // INT came, before or within a run: nothing more is to be measured.
    bool stopped();
    // The time between two levels, cut short by INT; nothing before the first run.
    void pause();
    // What the suite gives back: a refusal only when the report has no run.
    config::Complaint outcome() const;

  private:
    const SuiteContext& context_;
    Report& report_;
    std::set<std::string> refused_labels_;
    std::optional<config::Refusal> first_refusal_;
};

}  // namespace ringway::bench
