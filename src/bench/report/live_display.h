// The one line that a live display draws: a plain function, so that it can be tested.
#pragma once

#include <string>

#include "ringway/bench/result.h"

namespace ringway::bench {

struct LineStyle {
    std::size_t columns = 80;  // never wider than this
    bool is_unicode = true;    // the bar in line-drawing characters, otherwise in '#' and '.'
    bool has_bar = true;
};

std::string progress_line(const std::string& label, const RunProgress& progress,
                          const LineStyle& style);

}  // namespace ringway::bench
