// Leases: reuse, limits, waiting, and connections that are never handed out.
#include "ringway/upstream/pool_set.h"

#include <set>

#include <doctest/doctest.h>

#include "pool_bench.h"

using namespace ringway::upstream;
using namespace ringway::upstream::test;
using ringway::base::Duration;
using ringway::config::PoolOrder;
namespace config = ringway::config;

namespace {

Change at_most(std::uint32_t connections) {
    return
        [connections](config::Upstream& upstream) { upstream.pool.connections_max = connections; };
}

}  // namespace

TEST_CASE("a connection that was given back is reused, the last one first or the first one first") {
    for (const PoolOrder order : {PoolOrder::lifo, PoolOrder::fifo}) {
        CAPTURE(static_cast<int>(order));
        PoolBench bench(1, [&](config::Upstream& upstream) { upstream.pool.order = order; });
        Request& first = bench.ask_and_get();
        Request& second = bench.ask_and_get();
        CHECK(first.first_answer == Grant::connect);
        CHECK_FALSE(first.lease->is_reused());
        Connection* const one = first.lease;
        Connection* const two = second.lease;
        CHECK(bench.counts().leased.read() == 2);
        first.give_back();
        second.give_back();
        CHECK(bench.counts().idle.read() == 2);
        bench.settle();
        Request& third = bench.ask_and_get();
        CHECK(third.first_answer == Grant::reused);
        CHECK(third.lease == (order == PoolOrder::lifo ? two : one));
        CHECK(third.lease->is_reused());
        CHECK(third.lease->requests == 2);
        CHECK(third.lease->socket.is_receiving());
        CHECK(&third.lease->socket.wake() == &third.wake_up);
        CHECK(bench.servers[0].open_count() == 2);
        CHECK(bench.counts().opened.read() == 2);
        CHECK(bench.counts().leases.read() == 3);
        CHECK(bench.counts().reuses.read() == 1);
        CHECK(bench.stats.endpoints[0].requests.read() == 3);
        CHECK(bench.stats.endpoints[0].requests_active.read() == 1);
    }
}

TEST_CASE("no more connections than permitted, and waiters are served in the order they came") {
    PoolBench bench(2, at_most(3));
    std::vector<Request*> requests;
    for (int i = 0; i < 12; ++i) requests.push_back(&bench.ask().start());
    bench.settle();
    int leased = 0;
    for (Request* each : requests) leased += each->has_lease() ? 1 : 0;
    CHECK(leased == 3);
    CHECK(bench.counts().waiting.read() == 9);
    std::set<Connection*> seen;
    for (int round = 0; round < 12; ++round) {
        Request& each = *requests[static_cast<std::size_t>(round)];
        REQUIRE(bench.turn_until([&] { return each.has_lease(); }));
        seen.insert(each.lease);
        each.give_back();
    }
    CHECK(seen.size() == 3);
    for (std::size_t i = 4; i < requests.size(); ++i) {
        CHECK(requests[i]->served_as == requests[i - 1]->served_as + 1);
    }
    CHECK(bench.counts().waits.read() == 9);
    CHECK(bench.counts().wait.histogram().count() == 9);
    CHECK(bench.counts().waiting.read() == 0);
    CHECK(bench.servers[0].open_count() + bench.servers[1].open_count() == 3);
}

TEST_CASE("a newcomer does not overtake who waits") {
    PoolBench bench(1, at_most(1));
    Request& holder = bench.ask_and_get();
    Request& waiter = bench.ask().start();
    holder.give_back();
    // Before the turn comes to the queue.
    Request& newcomer = bench.ask().start();
    CHECK(newcomer.first_answer == Grant::wait);
    bench.settle();
    CHECK(waiter.has_lease());
    CHECK_FALSE(newcomer.has_lease());
    waiter.give_back();
    bench.settle();
    CHECK(newcomer.has_lease());
}

TEST_CASE("the queue has a bound") {
    PoolBench bench(1, [](config::Upstream& upstream) {
        upstream.pool.connections_max = 1;
        upstream.pool.waiters_max = 2;
    });
    Request& holder = bench.ask_and_get();
    bench.ask().start();
    bench.ask().start();
    Request& third = bench.ask().start();
    CHECK(third.done);
    CHECK(third.first_answer == Grant::full);
    CHECK(holder.has_lease());
}

TEST_CASE("who stops waiting is not served, and what it was granted serves the next") {
    PoolBench bench(1, at_most(1));
    Request& holder = bench.ask_and_get();
    Request& impatient = bench.ask().start();
    Request& next = bench.ask().start();
    bench.skip(Duration::seconds(6));
    impatient.gives_up = true;
    impatient.wake_up.set();
    bench.settle();
    CHECK(impatient.done);
    CHECK_FALSE(impatient.has_lease());
    CHECK(bench.counts().wait_timeouts.read() == 1);
    holder.give_back();
    // Granted, but its exchange ends before it takes the connection up.
    bench.pools.run_waiters();
    REQUIRE(next.grant == Grant::reused);
    bench.pools.stop_waiting(next);
    next.grant = Grant::none;
    bench.settle();
    CHECK(bench.counts().idle.read() == 1);
    CHECK(bench.counts().leased.read() == 0);
    CHECK(bench.endpoint(0).requests_active == 0);
    Request& last = bench.ask_and_get();
    CHECK(last.first_answer == Grant::reused);
    CHECK(last.lease->requests == 2);
}

TEST_CASE("a connection that died or spoke while it was idle is never handed out") {
    for (int how = 0; how < 3; ++how) {
        CAPTURE(how);
        PoolBench bench(1);
        Request& first = bench.ask_and_get();
        Request& second = bench.ask_and_get();
        Connection* const bad = second.lease;
        REQUIRE(bench.servers[0].accept() == 2);
        first.give_back();
        second.give_back();
        bench.settle();
        if (how == 0) bench.servers[0].close(1);
        if (how == 1) bench.servers[0].reset(1);
        if (how == 2) bench.servers[0].say(1, "HTTP/1.1 408 Request Timeout\r\n\r\n");
        // The completion has come, the upkeep has not run: the lease itself must look.
        while (bad->is_clean()) bench.bench.ring->turn(sys::now() + Duration::milliseconds(1));
        Request& third = bench.ask().start();
        REQUIRE(third.done);
        CHECK(third.lease != bad);
        CHECK(third.first_answer == Grant::reused);
        REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
        CHECK(bench.counts().closed_by_peer.read() == 1);
    }
}

TEST_CASE("a dead idle connection is closed without anybody asking") {
    PoolBench bench(1);
    bench.ask_and_get().give_back();
    REQUIRE(bench.servers[0].accept() == 1);
    bench.servers[0].close(0);
    CHECK(bench.turn_until([&] { return bench.counts().connections.read() == 0; }));
    CHECK(bench.counts().closed_by_peer.read() == 1);
    CHECK(bench.counts().idle.read() == 0);
    CHECK(bench.endpoint(0).active == 0);
}

TEST_CASE("what is given back unclean, and what is discarded, is closed") {
    PoolBench bench(1);
    Request& first = bench.ask_and_get();
    REQUIRE(bench.servers[0].accept() == 1);
    bench.servers[0].say(0, "surplus");
    REQUIRE(bench.turn_until([&] { return !first.lease->is_clean(); }));
    first.give_back();
    CHECK(bench.counts().idle.read() == 0);
    Request& second = bench.ask_and_get();
    CHECK(second.first_answer == Grant::connect);
    second.discard();
    REQUIRE(bench.turn_until([&] { return bench.pools.is_empty(); }));
    CHECK(bench.servers[0].open_count() == 0);
    CHECK(bench.counts().successes.read() == 2);
}

TEST_CASE("an idle connection makes room for another endpoint") {
    PoolBench bench(2, at_most(1));
    Request& first = bench.ask_and_get();
    const std::size_t used = first.lease->endpoint->flat_index;
    first.give_back();
    // The other endpoint is asked for: the one with the connection was tried.
    Request& second = bench.ask();
    second.tried = UpstreamSet::tried_bit(bench.endpoint(used));
    second.start();
    CHECK(second.first_answer == Grant::wait);
    REQUIRE(bench.turn_until([&] { return second.has_lease(); }));
    CHECK(second.lease->endpoint->flat_index == 1 - used);
    CHECK(bench.counts().evicted.read() == 1);
    CHECK(bench.servers[used].open_count() == 0);
}

TEST_CASE("no more idle connections make room than are needed") {
    PoolBench bench(2, at_most(4));
    std::vector<Request*> requests;
    for (int i = 0; i < 4; ++i) {
        requests.push_back(&bench.ask());
        requests.back()->tried = 0b10;
        requests.back()->start();
    }
    bench.settle();
    for (Request* each : requests) each->give_back();
    REQUIRE(bench.counts().idle.read() == 4);
    std::vector<Request*> others;
    for (int i = 0; i < 2; ++i) {
        others.push_back(&bench.ask());
        others.back()->tried = 0b01;
        others.back()->start();
        bench.pools.run_waiters();
    }
    REQUIRE(bench.turn_until([&] { return others[0]->has_lease() && others[1]->has_lease(); }));
    CHECK(bench.counts().evicted.read() == 2);
    CHECK(bench.counts().idle.read() == 2);
}

TEST_CASE("without a permit left, any endpoint's idle connection is better than none") {
    PoolBench bench(2, at_most(2));
    Request& first = bench.ask_and_get();
    Request& second = bench.ask_and_get();
    REQUIRE(first.lease->endpoint != second.lease->endpoint);
    first.give_back();
    for (int i = 0; i < 4; ++i) {
        Request& each = bench.ask_and_get();
        CHECK(each.first_answer == Grant::reused);
        each.give_back();
    }
    CHECK(bench.counts().evicted.read() == 0);
    CHECK(second.has_lease());
}

TEST_CASE("who needs a fresh connection gets one, though the pool is full of idle ones") {
    for (const bool endpoint_is_limited : {false, true}) {
        CAPTURE(endpoint_is_limited);
        PoolBench bench(1, [&](config::Upstream& upstream) {
            upstream.pool.connections_max = 1;
            if (endpoint_is_limited) upstream.endpoints[0].connections_max = 1;
        });
        Request& first = bench.ask_and_get();
        first.give_back();
        Request& second = bench.ask();
        second.fresh = true;
        second.start();
        REQUIRE(bench.turn_until([&] { return second.has_lease(); }));
        CHECK_FALSE(second.lease->is_reused());
        CHECK(bench.counts().opened.read() == 2);
        CHECK(bench.counts().evicted.read() == 1);
    }
}

TEST_CASE("an endpoint's own limit counts idle connections") {
    PoolBench bench(2,
                    [](config::Upstream& upstream) { upstream.endpoints[0].connections_max = 1; });
    std::vector<Request*> requests;
    for (int i = 0; i < 6; ++i) requests.push_back(&bench.ask_and_get());
    CHECK(bench.servers[0].open_count() == 1);
    CHECK(bench.servers[1].open_count() == 5);
    CHECK(bench.endpoint(0).permits_idle == 0);
    // Only the limited endpoint is left to try: the request waits for its one connection.
    Request& waiter = bench.ask();
    waiter.tried = 0b10;
    waiter.start();
    bench.settle();
    CHECK_FALSE(waiter.done);
    for (Request* each : requests) {
        if (each->lease->endpoint->flat_index == 0) each->give_back();
    }
    REQUIRE(bench.turn_until([&] { return waiter.has_lease(); }));
    CHECK(waiter.lease->is_reused());
}

TEST_CASE("no idle connection is closed for an endpoint that is at its own limit") {
    PoolBench bench(2, [](config::Upstream& upstream) {
        upstream.pool.connections_max = 2;
        upstream.endpoints[0].connections_max = 1;
    });
    Request& holder = bench.ask();
    holder.tried = 0b10;
    holder.start();
    Request& other = bench.ask();
    other.tried = 0b01;
    other.start();
    bench.settle();
    other.give_back();
    Request& waiter = bench.ask();
    waiter.tried = 0b10;
    waiter.start();
    bench.settle();
    CHECK_FALSE(waiter.done);
    CHECK(bench.counts().idle.read() == 1);
    holder.discard();
    REQUIRE(bench.turn_until([&] { return waiter.has_lease(); }));
    CHECK(bench.counts().evicted.read() == 0);
}

TEST_CASE("a refused connect frees its permit and the next endpoint is tried") {
    PoolBench bench(2, at_most(1));
    bench.servers[0].refuse();
    Request& first = bench.ask_and_get();
    CHECK(first.lease->endpoint->flat_index == 1);
    CHECK(bench.endpoint(0).active == 0);
    first.discard();
    bench.servers[1].refuse();
    bench.settle();
    Request& second = bench.ask().start();
    REQUIRE(bench.turn_until([&] { return second.done; }));
    CHECK(second.grant == Grant::none);
    CHECK(bench.counts().connect_failures.read() >= 2);
    CHECK(bench.pools.is_empty());
    CHECK(bench.endpoint(0).requests_active == 0);
    CHECK(bench.endpoint(1).requests_active == 0);
}

TEST_CASE("who gives up while dialling leaves nothing behind") {
    PoolBench bench(1);
    bench.servers[0].stop_answering();
    Request& request = bench.ask().start();
    bench.turn();
    request.gives_up = true;
    request.wake_up.set();
    REQUIRE(bench.turn_until([&] { return request.done; }));
    CHECK(request.dial_result == -ECANCELED);
    CHECK(bench.pools.is_empty());
}

TEST_CASE("a drain answers waiters at once, closes idle connections and lets leases end") {
    PoolBench bench(1, at_most(2));
    Request& first = bench.ask_and_get();
    Request& second = bench.ask_and_get();
    Request& waiter = bench.ask().start();
    bench.turn();
    bench.pools.stop();
    bench.pools.run_waiters();
    bench.turn();
    CHECK(waiter.done);
    CHECK(waiter.grant == Grant::closed);
    first.give_back();
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    CHECK(bench.counts().idle.read() == 0);
    // Requests under way may still connect, as long as they need not wait.
    Request& late = bench.ask_and_get();
    Request& too_late = bench.ask().start();
    CHECK(too_late.done);
    CHECK(too_late.grant == Grant::closed);
    bench.pools.finish();
    bench.settle();
    CHECK(bench.upkeep.running() == 1);
    late.give_back();
    second.discard();
    CHECK(bench.turn_until([&] { return bench.upkeep.running() == 0; }));
    CHECK(bench.pools.is_empty());
}

TEST_CASE("a sticky value leads back to its endpoint, and idle connections of others make room") {
    PoolBench bench(3, at_most(2));
    const StickyValue value = PoolSet::sticky_value(bench.endpoint(1));
    const int preferred = bench.pools.preferred_by(0, {value.data(), value.size()});
    CHECK(preferred == 1);
    CHECK(bench.pools.preferred_by(0, "0123456789abcdeg") == -1);
    CHECK(bench.pools.preferred_by(0, "") == -1);
    Request& first = bench.ask();
    first.tried = 0b110;
    first.start();
    Request& second = bench.ask();
    second.tried = 0b011;
    second.start();
    bench.settle();
    first.give_back();
    second.give_back();
    for (int i = 0; i < 3; ++i) {
        Request& each = bench.ask();
        each.preferred = preferred;
        each.start();
        REQUIRE(bench.turn_until([&] { return each.has_lease(); }));
        CHECK(each.lease->endpoint->flat_index == 1);
        each.give_back();
    }
    CHECK(bench.counts().evicted.read() == 1);
    bench.endpoints.set_admin_state(1, AdminState::down);
    Request& other = bench.ask();
    other.preferred = preferred;
    other.start();
    REQUIRE(bench.turn_until([&] { return other.has_lease(); }));
    CHECK(other.lease->endpoint->flat_index != 1);
}
