// The TOML file that says what is good enough, as rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantities.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct SloRule {
    const Quantity* quantity = nullptr;
    std::optional<double> warning;   // in the unit of the quantity
    std::optional<double> critical;  // one of the two at least
    std::string label;               // of the one run it is for; empty: of all
    unsigned line = 0;
};

// Refused with the line of the first thing that is not understood.
config::Checked<std::vector<SloRule>> read_slo_file(const std::string& file);
// The same from a text.
config::Checked<std::vector<SloRule>> parse_slo(std::string_view text);

}  // namespace ringway::bench
