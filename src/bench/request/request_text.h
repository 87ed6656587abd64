// What may stand in the parts of a request, so that it is sent as one request and not as two.
#pragma once

#include <algorithm>
#include <string_view>

namespace ringway::bench {

inline bool is_token_byte(char byte) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || marks.find(byte) != std::string_view::npos;
}

// A method, or a field's name.
inline bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

// In origin form, or "*": no blank, no control character, nothing that would end it.
inline bool is_target(std::string_view text) {
    if (!text.starts_with('/') && text != "*") return false;
    return std::all_of(text.begin(), text.end(), [](char byte) {
        const auto value = static_cast<unsigned char>(byte);
        return value > 0x20 && value != 0x7f;
    });
}

inline bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char byte) {
        const auto value = static_cast<unsigned char>(byte);
        return (value >= 0x20 && value != 0x7f) || value == '\t';
    });
}

}  // namespace ringway::bench
