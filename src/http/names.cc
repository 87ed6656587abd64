#include "ringway/http/names.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "chars.h"

namespace ringway::http {
namespace {

constexpr auto method_names = std::to_array<std::string_view>(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "other"});
static_assert(method_names.size() == method_count);

// In the order of FieldName.
constexpr auto field_names = std::to_array<std::string_view>({
    "",
    "Accept",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Location",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Proxy-Status",
    "Referer",
    "Retry-After",
    "Server",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Request-Id",
});
static_assert(field_names.size() == static_cast<std::size_t>(FieldName::x_request_id) + 1);

// A name as three words, which overlap when it is not of 8, 16 or 24 bytes: two names of one length
// are equal when their words are. Names are compared by it in a few instructions.
constexpr std::size_t packed_bytes_max = 24;
using Words = std::array<std::uint64_t, 3>;

template <typename Word>
constexpr Word load(const char* text) {
    Word word = 0;
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
        for (std::size_t i = 0; i < sizeof(Word); ++i) {
            const auto byte = static_cast<unsigned char>(text[i]);
            word = static_cast<Word>(word | (static_cast<Word>(byte) << (8 * i)));
        }
    } else {
        std::memcpy(&word, text, sizeof(Word));
    }
    return word;
}

constexpr Words pack(std::string_view name) {
    const char* const text = name.data();
    const std::size_t bytes = name.size();
    if (bytes > 16) {
        return {load<std::uint64_t>(text), load<std::uint64_t>(text + 8),
                load<std::uint64_t>(text + bytes - 8)};
    }
    if (bytes > 8) return {load<std::uint64_t>(text), load<std::uint64_t>(text + bytes - 8), 0};
    if (bytes >= 4) {
        const std::uint64_t high = load<std::uint32_t>(text + bytes - 4);
        return {load<std::uint32_t>(text) | (high << 32), 0, 0};
    }
    if (bytes >= 2) {
        const std::uint64_t high = load<std::uint16_t>(text + bytes - 2);
        return {load<std::uint16_t>(text) | (high << 16), 0, 0};
    }
    return {0, 0, 0};
}

struct Known {
    Words words{};    // in lower case
    Words letters{};  // the bit that makes a letter lower case, where there is a letter
    FieldName id = FieldName::other;
    std::uint8_t bytes = 0;
};

constexpr Known known_of(FieldName id) {
    const std::string_view name = field_names[static_cast<std::size_t>(id)];
    std::array<char, packed_bytes_max> lower{};
    std::array<char, packed_bytes_max> letters{};
    for (std::size_t i = 0; i < name.size(); ++i) {
        lower[i] = lower_case(name[i]);
        letters[i] = is_class(name[i], letter_char) ? 0x20 : 0;
    }
    return {.words = pack({lower.data(), name.size()}),
            .letters = pack({letters.data(), name.size()}),
            .id = id,
            .bytes = static_cast<std::uint8_t>(name.size())};
}

// Sorted by length, and where each length begins.
struct KnownNames {
    std::array<Known, field_names.size() - 1> names{};
    std::array<std::uint8_t, packed_bytes_max + 2> first{};
};

constexpr KnownNames make_known_names() {
    KnownNames known;
    for (std::size_t i = 0; i < known.names.size(); ++i) {
        known.names[i] = known_of(static_cast<FieldName>(i + 1));
    }
    std::sort(known.names.begin(), known.names.end(),
              [](const Known& a, const Known& b) { return a.bytes < b.bytes; });
    for (std::size_t bytes = 0; bytes < known.first.size(); ++bytes) {
        known.first[bytes] = static_cast<std::uint8_t>(
            std::count_if(known.names.begin(), known.names.end(),
                          [bytes](const Known& name) { return name.bytes < bytes; }));
    }
    return known;
}
constexpr KnownNames known_names = make_known_names();

}  // namespace

Method method_of(std::string_view token) {
    switch (token.size()) {
        case 3:
            if (token == "GET") return Method::get;
            if (token == "PUT") return Method::put;
            break;
        case 4:
            if (token == "POST") return Method::post;
            if (token == "HEAD") return Method::head;
            break;
        case 5:
            if (token == "PATCH") return Method::patch;
            if (token == "TRACE") return Method::trace;
            break;
        case 6:
            if (token == "DELETE") return Method::delete_;
            break;
        case 7:
            if (token == "OPTIONS") return Method::options;
            if (token == "CONNECT") return Method::connect;
            break;
        default: break;
    }
    return Method::other;
}

std::string_view name_of(Method method) { return method_names[static_cast<std::size_t>(method)]; }

bool is_safe(Method method) {
    switch (method) {
        case Method::get:
        case Method::head:
        case Method::options:
        case Method::trace: return true;
        default: return false;
    }
}

bool is_idempotent(Method method) {
    return is_safe(method) || method == Method::put || method == Method::delete_;
}

FieldName field_name_of(std::string_view name) {
    if (name.size() > packed_bytes_max) return FieldName::other;
    const Words words = pack(name);
    const std::size_t end = known_names.first[name.size() + 1];
    for (std::size_t i = known_names.first[name.size()]; i < end; ++i) {
        const Known& known = known_names.names[i];
        const std::uint64_t difference = ((words[0] | known.letters[0]) ^ known.words[0]) |
                                         ((words[1] | known.letters[1]) ^ known.words[1]) |
                                         ((words[2] | known.letters[2]) ^ known.words[2]);
        if (difference == 0) return known.id;
    }
    return FieldName::other;
}

std::string_view name_of(FieldName name) { return field_names[static_cast<std::size_t>(name)]; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower_case(x) == lower_case(y); });
}

}  // namespace ringway::http
