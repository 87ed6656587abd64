#include "ringway/base/utf8.h"

#include <cstdint>

namespace ringway::base {

namespace {

bool between(std::uint8_t byte, std::uint8_t low, std::uint8_t high) {
    return byte >= low && byte <= high;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    if (text.empty()) return 0;
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = between(first, 0xC2, 0xDF)   ? 2
                               : between(first, 0xE0, 0xEF) ? 3
                               : between(first, 0xF0, 0xF4) ? 4
                                                            : 0;
    if (length == 0 || text.size() < length) return 0;
    // The second byte alone tells overlong forms, surrogates and numbers that are too large.
    const std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (!between(byte(1), low, high)) return 0;
    for (std::size_t at = 2; at < length; ++at) {
        if (!between(byte(at), 0x80, 0xBF)) return 0;
    }
    return length;
}

std::size_t printable_length(std::string_view text) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return 0;
    const auto first = static_cast<std::uint8_t>(text[0]);
    if (first < 0x20 || first == 0x7f) return 0;
    // U+0080 to U+009F, among them a second way to begin an escape sequence.
    if (first == 0xC2 && static_cast<std::uint8_t>(text[1]) < 0xA0) return 0;
    return length;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    // A character has at most three bytes after its first.
    for (int back = 0; back < 3 && end > 0; ++back) {
        if ((static_cast<std::uint8_t>(text[end]) & 0xC0) != 0x80) break;
        --end;
    }
    return text.substr(0, end);
}

}  // namespace ringway::base
