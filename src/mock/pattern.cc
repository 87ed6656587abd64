#include "ringway/mock/pattern.h"

#include <algorithm>

namespace ringway::mock {

void fill_pattern(std::uint64_t offset, std::span<std::byte> bytes) {
    // Within 256 aligned bytes only the lowest byte of the offset changes, so each such run is one
    // constant plus a counter, which the compiler turns into vector code.
    std::size_t done = 0;
    while (done < bytes.size()) {
        const std::uint64_t at = offset + done;
        const std::size_t run = std::min<std::size_t>(256 - at % 256, bytes.size() - done);
        const auto first = static_cast<std::uint8_t>(pattern_byte(at));
        std::byte* out = bytes.data() + done;
        for (std::size_t i = 0; i < run; ++i) out[i] = static_cast<std::byte>(first + i);
        done += run;
    }
}

}  // namespace ringway::mock
