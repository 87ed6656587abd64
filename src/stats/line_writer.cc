#include "line_writer.h"

#include <algorithm>
#include <cstring>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace ringway::stats {

namespace {

constexpr std::size_t number_bytes_max = 24;

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

}  // namespace

CivilTime civil_time(std::int64_t wall_us) {
    constexpr std::int64_t us_per_day = 86'400'000'000;
    constexpr std::int64_t last_us = 253'402'300'799'999'999;  // the end of the year 9999
    const std::int64_t held = std::clamp<std::int64_t>(wall_us, 0, last_us);
    const Date date = date_of(held / us_per_day);
    const std::int64_t us = held % us_per_day;
    const std::int64_t seconds = us / 1'000'000;
    return {date.year,         date.month,   date.day,      seconds / 3600,
            seconds / 60 % 60, seconds % 60, us % 1'000'000};
}

void LineWriter::put(char byte) {
    if (overflowed_ || at_ == end_) {
        overflowed_ = true;
        return;
    }
    *at_++ = byte;
}

void LineWriter::put(std::string_view bytes) {
    if (overflowed_ || static_cast<std::size_t>(end_ - at_) < bytes.size()) {
        overflowed_ = true;
        return;
    }
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
}

void LineWriter::number(std::uint64_t value) {
    std::array<char, number_bytes_max> text;
    const char* const end = fmt::format_to(text.data(), FMT_COMPILE("{}"), value);
    put(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

void LineWriter::integer(std::int64_t value) {
    std::array<char, number_bytes_max> text;
    const char* const end = fmt::format_to(text.data(), FMT_COMPILE("{}"), value);
    put(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

void LineWriter::digits(std::uint64_t value, std::size_t count) {
    std::array<char, number_bytes_max> text;
    for (std::size_t at = count; at-- > 0; value /= 10) {
        text[at] = static_cast<char>('0' + value % 10);
    }
    put(std::string_view(text.data(), count));
}

void LineWriter::escaped(std::string_view value, const Escaping& how, std::size_t bytes_max) {
    const std::size_t escape_bytes = how.lead.size() + 2;
    std::size_t left = bytes_max;
    while (!overflowed_ && !value.empty()) {
        std::size_t plain = 0;
        const std::size_t look = std::min(value.size(), left);
        while (plain < look && how.plain[static_cast<unsigned char>(value[plain])]) ++plain;
        put(value.substr(0, plain));
        value.remove_prefix(plain);
        left -= plain;
        if (value.empty() || left < escape_bytes) return;
        const auto code = static_cast<unsigned char>(value.front());
        put(how.lead);
        put(how.hex_digits[code >> 4]);
        put(how.hex_digits[code & 15]);
        value.remove_prefix(1);
        left -= escape_bytes;
    }
}

std::size_t LineWriter::finish() const {
    return overflowed_ ? 0 : static_cast<std::size_t>(at_ - out_);
}

}  // namespace ringway::stats
