// What each byte may be part of (RFC 9110, 5.6; RFC 9112, 3.2), and the scans over them. One table,
// no locale. The scan for a value's end looks at 16 bytes at a time where the machine can.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ringway::http {

enum CharClass : std::uint8_t {
    token_char = 1,   // tchar: methods, field names, codings
    target_char = 2,  // visible ASCII without '#': a request target
    value_char = 4,   // visible, blank, or above ASCII: field values and reason phrases
    letter_char = 8,
    unreserved_char = 16,  // RFC 3986, 2.3
    host_char = 32,        // unreserved or sub-delims: of a registered name, beside escapes
};

constexpr std::array<std::uint8_t, 256> make_char_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (unsigned c = 0x20; c < 256; ++c) {
        if (c != 0x7f) classes[c] |= value_char;
    }
    classes['\t'] |= value_char;
    for (unsigned c = 0x21; c < 0x7f; ++c) {
        if (c != '#') classes[c] |= target_char;
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789")) {
        classes[static_cast<unsigned char>(c)] |= token_char;
    }
    for (unsigned c = 'a'; c <= 'z'; ++c) {
        classes[c] |= token_char | letter_char | unreserved_char | host_char;
        classes[c - 0x20] |= token_char | letter_char | unreserved_char | host_char;
    }
    for (const char c : std::string_view("0123456789-._~")) {
        classes[static_cast<unsigned char>(c)] |= unreserved_char | host_char;
    }
    for (const char c : std::string_view("!$&'()*+,;=")) {
        classes[static_cast<unsigned char>(c)] |= host_char;
    }
    return classes;
}
inline constexpr std::array<std::uint8_t, 256> char_classes = make_char_classes();

constexpr bool is_class(char c, std::uint8_t wanted) {
    return (char_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char low = lower_case(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// The first byte that is not of the class, or `end`.
inline const char* skip_class(const char* at, const char* end, std::uint8_t wanted) {
    while (at != end && is_class(*at, wanted)) ++at;
    return at;
}

inline bool is_token(std::string_view text) {
    const char* const end = text.data() + text.size();
    return !text.empty() && skip_class(text.data(), end, token_char) == end;
}

// The first byte that no field value holds, or `end`: a control character other than HTAB, or DEL.
inline const char* skip_value(const char* at, const char* end) {
#if defined(__SSE2__)
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const __m128i wrong = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control),
                                           _mm_cmpeq_epi8(bytes, del));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(wrong));
        if (found != 0) return at + std::countr_zero(found);
        at += 16;
    }
#endif
    return skip_class(at, end, value_char);
}

}  // namespace ringway::http
