// What is known of an exchange when it ends, and the line that the access log gets for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/stats/http_stats.h"

namespace ringway::stats {

struct ExchangeRecord {
    std::int64_t ended_wall_us = 0;  // CLOCK_REALTIME
    std::uint32_t shard = 0;
    std::uint64_t session = 0;   // unique within the shard
    std::uint64_t exchange = 0;  // of the session: 1, 2, ...
    std::string_view request_id;
    std::string_view client;  // "10.0.0.1:4711"
    std::string_view listener;
    std::string_view route;
    std::string_view upstream;  // empty when none was asked
    std::string_view endpoint;
    std::string_view method;
    std::string_view target;  // as it came
    std::uint8_t version_minor = 1;
    std::string_view host;
    std::string_view user_agent;
    std::string_view referer;
    int status = 0;  // sent to the client; 0: none
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    std::uint64_t response_bytes = 0;  // with the head
    std::uint32_t retries = 0;
    bool reused = false;      // the upstream connection
    base::Duration head{-1};  // first byte of the request to its head's end
    ExchangeTimes times;
    ExchangeEnd end = ExchangeEnd::finished;
    // For the haproxy format, all of this shard and while the line is written.
    std::uint32_t sessions_active = 0;
    std::uint32_t upstream_active = 0;  // exchanges
    std::uint32_t endpoint_active = 0;
    std::uint32_t queued_before = 0;  // exchanges that waited already when this one began to wait
};

enum class ExchangeLineFormat : std::uint8_t { text, combined, json, haproxy };

// What HAProxy's logs call the end: who ended the exchange and in which phase, "SD", "cR", "--".
struct TerminationState {
    char who = '-';
    char phase = '-';
};
TerminationState termination_state_of(const ExchangeRecord& record);

// As format_session_line: no newline, never more than `room`; what comes from outside is escaped so
// that it can forge no line and no field. exchange_line_bytes_max is room for every line, because
// of long texts no more than a part is written. With less room, text and json leave out fields, and
// the other two, whose fields have places instead of names, leave out the line.
inline constexpr std::size_t exchange_line_bytes_max = 16384;
std::size_t format_exchange_line(char* out, std::size_t room, const ExchangeRecord& record,
                                 ExchangeLineFormat format);

}  // namespace ringway::stats
