#include "ringway/load/generator.h"

#include <doctest/doctest.h>

#include "tampering_relay.h"

using namespace ringway;
using namespace ringway::load;
using Tamper = TamperingRelay::Tamper;

namespace {

std::unique_ptr<Generator> open_generator() {
    auto generator = Generator::open({});
    REQUIRE(generator);
    return std::move(*generator);
}

// Short runs: what is tested is what they notice, not how fast they are.
template <typename Plan>
Plan brief(std::uint16_t port) {
    Plan plan;
    plan.target = Target::loopback(port);
    plan.warm_up = base::Duration::milliseconds(20);
    plan.measure = base::Duration::milliseconds(100);
    plan.patience = base::Duration::milliseconds(500);
    return plan;
}

LoadReport exchange_through(Tamper tamper,
                            base::Duration measure = base::Duration::milliseconds(100)) {
    const auto generator = open_generator();
    const TamperingRelay relay(generator->origin_port(), tamper);
    auto plan = brief<ExchangePlan>(relay.port());
    plan.connections = 4;
    plan.measure = measure;
    return generator->run(plan);
}

LoadReport bulk_through(Tamper tamper, base::Duration measure = base::Duration::milliseconds(100)) {
    const auto generator = open_generator();
    const TamperingRelay relay(generator->origin_port(), tamper);
    auto plan = brief<BulkPlan>(relay.port());
    plan.measure = measure;
    return generator->run(plan);
}

}  // namespace

TEST_CASE("both ends count the same exchanges, and every one has a latency") {
    const auto generator = open_generator();
    auto plan = brief<ExchangePlan>(generator->origin_port());
    plan.connections = 16;
    bool began = false, ended = false;
    const LoadReport report =
        generator->run(plan, {.begin = [&] { began = true; }, .end = [&] { ended = true; }});
    CHECK(began);
    CHECK(ended);
    CHECK(report.errors.total() == 0);
    CHECK(report.exchanges > 100);
    CHECK(report.latency.count() == report.exchanges);
    CHECK(report.client_exchanges >= report.exchanges);
    CHECK(report.client_exchanges == report.origin_exchanges);
    CHECK(report.window >= plan.measure);
}

TEST_CASE("messages larger than one buffer are put together and compared") {
    const auto generator = open_generator();
    auto plan = brief<ExchangePlan>(generator->origin_port());
    plan.connections = 4;
    plan.request_bytes = 100'000;
    plan.response_bytes = 300'001;
    const LoadReport report = generator->run(plan);
    CHECK(report.errors.total() == 0);
    CHECK(report.client_exchanges > 4);
    CHECK(report.client_exchanges == report.origin_exchanges);
}

TEST_CASE("under churn every connection ends after its exchanges, the origin first") {
    const auto generator = open_generator();
    auto plan = brief<ExchangePlan>(generator->origin_port());
    plan.exchanges_per_connection = 3;
    const LoadReport report = generator->run(plan);
    CHECK(report.errors.total() == 0);
    CHECK(report.connections > 50);
    CHECK(report.client_exchanges == report.origin_exchanges);
}

TEST_CASE("bulk streams deliver what was sent, either way and from either source") {
    const auto generator = open_generator();
    for (const bool upload : {false, true}) {
        for (const bool from_memory : {false, true}) {
            CAPTURE(upload);
            CAPTURE(from_memory);
            auto plan = brief<BulkPlan>(generator->origin_port());
            plan.streams = 3;
            plan.upload = upload;
            plan.from_memory = from_memory;
            const LoadReport report = generator->run(plan);
            CHECK(report.errors.total() == 0);
            CHECK(report.bytes > 1'000'000);
            CHECK(report.source_bytes == report.sink_bytes);
            CHECK(report.bytes_compared > 0);
        }
    }
}

TEST_CASE("held connections stay until they are released") {
    const auto generator = open_generator();
    auto plan = brief<ExchangePlan>(generator->origin_port());
    plan.connections = 300;
    const LoadReport opened = generator->hold(plan);
    CHECK(opened.errors.total() == 0);
    CHECK(opened.client_exchanges == 300);
    const LoadReport released = generator->release();
    CHECK(released.errors.total() == 0);
    CHECK(released.client_exchanges == 300);
    CHECK(generator->run(plan).errors.total() == 0);
}

TEST_CASE("an honest relay in between causes no errors") {
    const LoadReport exchanges = exchange_through(Tamper::nothing);
    CHECK(exchanges.errors.total() == 0);
    CHECK(exchanges.exchanges > 10);
    const LoadReport bulk = bulk_through(Tamper::nothing);
    CHECK(bulk.source_bytes > 0);
    CHECK(bulk.errors.wrong_bytes == 0);
}

TEST_CASE("a changed byte is noticed") {
    CHECK(exchange_through(Tamper::flip_bytes).errors.wrong_bytes > 0);
    CHECK(bulk_through(Tamper::flip_bytes).errors.wrong_bytes > 0);
}

TEST_CASE("a lost byte is noticed") {
    CHECK(exchange_through(Tamper::drop_byte).errors.total() > 0);
    CHECK(bulk_through(Tamper::drop_byte).errors.wrong_bytes > 0);
}

TEST_CASE("an answer that went to another connection is noticed") {
    CHECK(exchange_through(Tamper::cross_wires).errors.wrong_bytes > 0);
}

TEST_CASE("a connection that ends in the middle of an answer is noticed") {
    CHECK(exchange_through(Tamper::cut_off).errors.early_end > 0);
    CHECK(bulk_through(Tamper::cut_off).errors.total() > 0);
}

TEST_CASE("a proxy that stops answering ends the run as stalled") {
    CHECK(exchange_through(Tamper::fall_silent, base::Duration::seconds(30)).errors.stalled > 0);
    CHECK(bulk_through(Tamper::fall_silent, base::Duration::seconds(30)).errors.stalled > 0);
}

TEST_CASE("nobody listening is a connect error") {
    const auto generator = open_generator();
    std::uint16_t free_port = 0;
    {
        const TamperingRelay relay(generator->origin_port(), Tamper::nothing);
        free_port = relay.port();
    }
    CHECK(generator->run(brief<ExchangePlan>(free_port)).errors.connect > 0);
    CHECK(generator->run(brief<BulkPlan>(free_port)).errors.connect > 0);
}

TEST_CASE("an unknown congestion control is refused") {
    CHECK_FALSE(Generator::open({.congestion = "no-such-algorithm"}));
}
