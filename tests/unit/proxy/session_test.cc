#include "ringway/proxy/session.h"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "harness.h"

using namespace ringway;
using namespace ringway::shard;
using namespace ringway::shard::test;
using base::Duration;
using stats::CloseReason;

namespace {

config::Cidr loopback() {
    config::Cidr cidr;
    cidr.prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127};
    cidr.prefix_bits = 96 + 8;
    return cidr;
}

// An address that nobody listens on.
net::Address nobody() {
    net::Address address;
    ::close(listen_on_loopback(address));
    return address;
}

}  // namespace

TEST_CASE("a half-closed client still gets its answer, then both ends") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    Client client(harness.address);
    const std::string text(300'000, 'x');
    std::thread speaker([&] {
        client.say(text);
        client.finish();
    });
    CHECK(client.hear(text.size()) == text);
    speaker.join();
    CHECK(client.end() == 0);
    CHECK(harness.ends_with(CloseReason::finished));
    harness.stop();
}

TEST_CASE("a client that resets is told from one that ends") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    Client client(harness.address);
    CHECK(client.echoes("hello"));
    client.close(true);
    CHECK(harness.ends_with(CloseReason::downstream_reset));
    harness.stop();
}

TEST_CASE("a connection on which nothing moves ends at its idle timeout, one that moves does not") {
    EchoServer server;
    Harness harness({server.address});
    harness.settings.idle_timeout = Duration::milliseconds(800);
    harness.start();
    Client busy(harness.address);
    Client idle(harness.address);
    CHECK(idle.echoes("once"));
    for (int i = 0; i < 15; ++i) {
        CHECK(busy.echoes("again"));
        ::usleep(60'000);
    }
    CHECK(harness.ends_with(CloseReason::idle_timeout));
    CHECK(idle.end() == 0);
    CHECK(busy.echoes("still there"));
    busy.close();
    CHECK(harness.ends_with(CloseReason::finished));
    harness.stop();
}

TEST_CASE("a refusing endpoint is passed over and the client notices nothing") {
    EchoServer server;
    Harness harness({nobody(), server.address});
    harness.start();
    for (int i = 0; i < 4; ++i) {
        Client client(harness.address);
        CHECK(client.echoes("hello"));
    }
    CHECK(harness.ends_with(CloseReason::finished, 4));
    CHECK(harness.stats.connect_retries.read() >= 1);
    CHECK(harness.stats.endpoints[0].connections.read() == 0);
    CHECK(harness.stats.endpoints[0].failures.read() >= 1);
    CHECK(harness.stats.endpoints[1].connections.read() == 4);
    harness.stop();
}

TEST_CASE("without an endpoint that answers the client is reset, and the reason is told") {
    Harness harness({nobody()});
    harness.start();
    Client refused(harness.address);
    CHECK(refused.end() == ECONNRESET);
    CHECK(harness.ends_with(CloseReason::connect_failed));
    CHECK(harness.stats.connect_failures.read() == 1);
    harness.tell(SetEndpoint{.endpoint = 0, .state = upstream::AdminState::down});
    // Commands and connections race: the command is there when a listing is answered.
    harness.tell(ListConnections{0});
    harness.expect<Connections>();
    Client unserved(harness.address);
    CHECK(unserved.end() == ECONNRESET);
    CHECK(harness.ends_with(CloseReason::no_endpoint));
    harness.stop();
}

TEST_CASE("new addresses of an endpoint are used by new connections") {
    EchoServer before;
    EchoServer after;
    Harness harness({before.address});
    harness.start();
    Client old(harness.address);
    CHECK(old.echoes("before"));
    harness.tell(SetAddresses{0, {after.address}});
    harness.tell(ListConnections{0});
    harness.expect<Connections>();
    Client fresh(harness.address);
    CHECK(fresh.echoes("after"));
    CHECK(old.echoes("still the old one"));
    CHECK(before.accepted == 1);
    CHECK(after.accepted == 1);
    old.close();
    fresh.close();
    CHECK(harness.ends_with(CloseReason::finished, 2));
    harness.stop();
}

TEST_CASE("an endpoint at its limit lets others wait until somebody leaves, or time is up") {
    EchoServer server;
    Harness harness({server.address});
    harness.settings.upstreams[0].endpoints[0].connections_max = 1;
    harness.settings.connect_timeout = Duration::milliseconds(1'500);
    harness.start();
    Client first(harness.address);
    CHECK(first.echoes("first"));
    Client second(harness.address);
    REQUIRE(second.say("second"));
    CHECK(wait_until([&] { return harness.stats.accepted.read() == 2; }));
    ::usleep(50'000);
    CHECK(server.accepted == 1);
    first.close();
    CHECK(second.hear(6) == "second");
    Client third(harness.address);
    CHECK(third.end() == ECONNRESET);
    CHECK(harness.ends_with(CloseReason::no_endpoint));
    second.close();
    CHECK(harness.ends_with(CloseReason::finished, 2));
    harness.stop();
}

TEST_CASE("denied clients are reset before anything is connected for them") {
    EchoServer server;
    Harness harness({server.address});
    harness.settings.listeners[0].deny = {loopback()};
    harness.start();
    Client client(harness.address);
    CHECK(client.end() == ECONNRESET);
    CHECK(harness.ends_with(CloseReason::denied));
    CHECK(server.accepted == 0);
    harness.stop();
}

TEST_CASE("the upstream is told the client's address before the client's bytes") {
    EchoServer server;
    Harness harness({server.address});
    harness.settings.upstreams[0].proxy_protocol = config::ProxyProtocol::v1;
    harness.start();
    Client client(harness.address);
    REQUIRE(client.say("hello"));
    const std::string line = "PROXY TCP4 127.0.0.1 127.0.0.1 " +
                             std::to_string(client.address().port()) + " " +
                             std::to_string(harness.address.port()) + "\r\n";
    CHECK(client.hear(line.size() + 5) == line + "hello");
    client.close();
    CHECK(harness.ends_with(CloseReason::finished));
    harness.stop();
}

TEST_CASE("a trusted client's preamble is required, taken off and passed on") {
    EchoServer server;
    Harness harness({server.address});
    harness.settings.listeners[0].accept_proxy_protocol = {loopback()};
    harness.settings.upstreams[0].proxy_protocol = config::ProxyProtocol::v1;
    harness.settings.header_timeout = Duration::milliseconds(800);
    harness.start();
    const std::string line = "PROXY TCP4 198.51.100.7 203.0.113.9 4711 443\r\n";
    {
        Client whole(harness.address);
        REQUIRE(whole.say(line + "hello"));
        CHECK(whole.hear(line.size() + 5) == line + "hello");
        harness.tell(ListConnections{1});
        const auto listed = harness.expect<Connections>();
        REQUIRE(listed.rows.size() == 1);
        CHECK(listed.rows[0].client.to_string() == "198.51.100.7:4711");
    }
    {
        Client slow(harness.address);
        for (const char byte : line) {
            REQUIRE(slow.say(std::string(1, byte)));
            if (byte == ' ') ::usleep(1'000);
        }
        CHECK(slow.echoes("") == true);
        CHECK(slow.hear(line.size()) == line);
    }
    CHECK(harness.ends_with(CloseReason::finished, 2));
    CHECK(harness.stats.sessions_with_preamble.read() == 2);
    Client wrong(harness.address);
    REQUIRE(wrong.say("GET / HTTP/1.1\r\n\r\n"));
    CHECK(wrong.end() == ECONNRESET);
    CHECK(harness.ends_with(CloseReason::bad_preamble));
    Client silent(harness.address);
    CHECK(silent.end() == ECONNRESET);
    CHECK(harness.ends_with(CloseReason::preamble_timeout));
    CHECK(server.accepted == 2);
    harness.stop();
}

TEST_CASE("phases have the names that ctl shows") {
    using proxy::Phase;
    CHECK(std::string(proxy::name_of(Phase::preamble)) == "preamble");
    CHECK(std::string(proxy::name_of(Phase::connecting)) == "connecting");
    CHECK(std::string(proxy::name_of(Phase::relaying)) == "relaying");
    CHECK(std::string(proxy::name_of(Phase::closing)) == "closing");
}
