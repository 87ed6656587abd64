// A blocking client for the tests of the mock, which gives up after ten seconds instead of hanging.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ringway::mock {

class Client {
  public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    explicit Client(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view data) {
        while (!data.empty()) {
            const ssize_t sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
            REQUIRE(sent > 0);
            data.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    // As much as goes without waiting; negative when nothing does.
    ssize_t try_send(std::string_view data) {
        return ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    void end() { ::shutdown(fd_, SHUT_WR); }
    // Up to `bytes` bytes, fewer when the peer ends first.
    std::string receive(std::size_t bytes) {
        std::string got = receive_until_failure(bytes);
        REQUIRE_FALSE(was_reset_);
        return got;
    }
    std::string receive_all() { return receive(std::size_t{1} << 24); }
    // The same where a reset is what one waits for.
    std::string receive_until_failure(std::size_t bytes = std::size_t{1} << 24) {
        std::string got(bytes, '\0');
        std::size_t have = 0;
        while (have < bytes) {
            const ssize_t more = ::recv(fd_, got.data() + have, bytes - have, 0);
            was_reset_ = more < 0 && errno == ECONNRESET;
            REQUIRE((more >= 0 || was_reset_));
            if (more <= 0) break;
            have += static_cast<std::size_t>(more);
        }
        got.resize(have);
        return got;
    }
    bool was_reset() const { return was_reset_; }

  private:
    void connect_to(const sockaddr* address, socklen_t bytes) {
        const timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        REQUIRE(::connect(fd_, address, bytes) == 0);
    }
    int fd_;
    bool was_reset_ = false;
};

// Waits for what another thread is about to count.
template <typename Condition>
bool soon(Condition condition) {
    for (int i = 0; i < 5000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

}  // namespace ringway::mock
