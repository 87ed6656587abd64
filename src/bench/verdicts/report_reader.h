// Reads back from a JSON report (docs/bench-report.schema.json) what a comparison needs.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ringway/config/checked.h"

namespace ringway::bench {

enum class ComparedFigure : std::uint8_t { rate, p50, p90, p99, p999, cpu_per_request };
inline constexpr std::size_t compared_figure_count = 6;

// The rounds of one label.
struct ComparedRun {
    std::string section;
    std::string label;
    std::string flags;  // the plan of its first round, in words
    // Each figure's values, round by round; a round that has none leaves none.
    std::array<std::vector<double>, compared_figure_count> values;
    std::uint64_t answered = 0;
    std::uint64_t errors = 0;
    bool interrupted = false;
    bool warned = false;  // by the generator, of itself
};

struct ComparedReport {
    std::string kind;
    // What may differ and then explains a difference, by name.
    std::vector<std::pair<std::string, std::string>> conditions;
    std::vector<ComparedRun> runs;
};

// The refusal names the file.
config::Checked<ComparedReport> read_report(const std::string& file);

}  // namespace ringway::bench
