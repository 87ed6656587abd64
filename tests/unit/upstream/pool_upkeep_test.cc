// What a pool does of its own accord: closing in time, keeping warm, going on with other settings.
#include <doctest/doctest.h>

#include "pool_bench.h"

using namespace ringway::upstream;
using namespace ringway::upstream::test;
using ringway::base::Duration;
namespace config = ringway::config;

namespace {

config::Endpoint retired(config::Endpoint endpoint) {
    endpoint.retired = true;
    return endpoint;
}

}  // namespace

TEST_CASE("an idle connection is closed after its time, a used one is not") {
    PoolBench bench(
        1, [](config::Upstream& upstream) { upstream.pool.idle_timeout = Duration::seconds(10); });
    Request& first = bench.ask_and_get();
    Request& second = bench.ask_and_get();
    first.give_back();
    second.give_back();
    bench.settle();
    bench.skip(Duration::seconds(6));
    bench.settle();
    Request& user = bench.ask_and_get();
    user.give_back();
    bench.skip(Duration::seconds(6));
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    CHECK(bench.counts().closed_idle.read() == 1);
    bench.settle();
    CHECK(bench.counts().idle.read() == 1);
    bench.skip(Duration::seconds(6));
    CHECK(bench.turn_until([&] { return bench.pools.is_empty(); }));
    CHECK(bench.timers.next_due().is_never());
}

TEST_CASE("a connection retires by age and by requests") {
    PoolBench by_age(
        1, [](config::Upstream& upstream) { upstream.pool.age_max = Duration::seconds(100); });
    by_age.ask_and_get().give_back();
    by_age.skip(Duration::seconds(50));
    Request& user = by_age.ask_and_get();
    CHECK(user.first_answer == Grant::reused);
    by_age.skip(Duration::seconds(51));
    by_age.settle();
    CHECK(user.has_lease());  // not while a request has it
    user.give_back();
    CHECK(by_age.counts().idle.read() == 0);
    CHECK(by_age.counts().closed_idle.read() == 1);
    by_age.ask_and_get().give_back();
    by_age.skip(Duration::seconds(30));
    by_age.ask_and_get().give_back();
    by_age.skip(Duration::seconds(55));
    by_age.settle();
    by_age.skip(Duration::seconds(16));
    CHECK(by_age.turn_until([&] { return by_age.pools.is_empty(); }));

    PoolBench by_requests(1, [](config::Upstream& upstream) { upstream.pool.requests_max = 3; });
    for (int i = 0; i < 7; ++i) by_requests.ask_and_get().give_back();
    CHECK(by_requests.counts().opened.read() == 3);
    CHECK(by_requests.counts().closed_idle.read() == 2);
}

TEST_CASE("the minimum is kept, also when the server closes and after idle times") {
    PoolBench bench(2, [](config::Upstream& upstream) {
        upstream.pool.connections_min = 3;
        upstream.pool.idle_timeout = Duration::seconds(5);
    });
    REQUIRE(bench.turn_until([&] { return bench.counts().idle.read() == 3; }));
    CHECK(bench.pools.is_warm());
    CHECK(bench.servers[0].accept() + bench.servers[1].accept() == 3);
    bench.servers[0].close(0);
    REQUIRE(bench.turn_until([&] { return bench.counts().closed_by_peer.read() == 1; }));
    REQUIRE(bench.turn_until([&] { return bench.counts().idle.read() == 3; }));
    // More than the minimum goes, the minimum stays.
    std::vector<Request*> requests;
    for (int i = 0; i < 5; ++i) requests.push_back(&bench.ask_and_get());
    for (Request* each : requests) each->give_back();
    CHECK(bench.counts().idle.read() == 5);
    const std::uint64_t opened = bench.counts().opened.read();
    bench.skip(Duration::seconds(6));
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 3; }));
    bench.skip(Duration::seconds(6));
    bench.settle();
    CHECK(bench.counts().idle.read() == 3);
    CHECK(bench.counts().closed_idle.read() == 2);
    CHECK(bench.counts().opened.read() == opened);
    // A kept one serves like any other, and is known to have been idle.
    Request& user = bench.ask_and_get();
    CHECK(user.first_answer == Grant::reused);
    CHECK(user.lease->is_reused());
}

TEST_CASE("nothing is kept at an endpoint that is down, and it is warm again when it is back") {
    PoolBench bench(2, [](config::Upstream& upstream) { upstream.pool.connections_min = 2; });
    REQUIRE(bench.turn_until([&] { return bench.counts().idle.read() == 2; }));
    bench.endpoints.set_healthy(0, false);
    bench.endpoints.set_healthy(1, false);
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 0; }));
    bench.settle();
    CHECK(bench.counts().connections.read() == 0);
    bench.endpoints.set_healthy(1, true);
    bench.skip(Duration::seconds(2));
    REQUIRE(bench.turn_until([&] { return bench.counts().idle.read() == 2; }));
    CHECK(bench.servers[0].open_count() == 0);
    CHECK(bench.servers[1].open_count() == 2);
}

TEST_CASE("at start every endpoint gets a connection before the pool is warm") {
    PoolBench bench(3, [](config::Upstream& upstream) { upstream.pool.warm = true; });
    CHECK_FALSE(bench.pools.is_warm());
    REQUIRE(bench.turn_until([&] { return bench.pools.is_warm(); }));
    CHECK(bench.counts().idle.read() == 3);
    for (Server& server : bench.servers) CHECK(server.open_count() == 1);
    // Warm at start, not for ever.
    bench.skip(Duration::seconds(61));
    CHECK(bench.turn_until([&] { return bench.pools.is_empty(); }));
}

TEST_CASE("warming gives up on endpoints that refuse or do not answer") {
    const auto warm = [](config::Upstream& upstream) { upstream.pool.warm = true; };
    for (const bool refuses : {true, false}) {
        CAPTURE(refuses);
        PoolBench bench(2, warm);
        // The first connects are on their way already: they are to fail at the second server.
        static_cast<void>(bench.servers[0].accept());
        if (refuses) bench.servers[1].refuse();
        if (!refuses) bench.servers[1].stop_answering();
        if (!refuses) bench.skip(Duration::seconds(6));
        CHECK(bench.turn_until([&] { return bench.pools.is_warm(); }));
    }
}

TEST_CASE("warming stays within the permits") {
    PoolBench bench(3, [](config::Upstream& upstream) {
        upstream.pool.warm = true;
        upstream.pool.connections_max = 2;
    });
    REQUIRE(bench.turn_until([&] { return bench.pools.is_warm(); }));
    CHECK(bench.counts().connections.read() == 2);
}

TEST_CASE("a reload retires endpoints, adds others and keeps the connections of those that stay") {
    PoolBench bench(3);
    Request& first = bench.ask_and_get();
    Request& second = bench.ask_and_get();
    Request& third = bench.ask_and_get();
    Request* of[3] = {};
    for (Request* each : {&first, &second, &third}) of[each->lease->endpoint->flat_index] = each;
    Connection* const kept = of[1]->lease;
    of[0]->give_back();
    of[1]->give_back();
    // Endpoint 0 (idle) and 2 (in use) go, a new one comes at slot 3.
    config::Settings next = bench.settings;
    Server added;
    config::Upstream& upstream = next.upstreams[0];
    upstream.endpoints[0] = retired(upstream.endpoints[0]);
    upstream.endpoints[2] = retired(upstream.endpoints[2]);
    upstream.endpoints.push_back(endpoint_at(added.port, 3));
    const config::Upstream& running = bench.reload(next);
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 2; }));
    CHECK(bench.counts().idle.read() == 1);
    CHECK(of[2]->lease->endpoint->settings == &running.endpoints[2]);
    of[2]->give_back();
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    Request& again = bench.ask_and_get();
    Request& other = bench.ask_and_get();
    Request& more = bench.ask_and_get();
    int at_added = 0;
    int at_kept = 0;
    for (Request* each : {&again, &other, &more}) {
        at_added += each->lease->endpoint->flat_index == 3 ? 1 : 0;
        at_kept += each->lease->endpoint->flat_index == 1 ? 1 : 0;
        if (each->first_answer == Grant::reused) CHECK(each->lease == kept);
    }
    CHECK(at_added >= 1);
    CHECK(at_kept >= 1);
    CHECK(at_added + at_kept == 3);
    // Back to the settings before, with the new one gone: the old endpoints serve again.
    config::Settings last = bench.settings;
    last.upstreams[0].endpoints.push_back(retired(endpoint_at(added.port, 3)));
    bench.reload(last);
    for (Request* each : {&again, &other, &more}) each->give_back();
    bench.settle();
    CHECK(added.open_count() == 0);
    std::vector<int> served(4);
    for (int i = 0; i < 6; ++i) {
        ++served[bench.ask_and_get().lease->endpoint->flat_index];
    }
    CHECK(served == std::vector<int>{2, 2, 2, 0});
}

TEST_CASE("what was on its way to an upstream that a reload takes away still gets there") {
    PoolBench bench(2, [](config::Upstream& upstream) { upstream.pool.connections_max = 1; });
    Request& first = bench.ask_and_get();
    Request& waiting = bench.ask().start();
    bench.turn();
    REQUIRE(waiting.first_answer == Grant::wait);
    waiting.tried = 0b11;  // of places that may be others' after a reload
    config::Settings next = bench.settings;
    config::Upstream& upstream = next.upstreams[0];
    upstream.retired = true;
    for (config::Endpoint& each : upstream.endpoints) each = retired(each);
    upstream.endpoints[1].retired_with_upstream = true;  // the other one had gone before
    bench.reload(next);
    first.give_back();
    REQUIRE(bench.turn_until([&] { return waiting.done; }));
    REQUIRE(waiting.has_lease());
    CHECK(waiting.lease->endpoint->flat_index == 1);
    waiting.give_back();
    // Nothing is kept there.
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 0; }));
}

TEST_CASE("a connection to an endpoint's old target is not used after a reload moved it") {
    PoolBench bench(1);
    bench.ask_and_get().give_back();
    Server elsewhere;
    config::Settings next = bench.settings;
    next.upstreams[0].endpoints[0].target.port = elsewhere.port;
    bench.reload(next);
    Request& request = bench.ask_and_get();
    CHECK(request.first_answer == Grant::connect);
    CHECK(elsewhere.open_count() == 1);
    request.give_back();
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    CHECK(bench.servers[0].open_count() == 0);
}
