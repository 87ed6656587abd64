// Checks across settings: what no single value can be blamed for.
#pragma once

#include <string>

#include "ringway/config/settings.h"

namespace ringway::config {

// Empty, or one line that names the flag, the value and the rule.
std::string validate(const Settings& settings);

}  // namespace ringway::config
