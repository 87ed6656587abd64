#include "listening.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

namespace ringway::mock {
namespace {

BoundSocket bind_and_listen(int family, const sockaddr* address, socklen_t bytes, bool shared) {
    BoundSocket bound;
    bound.fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bound.fd < 0) return {-1, errno};
    const int on = 1;
    if (family != AF_UNIX) ::setsockopt(bound.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) ::setsockopt(bound.fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(bound.fd, address, bytes) == 0 && ::listen(bound.fd, 4096) == 0) return bound;
    bound.os_error = errno;
    ::close(bound.fd);
    bound.fd = -1;
    return bound;
}

addrinfo* look_up(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    const std::string service = fmt::format("{}", port);
    return ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found) == 0 ? found : nullptr;
}

}  // namespace

BoundSocket listen_at(const ListenAt& at) {
    if (!at.unix_path.empty()) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (at.unix_path.size() >= sizeof address.sun_path) return {-1, ENAMETOOLONG};
        std::memcpy(address.sun_path, at.unix_path.data(), at.unix_path.size());
        return bind_and_listen(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address,
                               false);
    }
    addrinfo* found = look_up(at.host, at.port, AI_PASSIVE);
    if (found == nullptr) return {-1, EADDRNOTAVAIL};
    const BoundSocket bound =
        bind_and_listen(found->ai_family, found->ai_addr, found->ai_addrlen, at.shared);
    ::freeaddrinfo(found);
    return bound;
}

std::uint16_t port_of(int fd) {
    sockaddr_in6 address{};  // large enough for IPv4 too, whose port stands at the same place
    socklen_t bytes = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
    return ntohs(address.sin6_port);
}

std::optional<SocketAddress> resolve(const std::string& host, std::uint16_t port) {
    addrinfo* found = look_up(host, port, 0);
    if (found == nullptr) return std::nullopt;
    SocketAddress address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.bytes = found->ai_addrlen;
    ::freeaddrinfo(found);
    return address;
}

BoundSocket begin_connect(const SocketAddress& to) {
    const auto* address = reinterpret_cast<const sockaddr*>(&to.storage);
    BoundSocket connecting;
    connecting.fd = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connecting.fd < 0) return {-1, errno};
    if (::connect(connecting.fd, address, to.bytes) == 0 || errno == EINPROGRESS) return connecting;
    connecting.os_error = errno;
    ::close(connecting.fd);
    connecting.fd = -1;
    return connecting;
}

void set_no_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string url_of(const char* scheme, const std::string& host, std::uint16_t port) {
    const bool is_v6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", scheme, is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

}  // namespace ringway::mock
