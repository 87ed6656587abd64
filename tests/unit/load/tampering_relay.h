// A relay that can be told to do its work badly: what the generator must notice.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringway::load {

class TamperingRelay {
  public:
    enum class Tamper : std::uint8_t {
        nothing,
        flip_bytes,   // now and then in what the origin sends, after some KiB
        drop_byte,    // one of them is lost
        cross_wires,  // answers go to the connection that was accepted last
        cut_off,      // closes in the middle of an answer
        fall_silent,  // forwards requests, never answers
    };

    TamperingRelay(std::uint16_t origin_port, Tamper tamper)
        : origin_port_(origin_port), tamper_(tamper), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address = loopback(0);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 64);
        socklen_t bytes = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bytes);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~TamperingRelay() {
        stop_ = true;
        thread_.join();
        for (const Pair& pair : pairs_) close_pair(pair);
        ::close(listener_);
    }
    TamperingRelay(const TamperingRelay&) = delete;
    TamperingRelay& operator=(const TamperingRelay&) = delete;

    std::uint16_t port() const { return port_; }

  private:
    struct Pair {
        int client = -1;
        int origin = -1;
        std::uint64_t answered = 0;
        bool tampered = false;
    };

    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    static void close_pair(const Pair& pair) {
        if (pair.client >= 0) ::close(pair.client);
        if (pair.origin >= 0) ::close(pair.origin);
    }

    void serve() {
        while (!stop_) {
            std::vector<pollfd> watched{{listener_, POLLIN, 0}};
            for (const Pair& pair : pairs_) {
                watched.push_back({pair.client, POLLIN, 0});
                watched.push_back({pair.origin, POLLIN, 0});
            }
            if (::poll(watched.data(), watched.size(), 10) <= 0) continue;
            for (std::size_t i = 0; i < pairs_.size(); ++i) {
                if (watched[1 + 2 * i].revents != 0) forward(pairs_[i], true);
                if (pairs_[i].origin >= 0 && watched[2 + 2 * i].revents != 0) {
                    forward(pairs_[i], false);
                }
            }
            if (watched[0].revents != 0) accept_one();
        }
    }
    void accept_one() {
        Pair pair;
        pair.client = ::accept(listener_, nullptr, nullptr);
        pair.origin = ::socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address = loopback(origin_port_);
        ::connect(pair.origin, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        pairs_.push_back(pair);
    }
    void forward(Pair& pair, bool upward) {
        const ssize_t got =
            ::recv(upward ? pair.client : pair.origin, block_.data(), block_.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            close_pair(pair);
            pair.client = pair.origin = -1;
            return;
        }
        auto bytes = static_cast<std::size_t>(got);
        int target = upward ? pair.origin : pair.client;
        if (!upward) {
            pair.answered += bytes;
            if (pair.answered > 5000 && !pair.tampered) tamper(pair, bytes, target);
        }
        for (std::size_t sent = 0; sent < bytes && target >= 0;) {
            const ssize_t more = ::send(target, block_.data() + sent, bytes - sent, MSG_NOSIGNAL);
            if (more <= 0) return;
            sent += static_cast<std::size_t>(more);
        }
    }
    void tamper(Pair& pair, std::size_t& bytes, int& target) {
        switch (tamper_) {
            case Tamper::nothing: return;
            case Tamper::flip_bytes:
                for (std::size_t i = 0; i < bytes; i += 100) block_[i] ^= 1;
                return;
            case Tamper::drop_byte: --bytes; break;
            case Tamper::cross_wires: target = pairs_.back().client; return;
            case Tamper::cut_off:
                ::shutdown(pair.client, SHUT_RDWR);
                bytes = 0;
                break;
            case Tamper::fall_silent: target = -1; return;
        }
        pair.tampered = true;
    }

    std::uint16_t origin_port_;
    std::uint16_t port_ = 0;
    Tamper tamper_;
    int listener_;
    std::vector<Pair> pairs_;
    std::array<unsigned char, 65536> block_{};
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace ringway::load
