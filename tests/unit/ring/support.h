// What the tests of the ring share: descriptors that close themselves, connected pairs, and Ops
// that write down every completion they get.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/ring/ring.h"
#include "ringway/ring/sys.h"

namespace ringway::ring::test {

struct Fd {
    Fd() = default;
    explicit Fd(int number) : fd(number) {}
    Fd(Fd&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd, other.fd);
        return *this;
    }
    ~Fd() { close(); }
    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    int fd = -1;
};

struct Pair {
    Pair() {
        int fds[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        near = Fd(fds[0]);
        far = Fd(fds[1]);
    }
    Fd near;
    Fd far;
};

struct Listener {
    Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t bytes = sizeof address;
        REQUIRE(::bind(socket.fd, raw(), bytes) == 0);
        REQUIRE(::listen(socket.fd, 128) == 0);
        REQUIRE(::getsockname(socket.fd, reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
    }
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&address); }
    Fd connect() const {
        Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(client.fd, raw(), sizeof address) == 0);
        return client;
    }
    sockaddr_in address{};
    Fd socket;
};

struct Recorder : Op {
    Recorder() : Op(&Recorder::on_completion) {}
    static void on_completion(Op& op, const Completion& completion) {
        auto& self = static_cast<Recorder&>(op);
        self.seen.push_back(completion);
        if (self.then) self.then(completion);
    }
    std::size_t ends() const {
        std::size_t count = 0;
        for (const Completion& completion : seen) count += completion.more() ? 0u : 1u;
        return count;
    }
    std::vector<Completion> seen;
    std::function<void(const Completion&)> then;
};

inline std::unique_ptr<Ring> open_ring(const RingSettings& settings = {}) {
    auto opened = Ring::open(settings);
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

inline base::Instant in_ms(std::int64_t span) {
    return sys::now() + base::Duration::milliseconds(span);
}

// Turns until `done` holds; false when five seconds were not enough.
template <typename Condition>
bool turn_until(Ring& ring, Condition done) {
    const base::Instant limit = in_ms(5'000);
    while (!done()) {
        if (sys::now() > limit) return false;
        ring.turn(in_ms(20));
    }
    return true;
}

// A few turns in which nothing more may come.
inline void settle(Ring& ring) {
    for (int i = 0; i < 5; ++i) ring.turn(in_ms(2));
}

// Asks for the end of a request and waits for it, so that the Op may be destroyed.
inline void finish(Ring& ring, Op& op) {
    ring.cancel(op);
    REQUIRE(turn_until(ring, [&] { return !op.in_flight(); }));
}

}  // namespace ringway::ring::test
