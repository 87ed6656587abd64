// Limits over all shards: permits that connections hold, idle or not, and that move on request.
#include <array>
#include <numeric>

#include <doctest/doctest.h>

#include "pool_bench.h"

using namespace ringway::upstream;
using namespace ringway::upstream::test;
using ringway::base::Duration;
using ringway::base::Random;
namespace config = ringway::config;

namespace {

// What the pool has to tell its coordinator.
struct News {
    std::uint64_t asked = 0;
    std::uint64_t returned = 0;
    std::uint64_t requests_asked = 0;
    std::uint64_t requests_returned = 0;
};
News news_of(PoolBench& bench) {
    News news;
    const auto into = [](std::uint64_t& sum) {
        return [&sum](std::size_t upstream, std::uint64_t count) {
            CHECK(upstream == 0);
            sum += count;
            return true;
        };
    };
    bench.pools.report_permits(into(news.asked), into(news.returned), into(news.requests_asked),
                               into(news.requests_returned));
    return news;
}

Change of_total(std::uint32_t connections) {
    return
        [connections](config::Upstream& upstream) { upstream.pool.connections_max = connections; };
}

}  // namespace

TEST_CASE("a shard without a permit asks for one, once, and is served when it is granted") {
    // Four in all, of which this shard holds one.
    PoolBench bench(1, of_total(4), 1);
    Request& first = bench.ask_and_get();
    CHECK_FALSE(bench.pools.has_permit_news());
    Request& second = bench.ask().start();
    bench.settle();
    CHECK_FALSE(second.done);
    CHECK(bench.pools.has_permit_news());
    CHECK(news_of(bench).asked == 1);
    Request& third = bench.ask().start();
    bench.settle();
    CHECK(news_of(bench).asked == 1);
    bench.settle();
    CHECK_FALSE(bench.pools.has_permit_news());
    bench.pools.grant_permits(0, 1);
    REQUIRE(bench.turn_until([&] { return second.has_lease(); }));
    CHECK_FALSE(third.done);
    CHECK(first.has_lease());
}

TEST_CASE("a report that could not be made is made later") {
    PoolBench bench(1, of_total(4), 1);
    bench.ask_and_get();
    bench.ask().start();
    bench.settle();
    const auto refuse = [](std::size_t, std::uint64_t) { return false; };
    bench.pools.report_permits(refuse, refuse, refuse, refuse);
    CHECK(bench.pools.has_permit_news());
    CHECK(news_of(bench).asked == 1);
    CHECK_FALSE(bench.pools.has_permit_news());
}

TEST_CASE("a recall takes idle permits at once and frees those of idle connections") {
    PoolBench bench(1, of_total(4));
    Request& first = bench.ask_and_get();
    Request& second = bench.ask_and_get();
    Request& third = bench.ask_and_get();
    second.give_back();
    third.give_back();
    CHECK(bench.pools.recall_permits(0, 3) == 1);
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    CHECK(news_of(bench).returned == 2);
    CHECK(bench.counts().evicted.read() == 2);
    CHECK(first.has_lease());
    // Nothing idle is left: the rest follows when the lease comes back.
    CHECK(bench.pools.recall_permits(0, 1) == 0);
    bench.settle();
    CHECK(news_of(bench).returned == 0);
    first.give_back();
    CHECK(bench.counts().idle.read() == 0);
    REQUIRE(bench.turn_until([&] { return bench.pools.is_empty(); }));
    CHECK(news_of(bench).returned == 1);
    CHECK(bench.pools.recall_permits(0, 1) == 0);
    // And none is owed any more: what is granted now stays.
    bench.pools.grant_permits(0, 1);
    bench.ask_and_get().give_back();
    bench.settle();
    CHECK(bench.counts().idle.read() == 1);
}

TEST_CASE("a recall closes no more idle connections than it needs, however often it comes") {
    PoolBench bench(1, of_total(4));
    std::vector<Request*> requests;
    for (int i = 0; i < 4; ++i) requests.push_back(&bench.ask_and_get());
    for (Request* each : requests) each->give_back();
    for (int i = 0; i < 5; ++i) CHECK(bench.pools.recall_permits(0, 1) == 0);
    bench.settle();
    CHECK(bench.counts().connections.read() == 3);
    CHECK(news_of(bench).returned == 1);
}

TEST_CASE("an endpoint's permits are recalled from idle connections, too") {
    PoolBench bench(1,
                    [](config::Upstream& upstream) { upstream.endpoints[0].connections_max = 3; });
    bench.endpoints.grant_permits(0, 1);
    Request& first = bench.ask_and_get();
    bench.ask_and_get().give_back();
    CHECK(bench.pools.recall_endpoint_permits(0, 1) == 0);
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    std::uint64_t returned = 0;
    bench.endpoints.report_permits([](std::size_t, std::uint64_t) { return true; },
                                   [&](std::size_t slot, std::uint64_t count) {
                                       CHECK(slot == 0);
                                       returned += count;
                                       return true;
                                   });
    CHECK(returned == 1);
    CHECK(first.has_lease());
    CHECK(bench.pools.recall_endpoint_permits(0, 1) == 0);
    first.give_back();
    CHECK(bench.turn_until([&] { return bench.pools.is_empty(); }));
}

TEST_CASE("where both sides are short, few connections change sides") {
    PoolBench bench(1, of_total(4), 2);
    Request& first = bench.ask_and_get();
    Request& second = bench.ask_and_get();
    Request& waiter = bench.ask().start();
    bench.settle();
    REQUIRE(bench.counts().waiting.read() == 1);
    CHECK(bench.pools.recall_permits(0, 1) == 0);
    // Asked for more right away: one is on its way, and the waiter goes first now.
    CHECK(bench.pools.recall_permits(0, 2) == 0);
    first.give_back();
    second.give_back();
    REQUIRE(bench.turn_until([&] { return waiter.has_lease(); }));
    CHECK(waiter.lease->is_reused());
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 1; }));
    CHECK(news_of(bench).returned == 1);
    // After a while another one may go.
    Request& next = bench.ask().start();
    bench.skip(Duration::milliseconds(20));
    CHECK(bench.pools.recall_permits(0, 1) == 0);
    waiter.give_back();
    REQUIRE(bench.turn_until([&] { return bench.counts().connections.read() == 0; }));
    CHECK(news_of(bench).returned == 1);
    CHECK_FALSE(next.done);
}

TEST_CASE("requests in flight are limited, and more is asked for before it is missing") {
    PoolBench bench(1, [](config::Upstream& upstream) { upstream.requests_max = 8; });
    // All eight are here: nobody has more to give.
    for (int i = 0; i < 8; ++i) CHECK(bench.pools.begin_request(0));
    CHECK_FALSE(bench.pools.begin_request(0));
    CHECK(news_of(bench).requests_asked == 0);
    CHECK(bench.pools.recall_request_permits(0, 3) == 0);
    for (int i = 0; i < 3; ++i) bench.pools.end_request(0);
    CHECK(news_of(bench).requests_returned == 3);
    CHECK_FALSE(bench.pools.begin_request(0));
    CHECK(news_of(bench).requests_asked == 2);
    CHECK_FALSE(bench.pools.begin_request(0));
    CHECK(news_of(bench).requests_asked == 0);
    bench.pools.grant_request_permits(0, 2);
    // The last but one still finds one idle, and asks ahead.
    CHECK(bench.pools.begin_request(0));
    CHECK(bench.pools.begin_request(0));
    CHECK(news_of(bench).requests_asked == 1);
    for (int i = 0; i < 7; ++i) bench.pools.end_request(0);

    PoolBench unlimited(1);
    for (int i = 0; i < 1000; ++i) REQUIRE(unlimited.pools.begin_request(0));
    for (int i = 0; i < 1000; ++i) unlimited.pools.end_request(0);
    CHECK_FALSE(unlimited.pools.has_permit_news());
}

TEST_CASE(
    "a limit that a reload brings exempts what is in use, and one that it lifts is forgotten") {
    PoolBench bench(1);
    REQUIRE(bench.pools.begin_request(0));
    REQUIRE(bench.pools.begin_request(0));
    config::Settings next = bench.settings;
    next.upstreams[0].requests_max = 2;
    bench.reload(next, 1);
    CHECK(bench.pools.begin_request(0));
    CHECK_FALSE(bench.pools.begin_request(0));
    bench.pools.end_request(0);
    bench.pools.end_request(0);
    // The two from before brought no permit back.
    CHECK_FALSE(bench.pools.begin_request(0));
    bench.pools.end_request(0);
    CHECK(bench.pools.begin_request(0));
    next.upstreams[0].requests_max = 0;
    bench.reload(next);
    for (int i = 0; i < 5; ++i) CHECK(bench.pools.begin_request(0));
    for (int i = 0; i < 6; ++i) bench.pools.end_request(0);
}

TEST_CASE("permits are neither lost nor made while connections come and go") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        constexpr std::uint32_t total = 5;
        PoolBench bench(3, of_total(total), 2);
        std::uint64_t elsewhere = total - 2;
        std::uint64_t peak = 0;
        Random random(seed);
        std::vector<Request*> requests;
        for (int step = 0; step < 250; ++step) {
            const auto some = [&]() -> Request* {
                return requests.empty() ? nullptr : requests[random.below(requests.size())];
            };
            switch (random.below(9)) {
                case 0:
                case 1:
                case 2: {
                    Request& request = bench.ask();
                    request.fresh = random.chance(1, 5);
                    request.tried = random.below(4);
                    requests.push_back(&request.start());
                    break;
                }
                case 3:
                case 4:
                    if (Request* one = some(); one != nullptr && one->has_lease()) one->give_back();
                    break;
                case 5:
                    if (Request* one = some(); one != nullptr && one->has_lease()) one->discard();
                    break;
                case 6:
                    if (Request* one = some(); one != nullptr && !one->done) {
                        one->gives_up = true;
                        one->wake_up.set();
                    }
                    break;
                case 7: elsewhere += bench.pools.recall_permits(0, random.below(3)); break;
                default: {
                    const std::uint64_t count = random.below(elsewhere + 1);
                    elsewhere -= count;
                    bench.pools.grant_permits(0, count);
                    Server& server = bench.servers[random.below(3)];
                    const std::size_t known = server.accept();
                    const std::size_t victim = known == 0 ? 0 : random.below(known);
                    if (known != 0 && server.accepted[victim] >= 0) server.close(victim);
                }
            }
            bench.turn();
            elsewhere += news_of(bench).returned;
            const std::uint64_t open = bench.counts().connections.read();
            REQUIRE(open + elsewhere <= total);
            peak = std::max(peak, open);
        }
        CHECK(peak >= 2);
        for (Request* each : requests) {
            if (each->done) continue;
            each->gives_up = true;
            each->wake_up.set();
        }
        bench.settle();
        for (Request* each : requests) {
            if (each->has_lease()) each->discard();
        }
        const auto came_home = [&] { return bench.counts().leased.read() == 0; };
        REQUIRE(bench.turn_until(came_home));
        // All that is not elsewhere is here: as many connections as that can be had.
        elsewhere += bench.pools.recall_permits(0, total);
        const auto all_back = [&] {
            elsewhere += news_of(bench).returned;
            return elsewhere == total;
        };
        CHECK(bench.turn_until(all_back));
        CHECK(bench.pools.is_empty());
        CHECK(bench.counts().idle.read() == 0);
        CHECK(bench.counts().waiting.read() == 0);
        for (std::size_t slot = 0; slot < 3; ++slot) {
            CHECK(bench.endpoint(slot).active == 0);
            CHECK(bench.endpoint(slot).requests_active == 0);
        }
    }
}
