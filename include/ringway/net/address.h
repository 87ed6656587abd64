// A socket address of any family that ringway speaks, as a value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace ringway::net {

// Room for any address as text: IPv6 with its scope, brackets and port.
inline constexpr std::size_t address_text_bytes_max = 80;

// IPv4 or IPv6, 28 bytes: what a session keeps of its peer. Unix peers have family AF_UNIX alone.
class Address {
  public:
    Address() = default;  // AF_UNSPEC
    static std::optional<Address> parse(std::string_view host,
                                        std::uint16_t port);  // literals only
    static Address from(const sockaddr* address, socklen_t bytes);
    static Address unix_peer();

    bool is_specified() const { return family() != AF_UNSPEC; }
    int family() const { return storage_.sin6_family; }
    std::uint16_t port() const;
    void set_port(std::uint16_t port);
    // The address as IPv6; IPv4 in its mapped form. All zero for Unix.
    std::array<std::uint8_t, 16> mapped() const;
    // As text, without touching the heap; returns its length (no terminator).
    std::size_t write(std::span<char, address_text_bytes_max> out) const;
    // The host alone: "10.0.0.1", "2001:db8::1"; empty for what is no internet address.
    std::size_t write_host(std::span<char, address_text_bytes_max> out) const;
    std::string to_string() const;  // "10.0.0.1:80", "[::1]:80", "unix"

    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t raw_bytes() const;
    bool operator==(const Address& other) const;

  private:
    sockaddr_in6 storage_{};  // holds a sockaddr_in as well: the family says which
};

// A path for Unix sockets, too large for every session: endpoints and listeners keep it.
struct UnixPath {
    sockaddr_un storage{};
    socklen_t bytes = 0;
    static std::optional<UnixPath> parse(std::string_view path);  // "@name" is abstract
};

}  // namespace ringway::net
