#include "ringway/config/cidr.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "ringway/config/units.h"

namespace ringway::config {
namespace {

constexpr std::uint8_t mapped_bits = 96;  // ::ffff:0:0/96 in front of every IPv4 address

bool is_mapped(const std::array<std::uint8_t, 16>& address) {
    return std::all_of(address.begin(), address.begin() + 10,
                       [](auto byte) { return byte == 0; }) &&
           address[10] == 0xff && address[11] == 0xff;
}

// True when every bit at or after `bits` is zero.
bool host_bits_are_zero(const std::array<std::uint8_t, 16>& address, std::size_t bits) {
    for (std::size_t bit = bits; bit < 128; ++bit) {
        if ((address[bit / 8] >> (7 - bit % 8)) & 1) return false;
    }
    return true;
}

}  // namespace

std::optional<Cidr> Cidr::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string address{text.substr(0, slash)};
    Cidr range;
    std::size_t offset = 0;
    if (inet_pton(AF_INET6, address.c_str(), range.prefix.data()) != 1) {
        in_addr ipv4{};
        if (inet_pton(AF_INET, address.c_str(), &ipv4) != 1) return std::nullopt;
        range.prefix.fill(0);
        range.prefix[10] = range.prefix[11] = 0xff;
        std::memcpy(&range.prefix[12], &ipv4, sizeof ipv4);
        offset = mapped_bits;
    }
    if (slash == std::string_view::npos) {
        range.prefix_bits = 128;
        return range;
    }
    const auto bits = parse_count(text.substr(slash + 1));
    if (!bits || *bits > 128 - offset) return std::nullopt;
    range.prefix_bits = static_cast<std::uint8_t>(*bits + offset);
    if (!host_bits_are_zero(range.prefix, range.prefix_bits)) return std::nullopt;
    return range;
}

bool Cidr::contains(const std::array<std::uint8_t, 16>& address) const {
    const std::size_t whole_bytes = prefix_bits / 8;
    if (std::memcmp(prefix.data(), address.data(), whole_bytes) != 0) return false;
    const unsigned rest = prefix_bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00u >> rest);
    return (prefix[whole_bytes] & mask) == (address[whole_bytes] & mask);
}

std::string Cidr::to_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    const bool ipv4 = prefix_bits >= mapped_bits && is_mapped(prefix);
    if (ipv4) {
        inet_ntop(AF_INET, &prefix[12], text, sizeof text);
    } else {
        inet_ntop(AF_INET6, prefix.data(), text, sizeof text);
    }
    if (prefix_bits == 128) return text;
    return fmt::format("{}/{}", text, ipv4 ? prefix_bits - mapped_bits : prefix_bits);
}

bool any_contains(const std::vector<Cidr>& ranges, const std::array<std::uint8_t, 16>& address) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Cidr& range) { return range.contains(address); });
}

}  // namespace ringway::config
