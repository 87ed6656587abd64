// Whether bytes are text: all that ringway is given must be UTF-8, for it is written again into
// TOML and JSON.
#pragma once

#include <string_view>

namespace ringway::config {

// Well-formed UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace ringway::config
