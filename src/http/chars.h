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

#if defined(__SSE2__)
// Looks at 16 bytes at a time, as long as there are so many: find_wrong(bytes) says which of them
// do not belong, and may name too many. What it names, and the rest, is looked up in the table.
template <typename FindWrong>
const char* skip_by_16(const char* at, const char* end, std::uint8_t wanted, FindWrong find_wrong) {
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto wrong = static_cast<unsigned>(_mm_movemask_epi8(find_wrong(bytes)));
        if (wrong != 0) {
            at += std::countr_zero(wrong);
            break;
        }
        at += 16;
    }
    return skip_class(at, end, wanted);
}

inline __m128i is_at_most(__m128i bytes, char last) {  // of unsigned bytes
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(last)), bytes);
}
inline __m128i is_byte(__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }
#endif

// The first byte that no field value holds, or `end`: a control character other than HTAB, or DEL.
inline const char* skip_value(const char* at, const char* end) {
#if defined(__SSE2__)
    return skip_by_16(at, end, value_char, [](__m128i bytes) {
        const __m128i control = _mm_andnot_si128(is_byte(bytes, '\t'), is_at_most(bytes, 0x1f));
        return _mm_or_si128(control, is_byte(bytes, 0x7f));
    });
#else
    return skip_class(at, end, value_char);
#endif
}

// The first byte that no target holds, or `end`.
inline const char* skip_target(const char* at, const char* end) {
#if defined(__SSE2__)
    return skip_by_16(at, end, target_char, [](__m128i bytes) {
        const __m128i blank_or_high = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));
        return _mm_or_si128(blank_or_high, _mm_or_si128(is_byte(bytes, 0x7f), is_byte(bytes, '#')));
    });
#else
    return skip_class(at, end, target_char);
#endif
}

// The first byte that no token holds, or `end`. Names are of letters and dashes, mostly.
inline const char* skip_token(const char* at, const char* end) {
#if defined(__SSE2__)
    return skip_by_16(at, end, token_char, [](__m128i bytes) {
        const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        const __m128i letter = is_at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
        const __m128i usual = _mm_or_si128(letter, is_byte(bytes, '-'));
        return _mm_xor_si128(usual, _mm_set1_epi8(-1));
    });
#else
    return skip_class(at, end, token_char);
#endif
}

}  // namespace ringway::http
