// Durations, sizes, counts and switches as people write them, both ways.
//
// Strict: what is not clearly right is refused, and nothing is rounded. Parsing gives back no
// reason: the rule a value breaks depends on its range, which value.h knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/base/clock.h"

namespace ringway::config {

// "250us", "250ms", "30s", "5m", "1h"; a whole number with exactly one unit.
std::optional<base::Duration> parse_duration(std::string_view text);
// The largest unit that says it in a whole number; "off" for forever.
std::string format_duration(base::Duration duration);

// "4096", "4096B", "64KiB", "16MiB", "1GiB", "1TiB".
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

// Digits alone: no sign, no leading zeros, no separators.
std::optional<std::uint64_t> parse_count(std::string_view text);

// on, true, yes, 1 and off, false, no, 0.
std::optional<bool> parse_switch(std::string_view text);

// Up to four octal digits, as chmod takes them: "0660", "600".
std::optional<std::uint32_t> parse_file_mode(std::string_view text);

}  // namespace ringway::config
