// The bytes that mock origins and the load generator send: a function of their offset alone.
//
// Whoever receives can check any part without having seen the rest. The offset's upper bytes take
// part, so that a lost or repeated block of any power-of-two size shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringway::mock {

constexpr std::byte pattern_byte(std::uint64_t offset) {
    return static_cast<std::byte>(offset + (offset >> 8) * 7 + (offset >> 16) * 31 +
                                  (offset >> 24) * 131 + (offset >> 32) * 17);
}

// Writes the bytes that belong at `offset` and after it.
void fill_pattern(std::uint64_t offset, std::span<std::byte> bytes);

}  // namespace ringway::mock
