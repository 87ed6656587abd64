#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "health_prober.h"
#include "ringway/ring/sys.h"
#include "temp_dir.h"

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

// Answers every connection with the same bytes once it was asked, on the test's own poller.
class HttpServer {
  public:
    HttpServer(Poller& poller, int listening_fd) : poller_(poller), fd_(listening_fd) {
        REQUIRE(poller_.add(fd_, EPOLLIN, [this](std::uint32_t) { accept_one(); }));
    }
    ~HttpServer() {
        poller_.remove(fd_);
        for (const auto& [fd, text] : open_) {
            poller_.remove(fd);
            ::close(fd);
        }
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::string answer;  // empty: says nothing
    std::string asked;   // the last whole request
    int requests = 0;

  private:
    void accept_one() {
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        REQUIRE(fd >= 0);
        open_[fd] = {};
        REQUIRE(poller_.add(fd, EPOLLIN, [this, fd](std::uint32_t) { read_from(fd); }));
    }
    void read_from(int fd) {
        char bytes[4096];
        const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
        if (got > 0) open_[fd].append(bytes, static_cast<std::size_t>(got));
        const bool whole = open_[fd].ends_with("\r\n\r\n");
        if (got > 0 && (!whole || answer.empty())) return;
        if (whole) {
            asked = open_[fd];
            ++requests;
            (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        poller_.remove(fd);
        ::close(fd);
        open_.erase(fd);
    }
    Poller& poller_;
    int fd_;
    std::map<int, std::string> open_;
};

struct HttpBench {
    HttpBench() {
        settings.upstreams.resize(1);
        settings.upstreams[0].endpoints.resize(1);
        config::HealthCheck& rule = settings.upstreams[0].health;
        rule.enabled = true;
        rule.interval = Duration::milliseconds(5);
        rule.timeout = Duration::milliseconds(100);
        rule.rise = 1;
        rule.fall = 2;
        rule.path = "/healthz";
    }
    HealthProber& prober() {
        if (!prober_) {
            prober_.emplace(
                poller, settings, 1,
                [this](std::size_t) -> const std::vector<net::Address>& { return addresses; },
                [this](std::size_t endpoint, bool healthy, std::string_view why) {
                    CHECK(endpoint == settings.upstreams[0].endpoints[0].slot);
                    changes.push_back(healthy);
                    reason = why;
                });
        }
        return *prober_;
    }
    template <typename Condition>
    void run_until(Condition done) {
        const base::Instant until = ring::sys::now() + Duration::seconds(5);
        while (!done() && ring::sys::now() < until) {
            prober().tick(ring::sys::now());
            poller.wait(std::min(until, prober().next_due()));
        }
        REQUIRE(done());
    }
    void run_until_changes(std::size_t count) {
        run_until([&] { return changes.size() >= count; });
        REQUIRE(changes.size() == count);
    }
    Poller poller;
    config::Settings settings;
    std::vector<net::Address> addresses;
    std::vector<bool> changes;
    std::string reason;

  private:
    std::optional<HealthProber> prober_;
};

TEST_CASE("an HTTP check asks, and goes by the answer") {
    HttpBench bench;
    const Listening listening;
    bench.addresses = {listening.address};
    bench.settings.upstreams[0].endpoints[0].target = {config::Scheme::http, "127.0.0.1",
                                                       listening.address.port(), ""};
    HttpServer server(bench.poller, listening.fd);
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    bench.run_until([&] { return server.requests >= 3; });
    CHECK(bench.changes.empty());
    CHECK(server.asked.starts_with("GET /healthz HTTP/1.1\r\n"));
    CHECK(server.asked.find("Host: " + listening.address.to_string() + "\r\n") !=
          std::string::npos);
    server.answer = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    bench.run_until_changes(1);
    CHECK_FALSE(bench.changes[0]);
    CHECK(bench.reason == "status 503");
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    bench.run_until_changes(2);
    CHECK(bench.changes[1]);
    CHECK(bench.reason.empty());
    // Accepts and is silent: the worst kind of ill.
    server.answer.clear();
    bench.run_until_changes(3);
    CHECK(bench.reason == "no answer in time");
}

TEST_CASE("an HTTP check works over a Unix socket") {
    const TempDir dir;
    const std::string path = dir.file("check.sock");
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd, 16) == 0);
    {
        HttpBench bench;
        bench.settings.upstreams[0].endpoints[0].target = {config::Scheme::http_unix, "", 0, path};
        bench.settings.upstreams[0].health.body = "ready";
        HttpServer server(bench.poller, fd);
        server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready";
        bench.run_until([&] { return server.requests >= 2; });
        CHECK(bench.changes.empty());
        CHECK(server.asked.find("Host: localhost\r\n") != std::string::npos);
        server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nstarted";
        bench.run_until_changes(1);
        CHECK(bench.reason == "the body lacks what the check asks for");
    }
    ::close(fd);
}

TEST_CASE("over a reload an endpoint keeps its health, and another target begins anew") {
    HttpBench bench;
    const Listening listening;
    bench.addresses = {listening.address};
    config::Endpoint& endpoint = bench.settings.upstreams[0].endpoints[0];
    endpoint.target = {config::Scheme::http, "127.0.0.1", listening.address.port(), ""};
    HttpServer server(bench.poller, listening.fd);
    server.answer = "HTTP/1.1 500 No\r\n\r\n";
    bench.run_until_changes(1);
    // Another rule for the same endpoint: it is still ill, and a pass is news.
    bench.settings.upstreams[0].health.path = "/other";
    bench.prober().reload(bench.settings);
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    bench.run_until_changes(2);
    CHECK(bench.changes[1]);
    CHECK(server.asked.starts_with("GET /other HTTP/1.1\r\n"));
    server.answer = "HTTP/1.1 500 No\r\n\r\n";
    bench.run_until_changes(3);
    // Elsewhere: healthy until the checks say otherwise, so that failing is news once more.
    endpoint.target.host = "localhost";
    bench.prober().reload(bench.settings);
    bench.run_until_changes(4);
    CHECK_FALSE(bench.changes[3]);
    // Taken out: nobody is checked any more.
    endpoint.retired = true;
    bench.prober().reload(bench.settings);
    CHECK(bench.prober().next_due().is_never());
}

}  // namespace
}  // namespace ringway::control
