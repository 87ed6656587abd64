#include "origin.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringway::bench::test {

std::string Peer::read_head() {
    for (;;) {
        const std::size_t end = unread_.find("\r\n\r\n");
        if (end != std::string::npos) {
            std::string head = unread_.substr(0, end + 4);
            unread_.erase(0, end + 4);
            return head;
        }
        char bytes[4096];
        const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
        if (got <= 0) return {};
        unread_.append(bytes, static_cast<std::size_t>(got));
    }
}

bool Peer::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Peer::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Origin::Origin(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), bytes) == 0);
    REQUIRE(::listen(listener_, 512) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
}

Origin::~Origin() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    {
        const std::lock_guard lock(mutex_);
        for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : talking_) thread.join();
}

void Origin::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const unsigned number = accepted_.fetch_add(1);
        const std::lock_guard lock(mutex_);
        open_.push_back(fd);
        talking_.emplace_back([this, fd, number] {
            Peer peer(fd, number);
            script_(peer);
            const std::lock_guard held(mutex_);
            std::erase(open_, fd);
            ::close(fd);
        });
    }
}

Destination Origin::destination() const {
    Destination destination;
    auto* address = reinterpret_cast<sockaddr_in*>(&destination.address);
    address->sin_family = AF_INET;
    address->sin_port = htons(port_);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    destination.address_bytes = sizeof *address;
    destination.text = destination.authority = "127.0.0.1:" + std::to_string(port_);
    return destination;
}

Origin::Script Origin::answering(std::string response, std::atomic<std::uint64_t>* requests) {
    return [response = std::move(response), requests](Peer& peer) {
        while (!peer.read_head().empty()) {
            if (requests != nullptr) requests->fetch_add(1);
            if (!peer.write(response)) return;
        }
    };
}

RunPlan plan_for(const Origin& origin, unsigned connections) {
    RunPlan plan;
    plan.destination = origin.destination();
    plan.kinds.emplace_back();
    plan.connections = connections;
    plan.warm_up = base::Duration::milliseconds(20);
    plan.measure = base::Duration::milliseconds(200);
    return plan;
}

}  // namespace ringway::bench::test
