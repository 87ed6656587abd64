// What one thread of an origin counts. Written by that thread, read by any.
#pragma once

#include <array>

#include "paths.h"
#include "ringway/stats/counter.h"

namespace ringway::mock {

struct SharedCounters {
    stats::Counter accepted, active, bytes_in, bytes_out, resets;
    stats::Counter requests;  // whole requests; of close-first connections that were answered
    stats::Counter answered;  // their answers are with the kernel, to the last byte
    stats::Counter cut, corrupted, errors_made;
    std::array<stats::Counter, path_kinds> by_path;
};

}  // namespace ringway::mock
