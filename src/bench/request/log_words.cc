#include "log_words.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace ringway::bench {
namespace {

constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<unsigned> hex_pair(std::string_view text) {
    unsigned value = 0;
    if (text.size() < 2) return std::nullopt;
    const auto read = std::from_chars(text.data(), text.data() + 2, value, 16);
    if (read.ptr != text.data() + 2) return std::nullopt;
    return value;
}

// Exactly `digits` digits at the front of `text`, which loses them.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t digits) {
    if (text.size() < digits || !is_number(text.substr(0, digits))) return std::nullopt;
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + digits, value);
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

struct Civil {
    std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// Days since 1970 in the Gregorian calendar, in years that begin in March.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
    const std::int64_t shifted = month <= 2 ? year - 1 : year;
    const std::int64_t era = shifted / 400;
    const std::int64_t year_of_era = shifted - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719'468;
}

std::optional<std::int64_t> seconds_of(const Civil& time) {
    const bool possible = time.year >= 1970 && time.month >= 1 && time.month <= 12 &&
                          time.day >= 1 && time.day <= 31 && time.hour <= 23 && time.minute <= 59 &&
                          time.second <= 60;
    if (!possible) return std::nullopt;
    return ((days_of(time.year, time.month, time.day) * 24 + time.hour) * 60 + time.minute) * 60 +
           time.second;
}

// HH:MM:SS
bool take_clock(std::string_view& text, Civil& time) {
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ':')) return false;
    const auto minute = take_digits(text, 2);
    if (!minute || !take(text, ':')) return false;
    const auto second = take_digits(text, 2);
    if (!second) return false;
    time.hour = *hour;
    time.minute = *minute;
    time.second = *second;
    return true;
}

// ".068": microseconds; 0 when there is none.
std::int64_t take_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    std::int64_t us = 0, weight = 100'000;
    while (!text.empty() && is_number(text.substr(0, 1))) {
        us += (text.front() - '0') * weight;
        weight /= 10;
        text.remove_prefix(1);
    }
    return us;
}

}  // namespace

void WordReader::skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
}

std::string_view WordReader::word() {
    skip_blanks();
    const std::string_view found = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(found.size());
    return found;
}

std::string_view WordReader::enclosed(char open, char close) {
    skip_blanks();
    const std::size_t end = rest_.find(close);
    if (rest_.empty() || rest_.front() != open || end == std::string_view::npos) return {};
    const std::string_view found = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return found;
}

std::optional<std::string> WordReader::quoted(char escape) {
    skip_blanks();
    if (!take(rest_, '"')) return std::nullopt;
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
        const char byte = rest_.front();
        rest_.remove_prefix(1);
        if (byte != escape) {
            text.push_back(byte);
            continue;
        }
        if (escape == '\\' && (rest_.starts_with('"') || rest_.starts_with('\\'))) {
            text.push_back(rest_.front());
            rest_.remove_prefix(1);
            continue;
        }
        if (escape == '\\' && !take(rest_, 'x')) return std::nullopt;
        const auto value = hex_pair(rest_);
        if (!value) return std::nullopt;
        text.push_back(static_cast<char>(*value));
        rest_.remove_prefix(2);
    }
    if (!take(rest_, '"')) return std::nullopt;
    return text;
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> read_clf_time(std::string_view text) {
    Civil time;
    const auto day = take_digits(text, 2);
    if (!day || !take(text, '/')) return std::nullopt;
    const auto month = std::find(month_names.begin(), month_names.end(), text.substr(0, 3));
    if (month == month_names.end()) return std::nullopt;
    text.remove_prefix(3);
    if (!take(text, '/')) return std::nullopt;
    const auto year = take_digits(text, 4);
    if (!year || !take(text, ':') || !take_clock(text, time)) return std::nullopt;
    time.day = *day;
    time.month = month - month_names.begin() + 1;
    time.year = *year;
    const std::int64_t us = take_fraction(text);
    auto seconds = seconds_of(time);
    if (!seconds) return std::nullopt;
    if (!text.empty()) {
        if (!take(text, ' ')) return std::nullopt;
        const bool west = text.starts_with('-');
        if (!west && !text.starts_with('+')) return std::nullopt;
        text.remove_prefix(1);
        const auto hours = take_digits(text, 2), minutes = take_digits(text, 2);
        if (!hours || !minutes || !text.empty()) return std::nullopt;
        const std::int64_t east_seconds = (*hours * 60 + *minutes) * 60;
        *seconds -= west ? -east_seconds : east_seconds;
    }
    return *seconds * 1'000'000 + us;
}

std::optional<std::int64_t> read_rfc3339(std::string_view text) {
    Civil time;
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day || !take(text, 'T') || !take_clock(text, time)) return std::nullopt;
    time.year = *year;
    time.month = *month;
    time.day = *day;
    const std::int64_t us = take_fraction(text);
    if (text != "Z") return std::nullopt;
    const auto seconds = seconds_of(time);
    if (!seconds) return std::nullopt;
    return *seconds * 1'000'000 + us;
}

}  // namespace ringway::bench
