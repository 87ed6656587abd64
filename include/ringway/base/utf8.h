// Which bytes are well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above
// U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace ringway::base {

// The length of the character that `text` begins with, 1 to 4; 0 when it begins with none.
std::size_t utf8_length(std::string_view text);

// Likewise, but 0 also for control characters (C0, DEL, C1): what a terminal may be shown.
std::size_t printable_length(std::string_view text);

// Whether all of it is: everything that ringway is given as text must be, for it is written again
// into TOML and JSON.
bool is_utf8(std::string_view text);

// The longest beginning of `text` of at most `bytes_max` bytes that does not end within a
// character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

}  // namespace ringway::base
