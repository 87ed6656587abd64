// Verdicts: a report against an SLO file, and two reports against each other.
#pragma once

#include <string>

#include "ringway/bench/report.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

// check_slo() reads the file before anything is measured, and refuses it when it asks for what the
// plan will not measure; `suite_watches`: the suite itself knows whom to watch. judge_slo() judges
// the report's figures, writes Report::slo and its findings. Refused when the file cannot be read
// or names something that a report cannot have (with its line).
config::Complaint check_slo(const std::string& file, const RunPlan& plan, bool suite_watches);
config::Complaint judge_slo(const std::string& file, Report& report);

struct Comparison {
    std::string text;         // the table, for people
    bool regression = false;  // exit code 3
};
// Two JSON reports as --json wrote them. Refused when one is none, when their schema versions
// differ, or when they have nothing in common; says when their conditions differ.
config::Checked<Comparison> compare_reports(const std::string& file_a, const std::string& file_b,
                                            double regression_percent);

}  // namespace ringway::bench
