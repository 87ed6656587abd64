// The grammar of HTTP as far as settings need it: tokens, field names and values, paths.
//
// Strict, and independent of the http layer, which reads messages; settings are written by people
// and get a reason where they are wrong.
#pragma once

#include <string>
#include <string_view>

#include "ringway/config/checked.h"

namespace ringway::config {

// RFC 9110, 5.6.2.
bool is_token(std::string_view text);
// Visible characters, blanks and tabs between them, and bytes beyond ASCII (RFC 9110, 5.5).
bool is_field_value(std::string_view text);
std::string in_lower_case(std::string_view text);

}  // namespace ringway::config
