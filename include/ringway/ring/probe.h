// Looks at what this kernel allows before anything is started, and says how to fix what it refuses.
#pragma once

#include <string>
#include <vector>

#include "ringway/base/result.h"
#include "ringway/ring/ring.h"

namespace ringway::ring {

struct ProbeLine {
    enum class Verdict : std::uint8_t { good, missing, fatal };
    Verdict verdict = Verdict::good;
    std::string what;    // "io_uring", "incremental buffers", ...
    std::string found;   // what there is
    std::string advice;  // what to do about it, empty when good
};

// One sentence naming the cause and the fix of a failed Ring::open.
std::string explain_setup_failure(int os_error);

// Opens a ring for a moment and lists every feature that ringway can use.
std::vector<ProbeLine> probe_kernel();

}  // namespace ringway::ring
