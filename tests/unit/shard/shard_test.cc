#include "ringway/shard/shard.h"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "harness.h"
#include "ringway/base/random.h"

using namespace ringway;
using namespace ringway::shard;
using namespace ringway::shard::test;
using stats::CloseReason;

namespace {

// Long enough for a shard to do what it must not do.
void settle() { ::usleep(100'000); }

}  // namespace

TEST_CASE("connections are served, counted, and nothing is left after the drain") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    base::Random random(1);
    std::uint64_t bytes = 0;
    for (int i = 0; i < 30; ++i) {
        Client client(harness.address);
        REQUIRE(client.error == 0);
        for (std::uint64_t round = 0; round <= random.below(3); ++round) {
            const auto length = static_cast<std::size_t>(1 + random.below(50'000));
            CHECK(client.echoes(std::string(length, static_cast<char>('a' + i % 26))));
            bytes += length;
        }
        client.finish();
        CHECK(client.end() == 0);
    }
    CHECK(harness.ends_with(CloseReason::finished, 30));
    CHECK(harness.stats.accepted.read() == 30);
    CHECK(harness.stats.listeners[0].accepted.read() == 30);
    CHECK(harness.stats.endpoints[0].connections.read() == 30);
    CHECK(harness.stats.endpoints[0].bytes_up.read() == bytes);
    CHECK(harness.stats.endpoints[0].bytes_down.read() == bytes);
    CHECK(harness.stats.direction[0].bytes.read() == bytes);
    CHECK(harness.stats.direction[1].bytes.read() == bytes);
    harness.stop();
}

TEST_CASE("many at a time: more permits than the backlog, all clients at once") {
    EchoServer server;
    Harness harness({server.address});
    harness.settings.listeners[0].backlog = 16;
    harness.settings.connections_max = 200;
    harness.permits = 200;
    harness.start();
    std::deque<Client> clients;
    for (int i = 0; i < 50; ++i) clients.emplace_back(harness.address);
    for (Client& client : clients) CHECK(client.echoes("hello"));
    CHECK(harness.stats.active.read() == 50);
    clients.clear();
    CHECK(harness.ends_with(CloseReason::finished, 50));
    harness.stop();
}

TEST_CASE("as many are accepted as there are permits, the others wait in the queue") {
    EchoServer server;
    Harness harness({server.address});
    harness.permits = 3;
    harness.start();
    std::deque<Client> clients;
    for (int i = 0; i < 8; ++i) clients.emplace_back(harness.address);
    for (Client& client : clients) REQUIRE(client.say("hello"));
    CHECK(wait_until([&] { return harness.stats.accepted.read() == 3; }));
    const auto wanted = harness.expect<WantPermits>();
    CHECK(wanted.pool == PermitPool{});
    CHECK(wanted.count > 0);
    settle();
    CHECK(harness.stats.accepted.read() == 3);
    CHECK(server.accepted == 3);

    // One leaves: exactly one more is let in.
    CHECK(clients.front().hear(5) == "hello");
    clients.pop_front();
    CHECK(wait_until([&] { return harness.stats.accepted.read() == 4; }));
    settle();
    CHECK(harness.stats.accepted.read() == 4);

    // Two permits more: exactly two more. None is idle, so none can be recalled.
    harness.tell(GrantPermits{{}, 2});
    CHECK(wait_until([&] { return harness.stats.accepted.read() == 6; }));
    settle();
    CHECK(harness.stats.accepted.read() == 6);
    harness.tell(RecallPermits{{}, 100});
    CHECK(harness.expect<ReturnPermits>().count == 0);

    for (Client& client : clients) {
        CHECK(client.hear(5) == "hello");
        client.close();
    }
    CHECK(harness.ends_with(CloseReason::finished, 8));
    // All five of them are idle again, and come back no more and no less.
    harness.tell(RecallPermits{{}, 2});
    CHECK(harness.expect<ReturnPermits>().count == 2);
    harness.tell(RecallPermits{{}, 100});
    CHECK(harness.expect<ReturnPermits>().count == 3);
    Client late(harness.address);
    settle();
    CHECK(harness.stats.accepted.read() == 8);
    harness.tell(GrantPermits{{}, 1});
    CHECK(late.echoes("at last"));
    late.close();
    harness.stop(base::Duration::seconds(5));
}

TEST_CASE("a drain refuses newcomers, lets connections finish, and ends with the last of them") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    Client stays(harness.address);
    CHECK(stays.echoes("before"));
    harness.tell(Drain{base::Instant::never()});
    CHECK(wait_until([&] { return Client(harness.address).error == ECONNREFUSED; }));
    CHECK(stays.echoes("still served"));
    Drained drained;
    settle();
    CHECK_FALSE(harness.take(drained));
    stays.finish();
    CHECK(stays.end() == 0);
    stays.close();
    harness.stop(base::Duration::seconds(5));
    // The probing clients above may have got in before the listener was closed.
    CHECK(harness.closed(CloseReason::drained) == 0);
}

TEST_CASE("the deadline of a drain cuts off who is left; a later drain may only be shorter") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    Client stays(harness.address);
    CHECK(stays.echoes("before"));
    const base::Instant asked = sys::now();
    harness.tell(Drain{in_ms(300)});
    harness.tell(Drain{in_ms(60'000)});
    CHECK(stays.end() == 0);  // nothing was under way: an orderly end
    CHECK(sys::now() - asked >= base::Duration::milliseconds(300));
    CHECK(sys::now() - asked < base::Duration::seconds(30));
    CHECK(harness.ends_with(CloseReason::drained));
    harness.stop();
}

TEST_CASE("a draining shard still serves what was in its queue") {
    EchoServer server;
    Harness harness({server.address});
    harness.permits = 1;
    harness.start();
    Client first(harness.address);
    CHECK(first.echoes("first"));
    Client queued(harness.address);
    REQUIRE(queued.say("queued"));
    harness.expect<WantPermits>();
    harness.tell(GrantPermits{{}, 1});
    harness.tell(Drain{in_ms(5'000)});
    CHECK(queued.hear(6) == "queued");
    first.close();
    queued.close();
    harness.stop(base::Duration::seconds(5));
    CHECK(harness.closed(CloseReason::finished) == 2);
}

TEST_CASE("a listener that hands over gives its connections to the coordinator, who deals them") {
    EchoServer server;
    Harness harness({server.address});
    harness.hands_over = true;
    harness.start();
    Client client(harness.address);
    const auto handed = harness.expect<HandOver>();
    CHECK(handed.listener == 0);
    REQUIRE(handed.fd >= 0);
    CHECK(harness.stats.accepted.read() == 1);
    CHECK(harness.stats.active.read() == 0);
    harness.handed_over = 1;
    harness.tell(Adopt{handed.fd, handed.listener});
    harness.adopted = 1;
    CHECK(client.echoes("adopted"));
    CHECK(harness.stats.active.read() == 1);
    CHECK(harness.stats.accepted.read() == 1);
    client.close();
    CHECK(harness.ends_with(CloseReason::finished));
    harness.stop();
}

TEST_CASE("listing connections shows each as it is, and no more rows than wanted") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    Client one(harness.address);
    Client two(harness.address);
    CHECK(one.echoes("12345"));
    CHECK(two.echoes("1234567890"));
    harness.tell(ListConnections{10});
    const auto all = harness.expect<Connections>();
    CHECK(all.total == 2);
    REQUIRE(all.rows.size() == 2);
    CHECK(all.rows[0].id != all.rows[1].id);
    for (const ConnectionRow& row : all.rows) {
        const bool is_one = row.client == one.address();
        CHECK((is_one || row.client == two.address()));
        CHECK(row.bytes_up == (is_one ? 5 : 10));
        CHECK(row.bytes_down == (is_one ? 5 : 10));
        CHECK(row.shard == 0);
        CHECK(row.listener == 0);
        CHECK(row.endpoint == 0);
        CHECK(std::string(row.state) == "relaying");
        CHECK(std::string(row.mode_up) == "copy");
        CHECK(row.age_ms >= row.idle_ms);
    }
    harness.tell(ListConnections{1});
    const auto some = harness.expect<Connections>();
    CHECK(some.total == 2);
    CHECK(some.rows.size() == 1);
    harness.tell(ListConnections{0});
    CHECK(harness.expect<Connections>().rows.empty());
    harness.stop();
    CHECK(harness.closed(CloseReason::drained) == 2);
}

TEST_CASE("a shard that gets no descriptor says so instead of starting") {
    EchoServer server;
    Harness harness({server.address});
    ShardWiring wiring = harness.wiring();
    const int listener = wiring.listener_fds[0];
    {
        Shard shard(std::move(wiring));
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        const int next_free = ::fcntl(listener, F_DUPFD, 0);
        ::close(next_free);
        const rlimit none{static_cast<rlim_t>(next_free), before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        const auto started = shard.start();
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
        REQUIRE_FALSE(started.has_value());
        CHECK(started.error().os_error == EMFILE);
        const auto told = harness.expect<Started>();
        CHECK(told.os_error == EMFILE);
        CHECK(told.what == "io_uring");
    }
    ::close(listener);
}

TEST_CASE("a reload sends new connections elsewhere and leaves the live ones where they are") {
    EchoServer before;
    EchoServer after;
    Harness harness({before.address});
    harness.start();
    Client old(harness.address);
    CHECK(old.echoes("hello"));

    auto plan = std::make_shared<ReloadPlan>();
    config::Settings fresh = harness.settings;
    config::Endpoint added = fresh.upstreams[0].endpoints[0];
    fresh.upstreams[0].endpoints[0].retired = true;
    added.name = after.address.to_string();
    added.target.port = after.address.port();
    added.slot = 1;
    fresh.upstreams[0].endpoints.push_back(added);
    plan->generation = 2;
    plan->settings = std::make_shared<const config::Settings>(std::move(fresh));
    plan->addresses = {{before.address}, {after.address}};
    plan->shares.endpoints = {0, 0};
    harness.stats.grow({.endpoints = 2, .routes = 0, .upstreams = 1});
    harness.tell(Reload{plan});
    CHECK(harness.expect<Reloaded>().generation == 2);

    Client fresh_client(harness.address);
    CHECK(fresh_client.echoes("hello"));
    CHECK(after.accepted == 1);
    CHECK(old.echoes("still here"));
    CHECK(before.accepted == 1);
    CHECK(harness.stats.endpoints[1].connections.read() == 1);
    harness.stop();
}

TEST_CASE("a limit that is new takes its first share with the reload") {
    EchoServer server;
    Harness harness({server.address});
    harness.start();
    Client old(harness.address);
    CHECK(old.echoes("hello"));

    auto plan = std::make_shared<ReloadPlan>();
    config::Settings fresh = harness.settings;
    fresh.upstreams[0].endpoints[0].connections_max = 2;
    plan->generation = 2;
    plan->settings = std::make_shared<const config::Settings>(std::move(fresh));
    plan->addresses = {{server.address}};
    plan->shares.endpoints = {1};
    harness.tell(Reload{plan});
    harness.expect<Reloaded>();

    Client first(harness.address);
    CHECK(first.echoes("hello"));
    Client second(harness.address);
    CHECK(second.say("hello"));
    const auto wanted = harness.expect<WantPermits>();
    CHECK(wanted.pool == pool_of(PermitKind::endpoint, 0));
    CHECK(server.accepted == 2);
    harness.tell(GrantPermits{wanted.pool, 1});
    CHECK(second.hear(5) == "hello");
    harness.stop();
}
