// One line of an access log, in the formats that ringway and others write. Strict: a line that is
// cut short, or names what cannot be sent, is no request.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ringway/bench/plan.h"

namespace ringway::bench {

enum class LogFormat : std::uint8_t { combined, json, haproxy };
std::string_view name_of(LogFormat format);

struct LoggedRequest {
    RequestKind request;
    std::int64_t begun_us = 0;  // of the wall clock
};

std::optional<LoggedRequest> read_log_line(LogFormat format, std::string_view line);

}  // namespace ringway::bench
