// Checks across settings: what no single value can be blamed for.
#pragma once

#include <string>

#include "ringway/config/settings.h"

namespace ringway::config {

// No two objects of one kind, and no two endpoints of one upstream, have the same name. Checked
// before routes are, which go by name.
std::string validate_names(const Settings& settings);

// Empty, or one line that names the flag, the value and the rule.
std::string validate(const Settings& settings);

}  // namespace ringway::config
