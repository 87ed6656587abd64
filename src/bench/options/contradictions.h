// What several flags mean together, and when they mean nothing.
#pragma once

#include <string>

#include "flag_table.h"

namespace ringway::bench {

// Each gives the whole line for people, or nothing when all is well.
std::string contradiction_among(const Draft& draft);
// What depends on the URL's scheme.
std::string contradiction_with_scheme(const Draft& draft, bool is_http);

}  // namespace ringway::bench
