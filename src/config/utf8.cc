#include "utf8.h"

#include <cstddef>
#include <cstdint>

namespace ringway::config {
namespace {

// How many bytes a character that begins with `first` has, and the range of its second byte, which
// is where overlong forms and surrogates show. 0 bytes: none begins so.
struct Form {
    std::size_t bytes;
    unsigned char second_min;
    unsigned char second_max;
};
Form form_of(unsigned char first) {
    if (first < 0x80) return {1, 0, 0};
    if (first < 0xc2) return {0, 0, 0};
    if (first < 0xe0) return {2, 0x80, 0xbf};
    if (first == 0xe0) return {3, 0xa0, 0xbf};
    if (first == 0xed) return {3, 0x80, 0x9f};
    if (first < 0xf0) return {3, 0x80, 0xbf};
    if (first == 0xf0) return {4, 0x90, 0xbf};
    if (first < 0xf4) return {4, 0x80, 0xbf};
    if (first == 0xf4) return {4, 0x80, 0x8f};
    return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    for (std::size_t i = 0; i < text.size();) {
        const Form form = form_of(byte(i));
        if (form.bytes == 0 || form.bytes > text.size() - i) return false;
        if (form.bytes > 1 && (byte(i + 1) < form.second_min || byte(i + 1) > form.second_max)) {
            return false;
        }
        for (std::size_t rest = 2; rest < form.bytes; ++rest) {
            if ((byte(i + rest) & 0xc0) != 0x80) return false;
        }
        i += form.bytes;
    }
    return true;
}

}  // namespace ringway::config
