#include <span>
#include <string>

#include <doctest/doctest.h>

#include "ringway/bench/run.h"
#include "ringway/mock/origin.h"
#include "ringway/mock/pattern.h"
#include "scripted_server.h"
#include "worker/bulk_client.h"

namespace ringway::bench {
namespace {

RunPlan bulk_plan(Work work, const Destination& destination) {
    RunPlan plan;
    plan.destination = destination;
    plan.work = work;
    plan.connections = 2;
    plan.warm_up = base::Duration::milliseconds(50);
    plan.measure = base::Duration::milliseconds(300);
    return plan;
}

RunResult result_of(const RunPlan& plan) {
    auto result = run(plan);
    REQUIRE(result);
    return *result;
}

std::unique_ptr<mock::Origin> origin_of(mock::Mode mode, std::uint64_t bytes = 0) {
    mock::OriginSettings settings;
    settings.mode = mode;
    settings.bytes = bytes;
    auto origin = mock::Origin::open(settings);
    REQUIRE(origin);
    (*origin)->start();
    return std::move(*origin);
}

std::string pattern_at(std::uint64_t offset, std::size_t bytes) {
    std::string text(bytes, '\0');
    mock::fill_pattern(offset, std::as_writable_bytes(std::span(text)));
    return text;
}

TEST_CASE("any part of the pattern is recognised, and any wrong byte in it") {
    const PatternCheck check;
    for (const std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{65'535}, std::uint64_t{1} << 24,
          (std::uint64_t{1} << 32) - 70'000, (std::uint64_t{3} << 40) + 12'345}) {
        CAPTURE(offset);
        std::string text = pattern_at(offset, 200'000);
        CHECK(check.matches(offset, text));
        CHECK(check.matches(offset + 7, std::string_view(text).substr(7, 9)));
        CHECK_FALSE(check.matches(offset + 1, text));
        CHECK_FALSE(check.matches(offset + 65'536, text));
        for (const std::size_t at : {std::size_t{0}, std::size_t{65'536}, text.size() - 1}) {
            text[at] ^= 0x40;
            CHECK_FALSE(check.matches(offset, text));
            text[at] ^= 0x40;
        }
    }
    CHECK(check.matches(5, ""));
}

TEST_CASE("a download takes what comes, for as long as the window is open") {
    const auto origin = origin_of(mock::Mode::source);
    RunPlan plan = bulk_plan(Work::download, loopback(origin->port(), false));
    plan.verification.check = BodyCheck::hash;
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.unfinished == 0);
    CHECK(result.body_bytes_in > 1'000'000);
    CHECK(result.body_bytes_in == result.bytes_in);
    CHECK(result.goodput() > 0);
    CHECK(result.answered >= result.body_bytes_in / bulk_block_bytes - 2);
    CHECK(result.answered <= result.body_bytes_in / bulk_block_bytes + 2);
    CHECK(result.latency.count() == result.answered);
    CHECK(result.latency.max_ns() > 0);
    CHECK(result.begun_in_all == 2);
    CHECK(origin->counters().bytes_out >= result.body_bytes_in);
}

TEST_CASE("downloads that end are counted, and begin again") {
    const auto origin = origin_of(mock::Mode::source, 300'000);
    RunPlan plan = bulk_plan(Work::download, loopback(origin->port(), false));
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(20);
    plan.requests_max = 10;
    plan.verification.check = BodyCheck::hash;
    plan.verification.expected_body_bytes = 300'000;
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.begun == 10);
    CHECK(result.body_bytes_in == 10 * 300'000);
    CHECK(result.answered == 10 * (300'000 / bulk_block_bytes));
    CHECK(origin->counters().accepted >= 10);
    plan.verification.expected_body_bytes = 300'001;
    CHECK(result_of(plan).errors[ErrorKind::short_body] == 10);
    plan.verification.expected_body_bytes = 299'999;
    plan.verification.check = BodyCheck::length;
    CHECK(result_of(plan).errors[ErrorKind::wrong_body] == 10);
}

TEST_CASE("a download with one wrong byte is an error, when it was asked to look") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        std::string text = pattern_at(0, 1'000'000);
        if (peer.number() == 0) text[777'777] ^= 1;
        peer.pause_ms(100);
        peer.write(text);
        peer.wait_for_end();
    });
    RunPlan plan = bulk_plan(Work::download, server.destination(false));
    plan.connections = 1;
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(1);
    plan.verification.check = BodyCheck::hash;
    const RunResult result = result_of(plan);
    CHECK(result.errors[ErrorKind::wrong_body] == 1);
    CHECK(result.errors.total() == 1);
}

TEST_CASE("an upload sends for as long as the window is open") {
    const auto origin = origin_of(mock::Mode::sink);
    const RunResult result = result_of(bulk_plan(Work::upload, loopback(origin->port(), false)));
    CHECK(result.errors.total() == 0);
    CHECK(result.unfinished == 0);
    CHECK(result.bytes_out > 1'000'000);
    CHECK(result.goodput() > 0);
    CHECK(result.answered >= 10);
    CHECK(result.latency.count() == result.answered);
    CHECK(result.begun_in_all == 2);
    CHECK(origin->counters().accepted == 2);
}

TEST_CASE("a peer that goes away or stands still is an error of an upload") {
    const ScriptedServer leaving([](ScriptedPeer& peer) {
        char some[1000];
        peer.read_exactly(some, sizeof some);
        if (peer.number() == 0) return;  // with bytes unread: a reset
        peer.wait_for_end();
    });
    RunPlan plan = bulk_plan(Work::upload, leaving.destination(false));
    plan.connections = 1;
    plan.warm_up = {};
    const RunResult left = result_of(plan);
    CHECK(left.errors[ErrorKind::reset] + left.errors[ErrorKind::short_body] == 1);
    CHECK(left.errors.total() == 1);
    const ScriptedServer still([](ScriptedPeer& peer) {
        while (!peer.stopping()) peer.pause_ms(5);
    });
    RunPlan patient = bulk_plan(Work::upload, still.destination(false));
    patient.connections = 1;
    patient.warm_up = {};
    patient.measure = base::Duration::milliseconds(700);
    patient.timeout = base::Duration::milliseconds(400);
    CHECK(result_of(patient).errors[ErrorKind::timeout] == 1);
}

}  // namespace
}  // namespace ringway::bench
