#include "ringway/net/address.h"

#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>

namespace ringway::net {

namespace {

// Where an IPv4 address sits inside its IPv6 form, ::ffff:a.b.c.d.
constexpr std::size_t mapped_offset = 12;

// "2" or "eth0"; 0 when there is no such interface.
std::uint32_t parse_scope(const std::string& text) {
    if (text.empty()) return 0;
    std::uint64_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return if_nametoindex(text.c_str());
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
        if (number > 0xFFFF'FFFF) return 0;
    }
    return static_cast<std::uint32_t>(number);
}

}  // namespace

std::optional<Address> Address::parse(std::string_view host, std::uint16_t port) {
    Address result;
    in_addr four{};
    if (inet_pton(AF_INET, std::string(host).c_str(), &four) == 1 &&
        host.find('\0') == std::string_view::npos) {
        sockaddr_in made{};
        made.sin_family = AF_INET;
        made.sin_port = htons(port);
        made.sin_addr = four;
        std::memcpy(&result.storage_, &made, sizeof made);
        return result;
    }
    const auto percent = host.find('%');
    const std::string literal(host.substr(0, percent));
    if (literal.find('\0') != std::string::npos) return std::nullopt;
    if (inet_pton(AF_INET6, literal.c_str(), &result.storage_.sin6_addr) != 1) return std::nullopt;
    if (percent != std::string_view::npos) {
        result.storage_.sin6_scope_id = parse_scope(std::string(host.substr(percent + 1)));
        if (result.storage_.sin6_scope_id == 0) return std::nullopt;
    }
    result.storage_.sin6_family = AF_INET6;
    result.storage_.sin6_port = htons(port);
    return result;
}

Address Address::from(const sockaddr* address, socklen_t bytes) {
    Address result;
    // An unnamed Unix peer's address is its family alone.
    if (bytes < sizeof(sa_family_t)) return result;
    sa_family_t family = AF_UNSPEC;
    std::memcpy(&family, address, sizeof family);
    if (family == AF_UNIX) return unix_peer();
    if (family == AF_INET && bytes >= sizeof(sockaddr_in)) {
        // The padding of a sockaddr_in means nothing and is left behind.
        sockaddr_in clean{};
        std::memcpy(&clean, address, offsetof(sockaddr_in, sin_zero));
        std::memcpy(&result.storage_, &clean, sizeof clean);
        return result;
    }
    if (family != AF_INET6 || bytes < sizeof(sockaddr_in6)) return result;
    std::memcpy(&result.storage_, address, sizeof(sockaddr_in6));
    result.storage_.sin6_flowinfo = 0;
    if (!IN6_IS_ADDR_V4MAPPED(&result.storage_.sin6_addr)) return result;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = result.storage_.sin6_port;
    std::memcpy(&four.sin_addr, result.storage_.sin6_addr.s6_addr + mapped_offset,
                sizeof four.sin_addr);
    Address unmapped;
    std::memcpy(&unmapped.storage_, &four, sizeof four);
    return unmapped;
}

Address Address::unix_peer() {
    Address result;
    result.storage_.sin6_family = AF_UNIX;
    return result;
}

// Both families keep the port at the same place, right after the family.
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
static_assert(offsetof(sockaddr_in, sin_addr) == offsetof(sockaddr_in6, sin6_flowinfo));

std::uint16_t Address::port() const { return ntohs(storage_.sin6_port); }

void Address::set_port(std::uint16_t port) {
    if (family() == AF_INET || family() == AF_INET6) storage_.sin6_port = htons(port);
}

std::array<std::uint8_t, 16> Address::mapped() const {
    std::array<std::uint8_t, 16> bytes{};
    if (family() == AF_INET) {
        bytes[10] = bytes[11] = 0xFF;
        std::memcpy(bytes.data() + mapped_offset, &storage_.sin6_flowinfo, 4);
    } else if (family() == AF_INET6) {
        std::memcpy(bytes.data(), storage_.sin6_addr.s6_addr, bytes.size());
    }
    return bytes;
}

std::size_t Address::write(std::span<char, address_text_bytes_max> out) const {
    char text[INET6_ADDRSTRLEN] = "";
    const char* literal = text;
    char* end = out.data();
    if (family() == AF_INET) {
        inet_ntop(AF_INET, &storage_.sin6_flowinfo, text, sizeof text);
        end = fmt::format_to(end, "{}:{}", literal, port());
    } else if (family() == AF_INET6) {
        inet_ntop(AF_INET6, &storage_.sin6_addr, text, sizeof text);
        if (storage_.sin6_scope_id == 0) {
            end = fmt::format_to(end, "[{}]:{}", literal, port());
        } else {
            end = fmt::format_to(end, "[{}%{}]:{}", literal, storage_.sin6_scope_id, port());
        }
    } else {
        end = fmt::format_to(end, "{}", family() == AF_UNIX ? "unix" : "unknown");
    }
    return static_cast<std::size_t>(end - out.data());
}

namespace {

// inet_ntop formats through printf, and this is asked for every request.
char* write_octet(char* at, unsigned value) {
    if (value >= 100) *at++ = static_cast<char>('0' + value / 100);
    if (value >= 10) *at++ = static_cast<char>('0' + value / 10 % 10);
    *at++ = static_cast<char>('0' + value % 10);
    return at;
}

}  // namespace

std::size_t Address::write_host(std::span<char, address_text_bytes_max> out) const {
    if (family() == AF_INET) {
        const auto* octets = reinterpret_cast<const unsigned char*>(&storage_.sin6_flowinfo);
        char* at = out.data();
        for (int i = 0; i < 4; ++i) {
            if (i > 0) *at++ = '.';
            at = write_octet(at, octets[i]);
        }
        return static_cast<std::size_t>(at - out.data());
    }
    if (family() != AF_INET6) return 0;
    static_assert(address_text_bytes_max >= INET6_ADDRSTRLEN);
    inet_ntop(AF_INET6, &storage_.sin6_addr, out.data(), INET6_ADDRSTRLEN);
    return std::char_traits<char>::length(out.data());
}

std::string Address::to_string() const {
    char text[address_text_bytes_max];
    return {text, write(text)};
}

socklen_t Address::raw_bytes() const {
    if (family() == AF_INET) return sizeof(sockaddr_in);
    if (family() == AF_INET6) return sizeof(sockaddr_in6);
    return sizeof(sa_family_t);
}

bool Address::operator==(const Address& other) const {
    if (family() != other.family()) return false;
    if (family() != AF_INET && family() != AF_INET6) return true;
    return port() == other.port() && mapped() == other.mapped() &&
           (family() == AF_INET || storage_.sin6_scope_id == other.storage_.sin6_scope_id);
}

std::optional<UnixPath> UnixPath::parse(std::string_view path) {
    if (path.empty() || path.find('\0') != std::string_view::npos) return std::nullopt;
    UnixPath result;
    const bool abstract = path.front() == '@';
    if (abstract && path.size() == 1) return std::nullopt;
    // A path in the file system needs its closing zero; an abstract name's leading zero takes the
    // place of the '@', and its length is told by `bytes`.
    const std::size_t room = sizeof result.storage.sun_path - (abstract ? 0 : 1);
    if (path.size() > room) return std::nullopt;
    result.storage.sun_family = AF_UNIX;
    std::memcpy(result.storage.sun_path, path.data(), path.size());
    if (abstract) result.storage.sun_path[0] = '\0';
    result.bytes =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
    return result;
}

}  // namespace ringway::net
