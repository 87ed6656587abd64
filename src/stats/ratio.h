// A share of something that may be nothing.
#pragma once

#include <cstdint>
#include <limits>

namespace ringway::stats {

// NaN while there is nothing to divide by.
inline double ratio(std::uint64_t numerator, std::uint64_t denominator) {
    if (denominator == 0) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(numerator) / static_cast<double>(denominator);
}

}  // namespace ringway::stats
