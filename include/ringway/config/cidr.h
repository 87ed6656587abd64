// Address ranges, as in `--allow 10.0.0.0/8`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::config {

// An IPv4 range is stored as its IPv4-mapped IPv6 range, so that one comparison serves both.
struct Cidr {
    std::array<std::uint8_t, 16> prefix{};
    std::uint8_t prefix_bits = 0;  // 0..128, of the mapped form

    // "10.0.0.0/8", "::1", "fd00::/8"; host bits beyond the prefix must be zero.
    static std::optional<Cidr> parse(std::string_view text);
    bool contains(const std::array<std::uint8_t, 16>& address) const;
    std::string to_string() const;
    bool operator==(const Cidr&) const = default;
};

// True when any of `ranges` contains the address.
bool any_contains(const std::vector<Cidr>& ranges, const std::array<std::uint8_t, 16>& address);

}  // namespace ringway::config
