// Writes one line of fields into memory of a given size, as key=value or as a JSON object.
//
// A field is written as a whole or left out; after the first that did not fit nothing more is
// written, so that a line is never misread. Allocates nothing.
//
// In text a value that could be taken for something else (empty, with spaces, quotes, '=', control
// characters or bytes that are not UTF-8) stands in quotes, and "-" says that there is no value. In
// JSON it is null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ringway/base/clock.h"

namespace ringway::stats {

class FieldWriter {
  public:
    FieldWriter(char* out, std::size_t room, bool json);

    // At most `bytes_max` bytes are written of a value, escapes counted and quotes not: the rest of
    // it is cut, never a part of a character or an escape.
    static constexpr std::size_t uncut = static_cast<std::size_t>(-1);
    void text(std::string_view key, std::string_view value, std::size_t bytes_max = uncut);
    void text_or_none(std::string_view key, std::string_view value, std::size_t bytes_max = uncut);
    void number(std::string_view key, std::uint64_t value);
    void integer(std::string_view key, std::int64_t value);
    void boolean(std::string_view key, bool value);
    void none(std::string_view key);
    void time(std::string_view key, std::int64_t wall_us);

    // Closes the object; returns the length of the line.
    std::size_t finish();

  private:
    bool begin(std::string_view key);
    void commit();
    void put(char byte);
    void put(std::string_view bytes);
    void put_hex(char byte);
    void put_quoted(std::string_view value, std::size_t bytes_max);
    void put_escaped_in_text(std::string_view character);
    void put_escaped_in_json(std::string_view character);

    char* const out_;
    char* at_;
    char* const end_;  // without the room for the closing brace
    char* field_;      // where the field that is being written began
    bool overflowed_ = false;
    const bool json_;
};

inline constexpr std::size_t time_bytes = 27;  // "2025-11-20T15:33:13.123456Z"
// Writes exactly time_bytes; years beyond 9999 and before 1970 are held at these ends.
void write_rfc3339(char* out, std::int64_t wall_us);

}  // namespace ringway::stats
