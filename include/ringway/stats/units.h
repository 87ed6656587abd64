// Numbers as people read them. For text alone: programs get raw numbers in JSON.
#pragma once

#include <cstdint>
#include <string>

#include "ringway/base/clock.h"

namespace ringway::stats {

std::string human_count(std::uint64_t count);     // "1,234,567"
std::string human_bytes(std::uint64_t bytes);     // "512 B", "1.50 KiB", "23.4 MiB"
std::string human_duration(base::Duration span);  // "850 ns", "12.3 us", "1.24 ms", "3.21 s",
                                                  // "2m 05s", "1h 02m", "3d 04h"
std::string human_ratio(double value);            // "1.25"; "-" when it is not a number
std::string rfc3339(std::int64_t wall_us);        // "2025-11-20T15:33:13.123456Z"

}  // namespace ringway::stats
