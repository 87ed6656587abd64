#include "scripted_server.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringway::bench {

std::optional<std::string> ScriptedPeer::read_head() {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
        if (!read_exactly(&byte, 1)) return std::nullopt;
        head.push_back(byte);
    }
    return head;
}

bool ScriptedPeer::read_exactly(char* data, std::size_t bytes) {
    while (bytes > 0) {
        const ssize_t got = ::recv(fd_, data, bytes, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        data += got;
        bytes -= static_cast<std::size_t>(got);
    }
    return true;
}

bool ScriptedPeer::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void ScriptedPeer::pause_ms(int ms) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

void ScriptedPeer::wait_for_end() {
    char ignored[256];
    while (::recv(fd_, ignored, sizeof ignored, 0) > 0) {
    }
}

void ScriptedPeer::reset() {
    const linger abrupt{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, generic, bytes) == 0);
    REQUIRE(::listen(listener_, 128) == 0);
    REQUIRE(::getsockname(listener_, generic, &bytes) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
}

void ScriptedServer::accept_all() {
    while (!stopping_) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            return;
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        {
            const std::lock_guard lock(mutex_);
            open_.push_back(fd);
        }
        threads_.emplace_back([this, fd, number = accepted_++] { serve(fd, number); });
    }
}

void ScriptedServer::serve(int fd, unsigned number) {
    ScriptedPeer peer(fd, number, stopping_);
    script_(peer);
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
}

Destination ScriptedServer::destination(bool is_http) const { return loopback(port_, is_http); }

Destination loopback(std::uint16_t port, bool is_http) {
    Destination to;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    std::memcpy(&to.address, &address, sizeof address);
    to.address_bytes = sizeof address;
    to.text = to.authority = "127.0.0.1:" + std::to_string(port);
    to.is_http = is_http;
    return to;
}

}  // namespace ringway::bench
