// Parts of the final table that text.cc puts together.
#pragma once

#include <optional>
#include <string>

#include "figures.h"

namespace ringway::bench {

std::string levels_text(const Report& report);         // a row for each level
std::string sections_text(const Report& report);       // the same, by sections of a baseline
std::string versus_direct_text(const Report& report);  // percentiles side by side

std::string error_words(const RunResult& result);  // "12 (0.1 % of all): timeout 10, reset 2"
// False, too, where the figure is not known or has no target.
bool met(const Figure& figure, const std::optional<double>& target);

}  // namespace ringway::bench
