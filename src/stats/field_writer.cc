#include "field_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "line_writer.h"
#include "ringway/base/utf8.h"

namespace ringway::stats {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t escape_bytes_max = 6;  // "\\u001b"

// Which bytes need no second look: what nearly every name and address is made of entirely.
using ByteSet = std::array<bool, 256>;

constexpr ByteSet plain_bytes(std::string_view except) {
    ByteSet set{};
    for (std::size_t byte = 0x20; byte < 0x7f; ++byte) set[byte] = true;
    for (const char byte : except) set[static_cast<unsigned char>(byte)] = false;
    return set;
}
constexpr ByteSet plain_in_text = plain_bytes(" \"=\\");
constexpr ByteSet plain_in_quotes = plain_bytes("\"\\");  // of text and of JSON

std::size_t plain_prefix(std::string_view text, const ByteSet& set) {
    std::size_t bytes = 0;
    while (bytes < text.size() && set[static_cast<unsigned char>(text[bytes])]) ++bytes;
    return bytes;
}

// Also true for "-", which stands for "no value" without its quotes.
bool needs_quotes(std::string_view value) {
    if (value.empty() || value == "-") return true;
    for (;;) {
        value.remove_prefix(plain_prefix(value, plain_in_text));
        if (value.empty()) return false;
        // A character beyond ASCII may stand as it is; everything else that is not plain may not.
        const std::size_t length = base::printable_length(value);
        if (length < 2) return true;
        value.remove_prefix(length);
    }
}

void put_digits(char* out, std::size_t digits, std::int64_t value) {
    for (std::size_t at = digits; at-- > 0; value /= 10) {
        out[at] = static_cast<char>('0' + value % 10);
    }
}

}  // namespace

void write_rfc3339(char* out, std::int64_t wall_us) {
    const CivilTime time = civil_time(wall_us);
    std::memcpy(out, "0000-00-00T00:00:00.000000Z", time_bytes);
    put_digits(out, 4, time.year);
    put_digits(out + 5, 2, time.month);
    put_digits(out + 8, 2, time.day);
    put_digits(out + 11, 2, time.hour);
    put_digits(out + 14, 2, time.minute);
    put_digits(out + 17, 2, time.second);
    put_digits(out + 20, 6, time.microsecond);
}

FieldWriter::FieldWriter(char* out, std::size_t room, bool json)
    : out_(out), at_(out), end_(out + room - (json && room > 0 ? 1 : 0)), field_(out), json_(json) {
    // Without room for "{}" an empty line is all that can be said.
    if (json && room < 2) overflowed_ = true;
    if (!overflowed_ && json) put('{');
    field_ = at_;
}

std::size_t FieldWriter::finish() {
    if (json_ && at_ != out_) *at_++ = '}';
    return static_cast<std::size_t>(at_ - out_);
}

bool FieldWriter::begin(std::string_view key) {
    if (overflowed_) return false;
    field_ = at_;
    const bool first = at_ == out_ + (json_ ? 1 : 0);
    if (json_) {
        if (!first) put(',');
        // Keys are literals in our own code: nothing in them needs to be escaped.
        put('"');
        put(key);
        put("\":");
    } else {
        if (!first) put(' ');
        put(key);
        put('=');
    }
    return true;
}

void FieldWriter::commit() {
    if (overflowed_) at_ = field_;
}

void FieldWriter::put(char byte) {
    if (overflowed_ || at_ == end_) {
        overflowed_ = true;
        return;
    }
    *at_++ = byte;
}

void FieldWriter::put(std::string_view bytes) {
    if (overflowed_ || static_cast<std::size_t>(end_ - at_) < bytes.size()) {
        overflowed_ = true;
        return;
    }
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
}

void FieldWriter::put_quoted(std::string_view value, std::size_t bytes_max) {
    put('"');
    const char* const from = at_;
    while (!overflowed_ && !value.empty()) {
        const std::size_t left = bytes_max - static_cast<std::size_t>(at_ - from);
        const std::size_t plain = plain_prefix(value.substr(0, left), plain_in_quotes);
        put(value.substr(0, plain));
        value.remove_prefix(plain);
        if (value.empty() || left - plain < escape_bytes_max) break;
        const std::size_t known = json_ ? base::utf8_length(value) : base::printable_length(value);
        const std::size_t length = std::max<std::size_t>(known, 1);
        if (known > 1) {
            put(value.substr(0, length));
        } else if (json_) {
            put_escaped_in_json(value.substr(0, known));
        } else {
            put_escaped_in_text(value.substr(0, 1));
        }
        value.remove_prefix(length);
    }
    put('"');
}

// A quote, a backslash, or a byte that has no look of its own.
void FieldWriter::put_escaped_in_text(std::string_view character) {
    const char byte = character.front();
    if (byte == '"' || byte == '\\') {
        put('\\');
        put(byte);
    } else if (byte == '\n') {
        put("\\n");
    } else {
        put("\\x");
        put_hex(byte);
    }
}

// A quote, a backslash, a control character, or nothing: what is not UTF-8.
void FieldWriter::put_escaped_in_json(std::string_view character) {
    if (character.empty()) {
        put("\\ufffd");
        return;
    }
    const char byte = character.front();
    if (byte == '"' || byte == '\\') {
        put('\\');
        put(byte);
    } else {
        put("\\u00");
        put_hex(byte);
    }
}

void FieldWriter::put_hex(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    put(hex_digits[code >> 4]);
    put(hex_digits[code & 15]);
}

void FieldWriter::text(std::string_view key, std::string_view value, std::size_t bytes_max) {
    if (!begin(key)) return;
    if (json_ || needs_quotes(value)) {
        put_quoted(value, bytes_max);
    } else {
        put(value.size() <= bytes_max ? value : base::cut_utf8(value, bytes_max));
    }
    commit();
}

void FieldWriter::text_or_none(std::string_view key, std::string_view value,
                               std::size_t bytes_max) {
    value.empty() ? none(key) : text(key, value, bytes_max);
}

void FieldWriter::number(std::string_view key, std::uint64_t value) {
    if (!begin(key)) return;
    // The room for any number: what fmt writes through a plain pointer it does not check.
    std::array<char, 24> digits;
    const char* const end = fmt::format_to(digits.data(), FMT_COMPILE("{}"), value);
    put(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    commit();
}

void FieldWriter::integer(std::string_view key, std::int64_t value) {
    if (!begin(key)) return;
    std::array<char, 24> digits;
    const char* const end = fmt::format_to(digits.data(), FMT_COMPILE("{}"), value);
    put(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    commit();
}

void FieldWriter::boolean(std::string_view key, bool value) {
    if (!begin(key)) return;
    put(value ? "true" : "false");
    commit();
}

void FieldWriter::none(std::string_view key) {
    if (!begin(key)) return;
    put(json_ ? "null" : "-");
    commit();
}

void FieldWriter::time(std::string_view key, std::int64_t wall_us) {
    std::array<char, time_bytes> text_of_time;
    write_rfc3339(text_of_time.data(), wall_us);
    text(key, std::string_view(text_of_time.data(), text_of_time.size()));
}

}  // namespace ringway::stats
