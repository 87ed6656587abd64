#include "ringway/net/socket_options.h"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using ringway::base::Duration;
using ringway::config::SocketOptions;
using ringway::net::apply;

namespace {

struct Socket {
    explicit Socket(int family) : fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        REQUIRE(fd >= 0);
    }
    ~Socket() { ::close(fd); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int option(int level, int name) const {
        int value = -1;
        socklen_t bytes = sizeof value;
        REQUIRE(::getsockopt(fd, level, name, &value, &bytes) == 0);
        return value;
    }
    std::string congestion() const {
        char name[16] = "";
        socklen_t bytes = sizeof name;
        REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &bytes) == 0);
        return name;
    }
    int fd;
};

}  // namespace

TEST_CASE("by default TCP_NODELAY is all that is set") {
    const Socket untouched(AF_INET);
    const Socket socket(AF_INET);
    CHECK(apply(socket.fd, SocketOptions{}, AF_INET) == 0);
    CHECK(socket.option(IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(socket.option(SOL_SOCKET, SO_KEEPALIVE) == 0);
    CHECK(socket.option(SOL_SOCKET, SO_RCVBUF) == untouched.option(SOL_SOCKET, SO_RCVBUF));
    CHECK(socket.option(SOL_SOCKET, SO_SNDBUF) == untouched.option(SOL_SOCKET, SO_SNDBUF));
    CHECK(socket.congestion() == untouched.congestion());

    SocketOptions delayed;
    delayed.no_delay = false;
    const Socket nagle(AF_INET6);
    CHECK(apply(nagle.fd, delayed, AF_INET6) == 0);
    CHECK(nagle.option(IPPROTO_TCP, TCP_NODELAY) == 0);
}

TEST_CASE("everything that can be asked for arrives at the socket") {
    SocketOptions options;
    options.congestion = "reno";
    options.keepalive = true;
    options.keepalive_idle = Duration::milliseconds(1);
    options.keepalive_interval = Duration::seconds(100'000);
    options.keepalive_probes = 4000;
    options.receive_buffer_bytes = 50'000;
    options.send_buffer_bytes = 40'000;
    const Socket socket(AF_INET6);
    REQUIRE(apply(socket.fd, options, AF_INET6) == 0);
    CHECK(socket.congestion() == "reno");
    CHECK(socket.option(SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(socket.option(IPPROTO_TCP, TCP_KEEPIDLE) == 1);
    CHECK(socket.option(IPPROTO_TCP, TCP_KEEPINTVL) == 32767);
    CHECK(socket.option(IPPROTO_TCP, TCP_KEEPCNT) == 127);
    CHECK(socket.option(SOL_SOCKET, SO_RCVBUF) == 100'000);
    CHECK(socket.option(SOL_SOCKET, SO_SNDBUF) == 80'000);
}

TEST_CASE("Unix sockets take buffer sizes and nothing of TCP") {
    SocketOptions options;
    options.congestion = "no-such-thing";
    options.keepalive = true;
    options.send_buffer_bytes = 40'000;
    const Socket socket(AF_UNIX);
    CHECK(apply(socket.fd, options, AF_UNIX) == 0);
    CHECK(socket.option(SOL_SOCKET, SO_SNDBUF) == 80'000);
}

TEST_CASE("what the kernel refuses comes back as its errno") {
    SocketOptions options;
    options.congestion = "no-such-thing";
    const Socket socket(AF_INET);
    CHECK(apply(socket.fd, options, AF_INET) == -ENOENT);
    CHECK(apply(-1, SocketOptions{}, AF_INET) == -EBADF);
}
