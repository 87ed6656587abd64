// What is known of a session when it ends, and the line that the access log gets for it.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::stats {

struct SessionRecord {
    std::int64_t ended_wall_us = 0;  // CLOCK_REALTIME
    std::uint32_t shard = 0;
    std::uint64_t id = 0;  // unique within the shard
    std::string_view listener;
    std::string_view client;    // "10.0.0.1:80"
    std::string_view upstream;  // empty when none was chosen
    std::string_view endpoint;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    base::Duration duration{0};
    base::Duration connect{0};  // 0: never connected
    CloseReason reason = CloseReason::finished;
};

// Room in which no line is ever cut: of each text at most session_text_bytes_max bytes are written,
// and escaping makes six of one at worst.
inline constexpr std::size_t session_text_bytes_max = 128;
inline constexpr std::size_t session_line_bytes_max = 4096;

// Writes the line (no newline) into `out`; returns its length, never more than `room`. Text is
// key=value with an RFC 3339 time first; JSON is one object with the same keys. Fields for which
// there is no room are left out as a whole.
std::size_t format_session_line(char* out, std::size_t room, const SessionRecord& record,
                                bool json);

}  // namespace ringway::stats
