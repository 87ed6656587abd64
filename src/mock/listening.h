// Listening sockets for origins and hops: nothing but binding and what goes wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/socket.h>

namespace ringway::mock {

struct ListenAt {
    std::string host;
    std::uint16_t port = 0;
    std::string unix_path;  // instead of host and port, when not empty
    bool shared = false;    // with other sockets of this process, which the kernel chooses between
};

struct BoundSocket {
    int fd = -1;
    int os_error = 0;
};

BoundSocket listen_at(const ListenAt& at);
std::uint16_t port_of(int fd);

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t bytes = 0;
};
std::optional<SocketAddress> resolve(const std::string& host, std::uint16_t port);

// A socket that has begun to connect, without waiting: fd, or the reason.
BoundSocket begin_connect(const SocketAddress& to);

void set_no_delay(int fd);

// "tcp://127.0.0.1:4711"
std::string url_of(const char* scheme, const std::string& host, std::uint16_t port);

}  // namespace ringway::mock
