// One shard on a thread of its own between a real client and a real server, with the test in the
// coordinator's place.
#pragma once

#include <atomic>
#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/config/reload.h"
#include "ringway/net/address.h"
#include "ringway/net/listening.h"
#include "ringway/ring/sys.h"
#include "ringway/shard/shard.h"

namespace ringway::shard::test {

namespace sys = ring::sys;

inline base::Instant in_ms(std::int64_t span) {
    return sys::now() + base::Duration::milliseconds(span);
}

template <typename Condition>
bool wait_until(Condition done, std::int64_t limit_ms = 10'000) {
    const base::Instant limit = in_ms(limit_ms);
    while (!done()) {
        if (sys::now() > limit) return false;
        ::usleep(500);
    }
    return true;
}

inline int listen_on_loopback(net::Address& address) {
    config::Listener listener;
    listener.target.host = "127.0.0.1";
    address = *net::literal_address(listener.target);
    const net::Listening opened = net::open_listening_socket(listener, address);
    REQUIRE_MESSAGE(opened, opened.error);
    address.set_port(net::bound_port(opened.fd));
    return opened.fd;
}

// Sends back whatever it is sent, on each connection until its end.
class EchoServer {
  public:
    EchoServer() : listener_(listen_on_loopback(address)), stop_(sys::make_wake_fd()) {
        thread_ = std::thread([this] { run(); });
    }
    ~EchoServer() {
        sys::signal_wake_fd(stop_);
        thread_.join();
        ::close(listener_);
        ::close(stop_);
    }
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;

    net::Address address;
    std::atomic<int> accepted{0};

  private:
    void run() {
        std::vector<pollfd> watched{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
        std::vector<char> piece(65536);
        while (watched[0].revents == 0) {
            ::poll(watched.data(), watched.size(), -1);
            for (std::size_t i = watched.size(); i-- > 2;) {
                if (watched[i].revents == 0 || echo(watched[i].fd, piece)) continue;
                ::close(watched[i].fd);
                watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
            }
            if (watched[1].revents == 0) continue;
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            ++accepted;
            watched.push_back({fd, POLLIN, 0});
        }
        for (std::size_t i = 2; i < watched.size(); ++i) ::close(watched[i].fd);
    }
    static bool echo(int fd, std::vector<char>& piece) {
        const ssize_t came = ::recv(fd, piece.data(), piece.size(), 0);
        if (came <= 0) return false;
        for (ssize_t gone = 0; gone < came;) {
            const ssize_t went = ::send(fd, piece.data() + gone,
                                        static_cast<std::size_t>(came - gone), MSG_NOSIGNAL);
            if (went <= 0) return false;
            gone += went;
        }
        return true;
    }
    int listener_;
    int stop_;
    std::thread thread_;
};

// A blocking client; every wait ends after ten seconds.
struct Client {
    explicit Client(const net::Address& server)
        : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{10, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        error = ::connect(fd, server.raw(), server.raw_bytes()) == 0 ? 0 : errno;
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { close(); }

    bool say(const std::string& text) const {
        return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size());
    }
    std::string hear(std::size_t bytes) const {
        std::string text(bytes, '\0');
        const ssize_t got = ::recv(fd, text.data(), bytes, MSG_WAITALL);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    bool echoes(const std::string& text) const { return say(text) && hear(text.size()) == text; }
    // 0: an orderly end; else the errno (or -1: something was to be read).
    int end() const {
        char byte = 0;
        const ssize_t got = ::recv(fd, &byte, 1, 0);
        return got == 0 ? 0 : got > 0 ? -1 : errno;
    }
    void finish() const { ::shutdown(fd, SHUT_WR); }
    void close(bool reset = false) {
        if (fd < 0) return;
        const linger now{reset ? 1 : 0, 0};
        if (reset) ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(std::exchange(fd, -1));
    }
    net::Address address() const {
        sockaddr_storage storage{};
        socklen_t bytes = sizeof storage;
        auto* raw = reinterpret_cast<sockaddr*>(&storage);
        ::getsockname(fd, raw, &bytes);
        return net::Address::from(raw, bytes);
    }
    int fd;
    int error = 0;
};

class Harness {
  public:
    // One listener and one upstream; `servers` are the addresses of its endpoints.
    explicit Harness(std::vector<net::Address> servers) : servers_(std::move(servers)) {
        settings.connections_max = 64;
        settings.shards = 1;
        config::Listener listener;
        listener.name = "front";
        listener.target.host = "127.0.0.1";
        settings.listeners.push_back(listener);
        config::Upstream upstream;
        upstream.name = "back";
        for (const net::Address& server : servers_) {
            config::Endpoint endpoint;
            endpoint.name = server.to_string();
            endpoint.target.host = "127.0.0.1";
            endpoint.target.port = server.port();
            upstream.endpoints.push_back(endpoint);
        }
        settings.upstreams.push_back(upstream);
    }
    Harness(const Harness&) = delete;
    Harness& operator=(const Harness&) = delete;
    ~Harness() {
        if (thread_.joinable()) stop();
        ::close(shard_wake_);
        ::close(own_wake_);
    }

    ShardWiring wiring() {
        PermitShares shares;
        config::assign_slots(settings);
        std::vector<std::vector<net::Address>> addresses;
        for (const net::Address& server : servers_) addresses.push_back({server});
        for (const config::Endpoint& endpoint : settings.upstreams[0].endpoints) {
            shares.endpoints.push_back(endpoint.connections_max);
        }
        return ShardWiring{.settings = std::make_shared<const config::Settings>(settings),
                           .listener_fds = {listen_on_loopback(address)},
                           .hands_over = {hands_over},
                           .addresses = addresses,
                           .connection_permits = permits,
                           .shares = shares,
                           .wake_fd = shard_wake_,
                           .commands = commands_,
                           .events = events_,
                           .stats = stats,
                           .log = log};
    }
    void start() {
        thread_ = run_shard_thread(wiring());
        const auto started = expect<Started>();
        REQUIRE(started.os_error == 0);
        CHECK_FALSE(started.ring_features.empty());
    }
    void tell(Command command) {
        REQUIRE(wait_until([&] { return commands_.try_send(command); }));
    }
    // The next event of this kind; others before it are kept.
    template <typename Wanted>
    Wanted expect(std::int64_t limit_ms = 10'000) {
        Wanted wanted{};
        bool found = false;
        CHECK(wait_until([&] { return found = take(wanted); }, limit_ms));
        return wanted;
    }
    template <typename Wanted>
    bool take(Wanted& wanted) {
        while (auto event = events_.try_receive()) kept_.push_back(std::move(*event));
        for (auto event = kept_.begin(); event != kept_.end(); ++event) {
            if (auto* match = std::get_if<Wanted>(&*event)) {
                wanted = std::move(*match);
                kept_.erase(event);
                return true;
            }
        }
        return false;
    }
    // Drains, waits for the thread, and checks that nothing is left anywhere.
    void stop(base::Duration patience = base::Duration{0}) {
        tell(Drain{sys::now() + patience});
        expect<Drained>();
        thread_.join();
        check_conserved();
    }
    void check_conserved() const {
        CHECK(stats.active.read() == 0);
        CHECK(stats.accepted.read() + adopted == closed() + handed_over);
        CHECK(stats.listeners[0].active.read() == 0);
        for (std::size_t i = 0; i < stats.endpoints.size(); ++i) {
            CHECK(stats.endpoints[i].active.read() == 0);
        }
        CHECK(stats.refused.read() == 0);
        CHECK(stats.slots_in_use.read() == 0);
        CHECK(stats.frames_in_use.read() == 0);
        CHECK(stats.frame_spills.read() == 0);
        CHECK(stats.buffers_in_use.read() == 0);
        CHECK(stats.pipes_in_use.read() == 0);
        CHECK(stats.ring.stale.read() == 0);
    }
    std::uint64_t closed() const {
        std::uint64_t sum = 0;
        for (const auto& count : stats.closed) sum += count.read();
        return sum;
    }
    std::uint64_t closed(stats::CloseReason reason) const {
        return stats.closed[static_cast<std::size_t>(reason)].read();
    }
    // True once a session has ended for this reason and nothing of it is left.
    bool ends_with(stats::CloseReason reason, std::uint64_t count = 1) const {
        return wait_until([&] { return closed(reason) == count; });
    }

    config::Settings settings;
    std::uint64_t permits = 16;
    bool hands_over = false;
    net::Address address;  // where clients connect to
    std::uint64_t adopted = 0;
    std::uint64_t handed_over = 0;

  private:
    std::vector<net::Address> servers_;
    int shard_wake_ = sys::make_wake_fd();
    int own_wake_ = sys::make_wake_fd();
    CommandBox commands_{64, shard_wake_};
    EventBox events_{64, own_wake_};
    std::deque<Event> kept_;
    std::thread thread_;

  public:
    stats::ShardStats stats{
        1, stats::StatsSizes{.endpoints = servers_.size(), .routes = 0, .upstreams = 1}};
    stats::LogRing log{1u << 16};
};

}  // namespace ringway::shard::test
