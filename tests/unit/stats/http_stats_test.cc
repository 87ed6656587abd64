#include "ringway/stats/http_stats.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/stats/http_reading.h"
#include "ringway/stats/shard_stats.h"
#include "ringway/stats/stats_table.h"

using namespace ringway::stats;
namespace base = ringway::base;

namespace {

constexpr base::Instant now{5'000'000'000};

template <typename Enum>
void check_names_differ(std::size_t count) {
    std::string all = " ";
    for (std::size_t index = 0; index < count; ++index) {
        const std::string name = " " + std::string(name_of(static_cast<Enum>(index))) + " ";
        CHECK(name != " unknown ");
        CHECK(all.find(name) == std::string::npos);
        all += name.substr(1);
    }
}

}  // namespace

TEST_CASE("every end and every class of methods has a name of its own") {
    check_names_differ<ExchangeEnd>(exchange_end_count);
    check_names_differ<MethodClass>(method_class_count);
}

TEST_CASE("statuses fall into the class of their first digit") {
    CHECK(status_class_of(0) == 0);
    CHECK(status_class_of(-5) == 0);
    CHECK(status_class_of(99) == 0);
    CHECK(status_class_of(101) == 1);
    CHECK(status_class_of(299) == 2);
    CHECK(status_class_of(308) == 3);
    CHECK(status_class_of(499) == 4);
    CHECK(status_class_of(503) == 5);
    CHECK(status_class_of(999) == 5);
    CHECK(name_of_status_class(0) == "none");
    CHECK(name_of_status_class(5) == "5xx");
}

TEST_CASE("an exchange is active from its begin to its end, and counted once in each respect") {
    const auto traffic = std::make_unique<TrafficStats>();
    traffic->count_begin();
    CHECK(traffic->active.read() == 1);
    ExchangeTimes times;
    times.total = base::Duration::microseconds(300);
    times.first_byte = base::Duration::microseconds(200);
    traffic->count_end(MethodClass::post, 201, ExchangeEnd::finished, times, now);
    const TrafficReading reading = read(*traffic, now);
    CHECK(reading.requests == 1);
    CHECK(reading.active == 0);
    CHECK(reading.errors == 0);
    CHECK(reading.by_method[static_cast<std::size_t>(MethodClass::post)] == 1);
    CHECK(reading.by_status_class[2] == 1);
    CHECK(reading.ended_by(ExchangeEnd::finished) == 1);
    CHECK(reading.ended() == 1);
    CHECK(reading.total.since_start.max_ns() == 300'000);
    CHECK(reading.first_byte.since_start.count() == 1);
}

TEST_CASE("phases that did not happen are not recorded") {
    const auto traffic = std::make_unique<TrafficStats>();
    traffic->count_begin();
    traffic->count_end(MethodClass::read, 200, ExchangeEnd::finished, {}, now);
    const TrafficReading reading = read(*traffic, now);
    CHECK(reading.total.since_start.count() == 1);
    CHECK(reading.queue.since_start.count() == 0);
    CHECK(reading.connect.since_start.count() == 0);
    CHECK(reading.first_byte.since_start.count() == 0);
    CHECK(reading.total.current.count == 1);
}

TEST_CASE("errors are answers of 500 and more, and responses that were not whole") {
    const auto traffic = std::make_unique<TrafficStats>();
    const auto errors_after = [&](int status, ExchangeEnd end) {
        const std::uint64_t before = traffic->errors.read();
        traffic->count_begin();
        traffic->count_end(MethodClass::read, status, end, {}, now);
        return traffic->errors.read() - before;
    };
    CHECK(errors_after(200, ExchangeEnd::finished) == 0);
    CHECK(errors_after(404, ExchangeEnd::finished) == 0);
    CHECK(errors_after(500, ExchangeEnd::finished) == 1);
    CHECK(errors_after(503, ExchangeEnd::overloaded) == 1);
    CHECK(errors_after(200, ExchangeEnd::upstream_cut) == 1);
    CHECK(errors_after(0, ExchangeEnd::request_timeout) == 1);
    CHECK(errors_after(0, ExchangeEnd::downstream_aborted) == 0);
    CHECK(errors_after(404, ExchangeEnd::no_route) == 0);
    CHECK(read(*traffic, now).error_rate() == doctest::Approx(0.5));
}

TEST_CASE("shares are not a number while there is nothing to divide by") {
    CHECK(std::isnan(TrafficReading{}.error_rate()));
    CHECK(std::isnan(PoolReading{}.reuse_ratio()));
    CHECK(std::isnan(PoolReading{}.utilisation(0)));
    PoolReading pool;
    pool.leased = 5;
    pool.leases = 10;
    pool.reuses = 9;
    CHECK(pool.utilisation(20) == doctest::Approx(0.25));
    CHECK(pool.reuse_ratio() == doctest::Approx(0.9));
}

TEST_CASE("a table grows and its objects stay where they are") {
    StatsTable<EndpointStats> table;
    CHECK(table.size() == 0);
    table.grow(3);
    std::vector<EndpointStats*> places;
    for (std::size_t index = 0; index < 3; ++index) places.push_back(&table[index]);
    std::size_t prepared = 0;
    table.grow(1'000, [&](EndpointStats& fresh) {
        fresh.requests.set(7);
        ++prepared;
    });
    CHECK(prepared == 997);
    CHECK(table.size() == 1'000);
    for (std::size_t index = 0; index < 3; ++index) CHECK(&table[index] == places[index]);
    for (std::size_t index = 0; index < 1'000; ++index) {
        REQUIRE(table[index].requests.read() == (index < 3 ? 0u : 7u));
        table[index].requests.set(index);
    }
    for (std::size_t index = 0; index < 1'000; ++index) {
        REQUIRE(table[index].requests.read() == index);
    }
    table.grow(10);
    CHECK(table.size() == 1'000);
}

TEST_CASE("a shard may count in a table while the coordinator adds to it and reads it") {
    ShardStats stats(0, StatsSizes{1, 1, 1});
    constexpr std::size_t most = 200;
    std::atomic<std::size_t> told{1};
    std::thread shard([&] {
        std::size_t known = 0;
        while (known < most) {
            known = told.load(std::memory_order_acquire);
            for (std::size_t slot = 0; slot < known; ++slot) stats.endpoints[slot].requests.add();
            stats.reset_peaks();
        }
    });
    std::uint64_t last = 0;
    for (std::size_t count = 2; count <= most; ++count) {
        stats.grow({count, 1, 1});
        told.store(count, std::memory_order_release);
        std::uint64_t sum = 0;
        for (std::size_t slot = 0; slot < stats.endpoints.size(); ++slot) {
            sum += stats.endpoints[slot].requests.read();
        }
        CHECK(sum >= last);
        last = sum;
    }
    shard.join();
    CHECK(stats.endpoints[most - 1].requests.read() >= 1);
}

TEST_CASE("what appears later has the windows of the others, and its peaks are reset with theirs") {
    ShardStats stats(0, StatsSizes{0, 1, 1});
    stats.set_window(base::Duration::seconds(1));
    stats.grow({0, 2, 2});
    const base::Duration value = base::Duration::microseconds(3);
    for (std::size_t index = 0; index < 2; ++index) {
        stats.routes[index].total.record(value, now);
        stats.upstreams[index].queue.record(value, now);
        stats.pools[index].wait.record(value, now);
    }
    stats.http.shed.record(value, now);
    const base::Instant next = now + base::Duration::seconds(1);
    for (const bool reset : {false, true}) {
        const std::uint64_t peak_ns = reset ? 0 : 3'000;
        for (std::size_t index = 0; index < 2; ++index) {
            CHECK(stats.routes[index].total.previous_window(next).peak_ns == peak_ns);
            CHECK(stats.upstreams[index].queue.previous_window(next).peak_ns == peak_ns);
            CHECK(stats.pools[index].wait.previous_window(next).peak_ns == peak_ns);
        }
        CHECK(stats.http.shed.previous_window(next).peak_ns == peak_ns);
        stats.reset_peaks();
    }
}
