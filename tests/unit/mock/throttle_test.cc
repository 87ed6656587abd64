#include "ringway/mock/throttle.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "client.h"
#include "ringway/mock/origin.h"
#include "ringway/mock/pattern.h"

using namespace ringway::mock;
using ringway::base::Duration;

namespace {

std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    fill_pattern(0, std::as_writable_bytes(std::span(text)));
    return text;
}

// An echoing origin behind a hop.
struct Path {
    explicit Path(ThrottleSettings settings, Mode mode = Mode::echo, std::uint64_t bytes = 0) {
        auto opened = Origin::open({.mode = mode, .bytes = bytes});
        REQUIRE(opened);
        origin = std::move(*opened);
        origin->start();
        settings.to_host = "127.0.0.1";
        settings.to_port = origin->port();
        auto led = ThrottleHop::open(settings);
        REQUIRE(led);
        hop = std::move(*led);
        hop->start();
    }
    std::unique_ptr<Origin> origin;
    std::unique_ptr<ThrottleHop> hop;
};

double seconds_of(auto action) {
    const auto begun = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

void echo_through(Path& path, const std::string& sent) {
    Client client(path.hop->port());
    std::thread writer([&] {
        client.send(sent);
        client.end();
    });
    const std::string received = client.receive_all();
    writer.join();
    CHECK((received == sent));
}

}  // namespace

TEST_CASE("a hop that does nothing loses nothing and passes both ends on") {
    Path path({});
    echo_through(path, pattern(5'000'000));
    CHECK(soon([&] { return path.hop->counters().active == 0; }));
    const ThrottleCounters counters = path.hop->counters();
    CHECK(counters.accepted == 1);
    CHECK(counters.bytes_up == 5'000'000);
    CHECK(counters.bytes_down == 5'000'000);
    CHECK(counters.resets == 0);
    CHECK(counters.stalls == 0);
}

TEST_CASE("a delay counts once each way") {
    Path path({.delay = Duration::milliseconds(30)});
    Client client(path.hop->port());
    client.send("x");
    CHECK(client.receive(1) == "x");
    const double seconds = seconds_of([&] {
        for (int i = 0; i < 3; ++i) {
            client.send("x");
            CHECK(client.receive(1) == "x");
        }
    });
    CHECK(seconds >= 0.180);
    CHECK(seconds < 2);
}

TEST_CASE("jitter changes when bytes come, never their order") {
    Path path({.delay = Duration::milliseconds(3), .jitter = Duration::milliseconds(3)});
    echo_through(path, pattern(1'000'000));
    Client client(path.hop->port());
    double shortest = 1e9, longest = 0;
    for (int i = 0; i < 60; ++i) {
        const double seconds = seconds_of([&] {
            client.send("x");
            CHECK(client.receive(1) == "x");
        });
        shortest = std::min(shortest, seconds);
        longest = std::max(longest, seconds);
    }
    CHECK(longest - shortest > 0.003);
}

TEST_CASE("the rate holds for all connections together") {
    Path path({.bytes_per_second = 2'000'000}, Mode::source, 200'000);
    const double seconds = seconds_of([&] {
        std::vector<std::thread> clients;
        for (int i = 0; i < 3; ++i) {
            clients.emplace_back([&] {
                Client client(path.hop->port());
                client.end();
                CHECK((client.receive_all() == pattern(200'000)));
            });
        }
        for (std::thread& client : clients) client.join();
    });
    CHECK(seconds > 0.29);  // 600,000 bytes need 0.3 s, less what a link sends ahead
    CHECK(seconds < 3);
}

TEST_CASE("a lost segment is a stream that stalls for one timeout") {
    Path path({.loss = 1, .retransmission_timeout = Duration::milliseconds(50)});
    Client client(path.hop->port());
    const double seconds = seconds_of([&] {
        client.send("x");
        CHECK(client.receive(1) == "x");
    });
    CHECK(seconds >= 0.1);
    CHECK(path.hop->counters().stalls >= 2);
}

TEST_CASE("a sender beyond what the hop holds is held back") {
    Path path({.bytes_per_second = 10'000});
    Client client(path.hop->port());
    std::size_t taken = 0;
    const std::string block(64 * 1024, 'x');
    // Without a bound this would take everything.
    for (int i = 0; i < 1000; ++i) {
        const ssize_t sent = client.try_send(block);
        if (sent < 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            continue;
        }
        taken += static_cast<std::size_t>(sent);
    }
    CHECK(taken < 16'000'000);
    CHECK(path.hop->counters().bytes_up < 200'000);
}

TEST_CASE("whatever ends a connection ends it on both sides") {
    SUBCASE("stopping closes what is open") {
        Path path({}, Mode::echo);
        Client client(path.hop->port());
        client.send("x");
        CHECK(client.receive(1) == "x");
        CHECK(path.hop->counters().active == 1);
        path.hop->stop();
        CHECK(path.hop->counters().active == 0);
    }
    SUBCASE("nobody listens where it leads") {
        std::uint16_t port = 0;
        {
            auto closed = Origin::open({});
            REQUIRE(closed);
            port = (*closed)->port();
        }
        auto hop = ThrottleHop::open({.to_host = "127.0.0.1", .to_port = port});
        REQUIRE(hop);
        (*hop)->start();
        Client client((*hop)->port());
        CHECK(client.receive_until_failure().empty());
        CHECK(client.was_reset());
        CHECK(soon([&] { return (*hop)->counters().resets == 1; }));
    }
    SUBCASE("in the middle of a stream") {
        Behaviour cut;
        cut.cut = 1;
        cut.cut_after = 1000;
        auto origin = Origin::open({.mode = Mode::http, .bytes = 5000, .behaviour = cut});
        REQUIRE(origin);
        (*origin)->start();
        auto hop = ThrottleHop::open({.to_host = "127.0.0.1", .to_port = (*origin)->port()});
        REQUIRE(hop);
        (*hop)->start();
        Client client((*hop)->port());
        client.send("GET / HTTP/1.1\r\n\r\n");
        client.receive_until_failure();
        CHECK(client.was_reset());
    }
}

TEST_CASE("a hop that cannot be is refused") {
    const auto origin = Origin::open({});
    REQUIRE(origin);
    const auto taken = ThrottleHop::open(
        {.port = (*origin)->port(), .to_host = "127.0.0.1", .to_port = (*origin)->port()});
    REQUIRE_FALSE(taken);
    CHECK(taken.error().os_error == EADDRINUSE);
    CHECK_FALSE(ThrottleHop::open({.to_host = "not a host", .to_port = 1}));
    CHECK_FALSE(Origin::open({.mode = Mode::throttle}));
}
