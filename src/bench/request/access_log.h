// Requests from an access log: combined, JSON (ringway's) or HAProxy's format, found by the first
// line that fits one; lines that do not fit are counted, not guessed.
#pragma once

#include <string>

#include "ringway/bench/plan.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct AccessLog {
    std::vector<ReplayedRequest> requests;
    std::uint64_t lines_skipped = 0;
    std::string format;  // "combined", "json", "haproxy"
};

// Refused when the file cannot be read, or holds no line that fits.
config::Checked<AccessLog> read_access_log(const std::string& path);

}  // namespace ringway::bench
