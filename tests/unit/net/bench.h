// What the tests of sockets and relays share: one shard's pools on a real ring, driven turn by
// turn, and TCP connections whose far ends the test holds.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/async/runtime.h"
#include "ringway/async/task.h"
#include "ringway/async/wake.h"
#include "ringway/base/random.h"
#include "ringway/net/pipe_pool.h"
#include "ringway/net/relay.h"
#include "ringway/net/socket.h"
#include "ringway/ring/sys.h"

namespace ringway::net::test {

namespace sys = ring::sys;

struct BenchSettings {
    config::RelayMode mode = config::RelayMode::automatic;
    bool incremental = true;
    std::uint32_t buffers = 16;
    std::uint32_t buffer_bytes = 65536;
    std::uint32_t held_bytes_max = 65536;
    std::size_t pipes_max = 4;
    std::size_t pipe_bytes = 262'144;
    std::size_t vectors_max = 16;
};

struct Bench {
    explicit Bench(const BenchSettings& given)
        : settings(given),
          ring(open_ring()),
          buffers(make_buffers(*ring, given)),
          slices(std::size_t{buffers->count()} * buffers->bytes_each()),
          blocks(64, 65536),
          vectors(given.vectors_max),
          pipes(given.pipes_max, given.pipe_bytes),
          pools{{slices, *buffers, blocks}, *ring, vectors},
          relay_settings{given.mode, given.held_bytes_max},
          context{relay_settings, pipes, *buffers, scratch.data(), scratch.size(), now} {}

    static std::unique_ptr<ring::Ring> open_ring() {
        auto opened = ring::Ring::open({});
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }
    static std::unique_ptr<ring::BufferGroup> make_buffers(ring::Ring& ring,
                                                           const BenchSettings& given) {
        ring::BufferGroupSettings wanted;
        wanted.count = given.buffers;
        wanted.bytes_each = given.buffer_bytes;
        wanted.incremental = given.incremental;
        auto created = ring::BufferGroup::create(ring, wanted);
        REQUIRE(created.has_value());
        return std::move(*created);
    }

    // One turn of the loop, in the order in which a shard does it.
    void turn(std::int64_t wait_ms = 1) {
        runtime.ready.begin_turn();
        buffers->offer();
        do {
            runtime.ready.run();
            buffers->flush();
        } while (!runtime.ready.ran_dry());
        const bool busy = !runtime.ready.empty() || buffers->has_offer();
        ring->turn(busy ? base::Instant{0} : sys::now() + base::Duration::milliseconds(wait_ms));
        now = sys::now();
    }
    template <typename Condition>
    bool turn_until(Condition done, std::int64_t limit_ms = 10'000) {
        const base::Instant limit = sys::now() + base::Duration::milliseconds(limit_ms);
        while (!done()) {
            if (sys::now() > limit) return false;
            turn();
        }
        return true;
    }
    // Nothing is lent to anybody any more.
    void check_all_returned() {
        buffers->flush();
        CHECK(slices.in_use() == 0);
        CHECK(buffers->in_use() == 0);
        CHECK(pipes.lent() == 0);
    }

    BenchSettings settings;
    async::Runtime runtime{1 << 20};
    async::Runtime::Use use{runtime};
    std::unique_ptr<ring::Ring> ring;
    std::unique_ptr<ring::BufferGroup> buffers;
    SlicePool slices;
    BlockPool blocks;
    SendVectorPool vectors;
    PipePool pipes;
    SocketPools pools;
    RelaySettings relay_settings;
    std::array<std::byte, 16384> scratch{};
    base::Instant now = sys::now();
    RelayContext context;
};

// A connected TCP pair on the loopback; `near` is handed to the code under test.
struct Connection {
    explicit Connection(int buffer_bytes = 0) {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t bytes = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(listener, raw, bytes) == 0);
        limit(listener, buffer_bytes);
        REQUIRE(::listen(listener, 1) == 0);
        REQUIRE(::getsockname(listener, raw, &bytes) == 0);
        far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        limit(far, buffer_bytes);
        REQUIRE(::connect(far, raw, bytes) == 0);
        near = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        REQUIRE(near >= 0);
        const int on = 1;
        ::setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::close(listener);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        if (far >= 0) ::close(far);
        if (near >= 0) ::close(near);
    }
    static void limit(int fd, int buffer_bytes) {
        if (buffer_bytes == 0) return;
        // A window smaller than the loopback's segments would make the sender wait for timers.
        const int segment_bytes = 1400;
        ::setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof segment_bytes);
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    }
    int take_near() { return std::exchange(near, -1); }
    void reset_far() {
        const linger now{1, 0};
        ::setsockopt(far, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(std::exchange(far, -1));
    }
    int near = -1;
    int far = -1;
};

inline std::byte pattern(std::uint64_t at, std::uint64_t salt) {
    return static_cast<std::byte>(((at + salt * 1'000'003) * 2'654'435'761u) >> 11);
}

// The far end of a connection: says a pattern piece by piece, checks the one that it is told.
struct Peer {
    Peer(int socket, std::uint64_t salt_out, std::uint64_t salt_in)
        : fd(socket), says(salt_out), hears(salt_in) {}

    // Sends up to `bytes` of what is left; true when something went.
    bool speak(std::size_t bytes) {
        const auto left = static_cast<std::size_t>(goal - sent);
        const std::size_t wanted = std::min({bytes, left, piece.size()});
        if (wanted == 0 || broken) return false;
        for (std::size_t i = 0; i < wanted; ++i) piece[i] = pattern(sent + i, says);
        const ssize_t went = ::send(fd, piece.data(), wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (went > 0) sent += static_cast<std::uint64_t>(went);
        if (went < 0 && errno != EAGAIN) broken = true;
        return went > 0;
    }
    bool listen(std::size_t bytes) {
        if (ended || broken) return false;
        const ssize_t came = ::recv(fd, piece.data(), std::min(bytes, piece.size()), MSG_DONTWAIT);
        if (came == 0) ended = true;
        if (came < 0 && errno != EAGAIN) {
            broken = true;
            error = errno;
        }
        for (ssize_t i = 0; i < came; ++i) {
            if (piece[static_cast<std::size_t>(i)] != pattern(heard++, hears)) exact = false;
        }
        return came > 0;
    }
    void finish_speaking() {
        if (finished || sent < goal) return;
        finished = true;
        ::shutdown(fd, SHUT_WR);
    }

    int fd;
    std::uint64_t says;
    std::uint64_t hears;
    std::uint64_t goal = 0;
    std::uint64_t sent = 0;
    std::uint64_t heard = 0;
    bool exact = true;
    bool ended = false;
    bool broken = false;
    bool finished = false;
    int error = 0;
    std::vector<std::byte> piece = std::vector<std::byte>(262'144);
};

// A relay between two connections, driven as a session drives it.
struct Session {
    explicit Session(Bench& home, int buffer_bytes = 0)
        : bench(home),
          client_side(buffer_bytes),
          server_side(buffer_bytes),
          downstream(home.pools, wake),
          upstream(home.pools, wake),
          relay(home.context, downstream, upstream),
          client(client_side.far, 1, 2),
          server(server_side.far, 2, 1) {
        downstream.attach(client_side.take_near());
        upstream.attach(server_side.take_near());
        relay.up.flow.direction = &up_stats;
        relay.down.flow.direction = &down_stats;
        // The client's bytes are received while the upstream is being connected.
        downstream.start_receiving();
    }

    ~Session() {
        if (running && !is_over()) stop();  // a check has failed: the others may still run
        downstream.received().clear();
        upstream.received().clear();
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void start() { running.emplace(run()); }
    async::Task<void> run() {
        relay.start();
        while (!relay.has_ended()) {
            co_await wake.wait();
            if (stopping) break;
            relay.advance();
        }
        downstream.stop();
        upstream.stop();
        while (!downstream.is_quiet() || !upstream.is_quiet()) co_await wake.wait();
        relay.up.abandon();
        relay.down.abandon();
        downstream.close(downstream.is_broken() || upstream.is_broken());
        upstream.close(downstream.is_broken() || upstream.is_broken());
    }
    bool is_over() const { return running->is_done(); }

    // A turn, and the look that the shard's ticker takes every 50 ms at sessions that want it.
    void turn() {
        bench.turn();
        if (is_over() || bench.now - ticked_at < base::Duration::milliseconds(50)) return;
        ticked_at = bench.now;
        if (relay.up.wants_ticks() || relay.down.wants_ticks()) {
            relay.up.tick();
            relay.down.tick();
        }
    }
    template <typename Condition>
    bool turn_until(Condition done, std::int64_t limit_ms = 20'000) {
        const base::Instant limit = sys::now() + base::Duration::milliseconds(limit_ms);
        while (!done()) {
            if (sys::now() > limit) return false;
            turn();
        }
        return true;
    }
    // Ends what is left and checks that everything came home.
    void stop() {
        stopping = true;
        wake.set();
        REQUIRE(turn_until([&] { return is_over(); }));
        downstream.received().clear();
        upstream.received().clear();
    }

    Bench& bench;
    async::Wake wake;
    Connection client_side;
    Connection server_side;
    Socket downstream;
    Socket upstream;
    Relay relay;
    stats::DirectionStats up_stats;
    stats::DirectionStats down_stats;
    Peer client;
    Peer server;
    std::optional<async::Task<void>> running;
    base::Instant ticked_at = sys::now();
    bool stopping = false;
};

}  // namespace ringway::net::test
