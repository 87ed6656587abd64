// How leases take part in taking endpoints out of use and bringing them back.
#include <doctest/doctest.h>

#include "pool_bench.h"
#include "ringway/upstream/passive.h"

using namespace ringway::upstream;
using namespace ringway::upstream::test;
using ringway::base::Duration;

namespace {

// A lease at the endpoint, whichever are tried on the way.
Request& lease_at(PoolBench& bench, std::size_t slot) {
    Request& request = bench.ask();
    request.tried = ~UpstreamSet::tried_bit(bench.endpoint(slot));
    request.start();
    REQUIRE(bench.turn_until([&] { return request.done; }));
    REQUIRE(request.has_lease());
    return request;
}

}  // namespace

TEST_CASE("failed exchanges take an endpoint out; one idle connection of it is the trial") {
    PoolBench bench(2);
    lease_at(bench, 0).give_back();
    for (int i = 0; i < 5; ++i) {
        Request& request = bench.ask();
        request.tried = 0b10;
        request.fresh = true;
        request.start();
        REQUIRE(bench.turn_until([&] { return request.has_lease(); }));
        request.discard(ExchangeOutcome::upstream_error);
    }
    CHECK(bench.counts().ejections.read() == 1);
    CHECK(bench.counts().ejected.read() == 1);
    CHECK(bench.counts().failures.read() == 5);
    REQUIRE(bench.counts().idle.read() == 1);
    for (int i = 0; i < 4; ++i) {
        Request& request = bench.ask_and_get();
        CHECK(request.lease->endpoint->flat_index == 1);
    }
    bench.skip(Duration::milliseconds(1001));
    // Four at once: one of them is the trial.
    std::vector<Request*> requests;
    int trials = 0;
    for (int i = 0; i < 4; ++i) {
        requests.push_back(&bench.ask_and_get());
        trials += requests.back()->lease->endpoint->flat_index == 0 ? 1 : 0;
    }
    CHECK(trials == 1);
    for (Request* each : requests) each->give_back();
    CHECK(bench.counts().ejected.read() == 0);
    CHECK_FALSE(is_marked_down(bench.endpoint(0)));
}

TEST_CASE("an operator's word also ends the count of ejected endpoints") {
    PoolBench bench(2);
    for (int i = 0; i < 5; ++i) lease_at(bench, 0).discard(ExchangeOutcome::upstream_error);
    CHECK(bench.counts().ejected.read() == 1);
    bench.endpoints.set_admin_state(0, AdminState::ready);
    CHECK(bench.turn_until([&] { return bench.counts().ejected.read() == 0; }));
}

TEST_CASE("what a client broke off says nothing about the endpoint") {
    PoolBench bench(2);
    for (int i = 0; i < 30; ++i) lease_at(bench, 0).discard(ExchangeOutcome::aborted_by_client);
    CHECK(bench.counts().ejections.read() == 0);
    CHECK(bench.counts().failures.read() == 0);
    CHECK(bench.counts().successes.read() == 0);
}

TEST_CASE("who waits for a limited endpoint is served when a back-off ends") {
    PoolBench bench(
        2, [](ringway::config::Upstream& upstream) { upstream.endpoints[0].connections_max = 1; });
    Request& holder = lease_at(bench, 0);
    // Only the endpoint at its limit is not in back-off.
    for (int i = 0; i < 3; ++i) connect_failed(bench.endpoint(1), bench.bench.now);
    REQUIRE(is_marked_down(bench.endpoint(1)));
    Request& waiter = bench.ask().start();
    bench.settle();
    CHECK_FALSE(waiter.done);
    bench.skip(Duration::milliseconds(1001));
    REQUIRE(bench.turn_until([&] { return waiter.has_lease(); }));
    CHECK(waiter.lease->endpoint->flat_index == 1);
    CHECK(holder.has_lease());
}
