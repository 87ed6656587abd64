// Pools on a real ring, between requests and servers that the test plays: turn by turn, on a clock
// that can be moved forward.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../net/bench.h"
#include "ringway/async/scope.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/ring/sys.h"
#include "ringway/upstream/pool_set.h"

namespace ringway::upstream::test {

namespace sys = ring::sys;

// A listening server on the loopback; the test accepts, talks and closes by hand.
class Server {
  public:
    Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t bytes = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(listener_, raw, bytes) == 0);
        REQUIRE(::listen(listener_, 128) == 0);
        REQUIRE(::getsockname(listener_, raw, &bytes) == 0);
        port = ntohs(address.sin_port);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        refuse();
        for (const int fd : accepted) {
            if (fd >= 0) ::close(fd);
        }
        for (const int fd : fillers_) ::close(fd);
    }
    void refuse() {
        if (listener_ >= 0) ::close(std::exchange(listener_, -1));
    }
    // From now on connects get no answer: the queue of those to be accepted is full.
    void stop_answering() {
        REQUIRE(::listen(listener_, 0) == 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        for (int i = 0; i < 4; ++i) {
            fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(fillers_.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        }
    }
    // All that connected so far, in order; closed ones are -1.
    std::size_t accept() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (fd < 0) return accepted.size();
            accepted.push_back(fd);
        }
    }
    // Accepted connections that the other side has not closed.
    std::size_t open_count() {
        accept();
        std::size_t count = 0;
        for (const int fd : accepted) {
            char byte;
            if (fd < 0) continue;
            const ssize_t seen = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (seen > 0 || (seen < 0 && errno == EAGAIN)) ++count;
        }
        return count;
    }
    void close(std::size_t which) { ::close(std::exchange(accepted.at(which), -1)); }
    void reset(std::size_t which) {
        const linger now{1, 0};
        ::setsockopt(accepted.at(which), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(which);
    }
    void say(std::size_t which, const std::string& text) {
        REQUIRE(::send(accepted.at(which), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
    }

    std::uint16_t port = 0;
    std::vector<int> accepted;

  private:
    int listener_;
    std::vector<int> fillers_;
};

using Change = std::function<void(config::Upstream&)>;

inline config::Endpoint endpoint_at(std::uint16_t port, std::size_t slot) {
    config::Endpoint endpoint;
    endpoint.name = "e" + std::to_string(slot);
    endpoint.slot = slot;
    endpoint.target.scheme = config::Scheme::http;
    endpoint.target.host = "127.0.0.1";
    endpoint.target.port = port;
    return endpoint;
}

struct PoolBench;

// One request, as an exchange behaves: acquires, waits, dials, and then holds its lease.
struct Request : LeaseWaiter {
    explicit Request(PoolBench& home) : LeaseWaiter(&Request::woken), bench(home) {}
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    static void woken(LeaseWaiter& waiter) {
        auto& self = static_cast<Request&>(waiter);
        self.served_as = ++serve_counter;
        self.wake_up.set();
    }
    Request& start();
    async::Task<void> run();
    void give_back(ExchangeOutcome outcome = ExchangeOutcome::success);
    void discard(ExchangeOutcome outcome = ExchangeOutcome::success);
    bool has_lease() const { return lease != nullptr; }

    PoolBench& bench;
    async::Wake wake_up;
    Connection* lease = nullptr;
    Grant first_answer = Grant::wait;
    bool done = false;
    bool gives_up = false;
    int dial_result = 0;
    int served_as = 0;
    static inline int serve_counter = 0;
};

struct PoolBench {
    explicit PoolBench(std::size_t server_count, const Change& change = {},
                       std::uint64_t permits = 0, std::uint64_t slots = 256)
        : servers(server_count),
          settings(settings_for(servers, change)),
          stats(0, {server_count + 8, 0, 2}),
          endpoints(settings, EndpointWiring{no_addresses, endpoint_permits, stats}, 0, 7),
          pools(PoolWiring{
              .settings = &settings,
              .endpoints = endpoints,
              .sockets = bench.pools,
              .timers = timers,
              .now = bench.now,
              .stats = stats,
              .connections_max = slots,
              .shard = 0,
              .shards = 1,
              .connection_permits = {permits == 0 ? settings.upstreams[0].pool.connections_max
                                                  : permits},
              .request_permits = {settings.upstreams[0].requests_max}}) {
        upkeep.spawn(pools.keep());
    }
    ~PoolBench() {
        for (auto& request : requests) {
            if (request->has_lease()) request->discard();
        }
        pools.stop();
        pools.finish();
        REQUIRE(turn_until([&] { return upkeep.running() == 0 && running.running() == 0; }));
        turn();
        bench.check_all_returned();
    }
    PoolBench(const PoolBench&) = delete;
    PoolBench& operator=(const PoolBench&) = delete;

    static config::Settings settings_for(const std::deque<Server>& servers, const Change& change) {
        config::Settings settings;
        config::Upstream& upstream = settings.upstreams.emplace_back();
        upstream.name = "pool";
        for (const Server& server : servers) {
            upstream.endpoints.push_back(endpoint_at(server.port, upstream.endpoints.size()));
        }
        if (change) change(upstream);
        return settings;
    }

    void turn() {
        timers.advance(bench.now);
        bench.runtime.ready.begin_turn();
        bench.buffers->offer();
        do {
            bench.runtime.ready.run();
            endpoints.run_waiters(bench.now);
            pools.run_waiters();
            bench.buffers->flush();
        } while (!bench.runtime.ready.ran_dry());
        CHECK(stats.pools[0].connections.read() <= settings.upstreams[0].pool.connections_max);
        bench.ring->turn(sys::now() + base::Duration::milliseconds(1));
        bench.now = sys::now() + skipped;
    }
    template <typename Condition>
    bool turn_until(Condition done, std::int64_t limit_ms = 5000) {
        const base::Instant limit = sys::now() + base::Duration::milliseconds(limit_ms);
        while (!done()) {
            if (sys::now() > limit) return false;
            turn();
        }
        return true;
    }
    // Long enough for everything that is going to happen by itself.
    void settle() {
        for (int i = 0; i < 8; ++i) turn();
    }
    void skip(base::Duration span) {
        skipped = skipped + span;
        bench.now = sys::now() + skipped;
    }

    // Goes on with other settings, arranged as config::plan_reload would.
    const config::Upstream& reload(config::Settings next, std::uint64_t first_share = 0) {
        const config::Settings& kept = generations.emplace_back(std::move(next));
        const std::vector<std::uint64_t> shares{first_share};
        endpoints.reload(kept, {no_addresses, endpoint_permits, stats});
        pools.reload(kept, shares, shares);
        return kept.upstreams[0];
    }

    // A request that waits for, or holds, a connection.
    Request& ask() { return *requests.emplace_back(std::make_unique<Request>(*this)); }
    Request& ask_and_get() {
        Request& request = ask().start();
        REQUIRE(turn_until([&] { return request.done; }));
        REQUIRE(request.has_lease());
        return request;
    }
    stats::PoolStats& counts() { return stats.pools[0]; }
    Endpoint& endpoint(std::size_t slot) { return endpoints.endpoint(slot); }

    net::test::Bench bench{{}};
    base::Duration skipped{0};
    base::TimerWheel timers{bench.now};
    std::deque<Server> servers;
    config::Settings settings;  // as at the start
    std::deque<config::Settings> generations;
    std::vector<std::vector<net::Address>> no_addresses;
    std::vector<std::uint64_t> endpoint_permits = std::vector<std::uint64_t>(16, 1);
    stats::ShardStats stats;
    UpstreamSet endpoints;
    PoolSet pools;
    async::TaskScope upkeep;
    async::TaskScope running;
    std::vector<std::unique_ptr<Request>> requests;
};

inline Request::~Request() {
    if (link.is_linked()) bench.pools.stop_waiting(*this);
}

inline Request& Request::start() {
    bench.running.spawn(run());
    return *this;
}

inline async::Task<void> Request::run() {
    for (;;) {
        const Grant answer = bench.pools.acquire(*this, wake_up);
        if (first_answer == Grant::wait) first_answer = answer;
        while (grant == Grant::wait && !gives_up) co_await wake_up.wait();
        if (grant == Grant::wait) bench.pools.stop_waiting(*this);
        Connection* const got = std::exchange(connection, nullptr);
        if (grant == Grant::reused) lease = got;
        if (grant != Grant::connect) break;
        const base::Instant until = bench.bench.now + base::Duration::seconds(2);
        const PoolSet::Stop stop{[](void* self) { return static_cast<Request*>(self)->gives_up; },
                                 this};
        auto dialling = bench.pools.dial(*got, wake_up, until, stop);
        dial_result = co_await dialling;
        if (dial_result == 0) {
            bench.pools.connected(*got);
            lease = got;
            break;
        }
        tried |= UpstreamSet::tried_bit(*got->endpoint);
        if (gives_up) {
            bench.pools.connect_abandoned(*got);
            break;
        }
        bench.pools.connect_failed(*got);
    }
    done = true;
}

inline void Request::give_back(ExchangeOutcome outcome) {
    bench.pools.give_back(*std::exchange(lease, nullptr), outcome);
}
inline void Request::discard(ExchangeOutcome outcome) {
    bench.pools.discard(*std::exchange(lease, nullptr), outcome, false);
}

}  // namespace ringway::upstream::test
