#include "field_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "ringway/base/utf8.h"

namespace ringway::stats {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

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

struct Date {
    std::int64_t year;
    std::int64_t month;
    std::int64_t day;
};

// The proleptic Gregorian calendar, counted from the first of March so that the leap day is a
// year's last.
Date date_of(std::int64_t days_since_1970) {
    const std::int64_t shifted = days_since_1970 + 719'468;
    const std::int64_t era = shifted / 146'097;
    const std::int64_t day_of_era = shifted % 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t march_month = (5 * day_of_year + 2) / 153;
    const std::int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
    const std::int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

void put_digits(char* out, std::size_t digits, std::int64_t value) {
    for (std::size_t at = digits; at-- > 0; value /= 10) {
        out[at] = static_cast<char>('0' + value % 10);
    }
}

}  // namespace

void write_rfc3339(char* out, std::int64_t wall_us) {
    constexpr std::int64_t us_per_day = 86'400'000'000;
    constexpr std::int64_t last_us = 253'402'300'799'999'999;  // the end of the year 9999
    const std::int64_t held = std::clamp<std::int64_t>(wall_us, 0, last_us);
    const Date date = date_of(held / us_per_day);
    const std::int64_t us = held % us_per_day;
    const std::int64_t seconds = us / 1'000'000;
    std::memcpy(out, "0000-00-00T00:00:00.000000Z", time_bytes);
    put_digits(out, 4, date.year);
    put_digits(out + 5, 2, date.month);
    put_digits(out + 8, 2, date.day);
    put_digits(out + 11, 2, seconds / 3600);
    put_digits(out + 14, 2, seconds / 60 % 60);
    put_digits(out + 17, 2, seconds % 60);
    put_digits(out + 20, 6, us % 1'000'000);
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

void FieldWriter::put_quoted_text(std::string_view value) {
    put('"');
    while (!overflowed_) {
        const std::size_t plain = plain_prefix(value, plain_in_quotes);
        put(value.substr(0, plain));
        value.remove_prefix(plain);
        if (value.empty()) break;
        const char byte = value.front();
        const std::size_t length = base::printable_length(value);
        if (byte == '"' || byte == '\\') {
            put('\\');
            put(byte);
        } else if (byte == '\n') {
            put("\\n");
        } else if (length == 0) {
            put("\\x");
            put_hex(byte);
        } else {
            put(value.substr(0, length));
        }
        value.remove_prefix(std::max<std::size_t>(length, 1));
    }
    put('"');
}

void FieldWriter::put_quoted_json(std::string_view value) {
    put('"');
    while (!overflowed_) {
        const std::size_t plain = plain_prefix(value, plain_in_quotes);
        put(value.substr(0, plain));
        value.remove_prefix(plain);
        if (value.empty()) break;
        const char byte = value.front();
        const std::size_t length = base::utf8_length(value);
        if (byte == '"' || byte == '\\') {
            put('\\');
            put(byte);
        } else if (length == 0) {
            put("\\ufffd");
        } else if (length == 1) {  // what is left of ASCII are its control characters
            put("\\u00");
            put_hex(byte);
        } else {
            put(value.substr(0, length));
        }
        value.remove_prefix(std::max<std::size_t>(length, 1));
    }
    put('"');
}

void FieldWriter::put_hex(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    put(hex_digits[code >> 4]);
    put(hex_digits[code & 15]);
}

void FieldWriter::text(std::string_view key, std::string_view value) {
    if (!begin(key)) return;
    if (json_) {
        put_quoted_json(value);
    } else if (needs_quotes(value)) {
        put_quoted_text(value);
    } else {
        put(value);
    }
    commit();
}

void FieldWriter::text_or_none(std::string_view key, std::string_view value) {
    value.empty() ? none(key) : text(key, value);
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
