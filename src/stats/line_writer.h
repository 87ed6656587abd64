// Writes one line into memory of a given size, piece by piece. Allocates nothing.
//
// After the first piece that did not fit nothing more is written, and the line counts as empty: a
// line whose fields are told apart by their places is of no use without its end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::stats {

class LineWriter {
  public:
    LineWriter(char* out, std::size_t room) : out_(out), at_(out), end_(out + room) {}

    void put(char byte);
    void put(std::string_view bytes);
    void number(std::uint64_t value);
    void integer(std::int64_t value);
    // With leading zeros.
    void digits(std::uint64_t value, std::size_t count);

    // What may stand in the line as it is, byte by byte, and what comes before the two hexadecimal
    // digits of a byte that may not.
    struct Escaping {
        std::array<bool, 256> plain;
        std::string_view lead;
        std::string_view hex_digits;
    };
    // At most `bytes_max` bytes, escapes counted: the rest is cut, never a part of an escape.
    void escaped(std::string_view value, const Escaping& how, std::size_t bytes_max);

    // The length of the line; 0 when it did not fit.
    std::size_t finish() const;

  private:
    char* const out_;
    char* at_;
    char* const end_;
    bool overflowed_ = false;
};

// Days and time of a day, UTC, held between 1970 and the year 9999.
struct CivilTime {
    std::int64_t year;
    std::int64_t month;  // 1 to 12
    std::int64_t day;
    std::int64_t hour;
    std::int64_t minute;
    std::int64_t second;
    std::int64_t microsecond;
};
CivilTime civil_time(std::int64_t wall_us);

}  // namespace ringway::stats
