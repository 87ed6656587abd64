#include <cstring>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "health_prober.h"
#include "ringway/ring/sys.h"

namespace ringway::control {
namespace {

using base::Duration;

struct Listening {
    explicit Listening(std::uint16_t port = 0)
        : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const auto wanted = net::Address::parse("127.0.0.1", port);
        REQUIRE(::bind(fd, wanted->raw(), wanted->raw_bytes()) == 0);
        REQUIRE(::listen(fd, 64) == 0);
        sockaddr_in bound{};
        socklen_t bytes = sizeof bound;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes);
        address = net::Address::from(reinterpret_cast<const sockaddr*>(&bound), bytes);
    }
    ~Listening() { ::close(fd); }
    int fd;
    net::Address address;
};

TEST_CASE("an endpoint that goes away and comes back is reported both times") {
    auto server = std::make_optional<Listening>();
    const net::Address address = server->address;
    config::Settings settings;
    settings.upstreams.resize(1);
    settings.upstreams[0].endpoints.resize(1);
    config::HealthCheck& rule = settings.upstreams[0].health;
    rule.enabled = true;
    rule.interval = Duration::milliseconds(5);
    rule.timeout = Duration::milliseconds(500);
    rule.rise = 2;
    rule.fall = 2;

    Poller poller;
    const std::vector<net::Address> addresses = {address};
    std::vector<bool> changes;
    std::string last_reason;
    HealthProber prober(
        poller, settings, 1,
        [&](std::size_t) -> const std::vector<net::Address>& { return addresses; },
        [&](std::size_t endpoint, bool healthy, std::string_view reason) {
            CHECK(endpoint == 0);
            changes.push_back(healthy);
            last_reason = reason;
        });
    const auto run_until = [&](std::size_t count) {
        const base::Instant until = ring::sys::now() + Duration::seconds(5);
        while (changes.size() < count && ring::sys::now() < until) {
            prober.tick(ring::sys::now());
            poller.wait(prober.next_due());
        }
        REQUIRE(changes.size() == count);
    };

    const base::Instant soon = ring::sys::now() + Duration::milliseconds(60);
    while (ring::sys::now() < soon) {
        prober.tick(ring::sys::now());
        poller.wait(std::min(soon, prober.next_due()));
    }
    CHECK(changes.empty());
    server.reset();
    run_until(1);
    CHECK_FALSE(changes[0]);
    CHECK(last_reason == std::strerror(ECONNREFUSED));
    server.emplace(address.port());
    run_until(2);
    CHECK(changes[1]);
    prober.stop();
    CHECK(prober.next_due().is_never());
}

TEST_CASE("an endpoint whose name does not resolve fails its checks") {
    config::Settings settings;
    settings.upstreams.resize(1);
    settings.upstreams[0].endpoints.resize(1);
    config::HealthCheck& rule = settings.upstreams[0].health;
    rule.enabled = true;
    rule.interval = Duration::milliseconds(5);
    rule.fall = 1;
    Poller poller;
    const std::vector<net::Address> none;
    std::optional<bool> health;
    HealthProber prober(
        poller, settings, 1, [&](std::size_t) -> const std::vector<net::Address>& { return none; },
        [&](std::size_t, bool healthy, std::string_view) { health = healthy; });
    prober.tick(prober.next_due());
    CHECK(health == false);
}

}  // namespace
}  // namespace ringway::control
