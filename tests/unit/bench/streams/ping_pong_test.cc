#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/bench/run.h"
#include "ringway/mock/origin.h"
#include "scripted_server.h"

namespace ringway::bench {
namespace {

RunPlan ping_pong_plan(const Destination& destination, std::size_t message_bytes) {
    RunPlan plan;
    plan.destination = destination;
    plan.work = Work::ping_pong;
    plan.message_bytes = message_bytes;
    plan.connections = 1;
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(20);
    plan.drain = base::Duration::seconds(10);
    return plan;
}

RunResult result_of(const RunPlan& plan) {
    auto result = run(plan);
    REQUIRE(result);
    return *result;
}

TEST_CASE("messages of any size come back as they were sent") {
    auto origin = mock::Origin::open({});
    REQUIRE(origin);
    (*origin)->start();
    for (const std::size_t bytes : {1u, 5u, 12u, 128u, 65'536u, 3'000'000u}) {
        CAPTURE(bytes);
        RunPlan plan = ping_pong_plan(loopback((*origin)->port(), false), bytes);
        plan.connections = 3;
        plan.requests_max = 20;
        const RunResult result = result_of(plan);
        CHECK(result.errors.total() == 0);
        CHECK(result.answered == 20);
        CHECK(result.begun == 20);
        CHECK(result.answered_in_all == 20);
        CHECK(result.unfinished == 0);
        CHECK(result.latency.count() == 20);
        CHECK(result.bytes_in == 20 * bytes);
        CHECK(result.bytes_out == 20 * bytes);
        CHECK(result.body_bytes_in == 20 * bytes);
    }
    CHECK((*origin)->counters().resets == 0);
}

TEST_CASE("every exchange may have a connection of its own") {
    auto origin = mock::Origin::open({});
    REQUIRE(origin);
    (*origin)->start();
    RunPlan plan = ping_pong_plan(loopback((*origin)->port(), false), 100);
    plan.new_connection_each = true;
    plan.connections = 2;
    plan.requests_max = 10;
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.answered == 10);
    // The first was opened before the window, to learn whether anybody is there.
    CHECK(result.connections_opened >= 9);
}

TEST_CASE("two messages of a connection never are the same") {
    std::vector<std::string> seen;
    const ScriptedServer server([&seen](ScriptedPeer& peer) {
        std::string message(16, '\0');
        while (peer.read_exactly(message.data(), message.size())) {
            seen.push_back(message);
            if (!peer.write(message)) return;
        }
    });
    RunPlan plan = ping_pong_plan(server.destination(false), 16);
    plan.requests_max = 300;
    CHECK(result_of(plan).answered == 300);
    REQUIRE(seen.size() == 300);
    for (std::size_t i = 1; i < seen.size(); ++i) {
        CHECK(seen[i] != seen[i - 1]);
        CHECK(seen[i].substr(12) == seen[0].substr(12));
    }
    CHECK(seen[0] != seen[256]);
}

TEST_CASE("wrong answers are found out, and the next exchange has a new connection") {
    struct Case {
        std::string name;
        ErrorKind expected;
        void (*spoil)(ScriptedPeer&, std::string&);
    };
    const Case cases[] = {
        {"one bit", ErrorKind::wrong_body,
         [](ScriptedPeer& peer, std::string& message) {
             message.back() ^= 1;
             peer.write(message);
             peer.wait_for_end();
         }},
        {"of another exchange", ErrorKind::wrong_body,
         [](ScriptedPeer& peer, std::string& message) {
             ++message[0];
             peer.write(message);
             peer.wait_for_end();
         }},
        {"of another connection", ErrorKind::wrong_body,
         [](ScriptedPeer& peer, std::string& message) {
             ++message[8];
             peer.write(message);
             peer.wait_for_end();
         }},
        {"too long", ErrorKind::wrong_body,
         [](ScriptedPeer& peer, std::string& message) {
             peer.write(message + "x");
             peer.wait_for_end();
         }},
        {"cut", ErrorKind::short_body,
         [](ScriptedPeer& peer, std::string& message) { peer.write(message.substr(0, 99)); }},
        {"reset", ErrorKind::reset, [](ScriptedPeer& peer, std::string&) { peer.reset(); }},
        {"never", ErrorKind::timeout,
         [](ScriptedPeer& peer, std::string&) { peer.wait_for_end(); }},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.name);
        const ScriptedServer server([&wrong](ScriptedPeer& peer) {
            std::string message(100, '\0');
            for (int exchange = 0; peer.read_exactly(message.data(), message.size()); ++exchange) {
                if (peer.number() == 0 && exchange == 1) return wrong.spoil(peer, message);
                if (!peer.write(message)) return;
            }
        });
        RunPlan plan = ping_pong_plan(server.destination(false), 100);
        plan.timeout =
            base::Duration::milliseconds(wrong.expected == ErrorKind::timeout ? 200 : 20'000);
        plan.requests_max = 5;
        const RunResult result = result_of(plan);
        CHECK(result.errors[wrong.expected] == 1);
        CHECK(result.errors.total() == 1);
        CHECK(result.answered == 4);
        CHECK(server.accepted() == 2);
    }
}

TEST_CASE("an answer that did not come before the run was over is unfinished") {
    const ScriptedServer server([](ScriptedPeer& peer) { peer.wait_for_end(); });
    RunPlan plan = ping_pong_plan(server.destination(false), 100);
    plan.connections = 2;
    plan.measure = base::Duration::milliseconds(100);
    plan.drain = base::Duration::milliseconds(50);
    const RunResult result = result_of(plan);
    CHECK(result.begun == 2);
    CHECK(result.unfinished == 2);
    CHECK(result.answered == 0);
    CHECK(result.errors.total() == 0);
}

TEST_CASE("pauses between exchanges are kept") {
    auto origin = mock::Origin::open({});
    REQUIRE(origin);
    (*origin)->start();
    RunPlan plan = ping_pong_plan(loopback((*origin)->port(), false), 100);
    plan.think_time = base::Duration::milliseconds(30);
    plan.measure = base::Duration::milliseconds(200);
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.answered >= 1);
    CHECK(result.answered <= 7);
}

TEST_CASE("a connection that goes away while it pauses is there again for the next exchange") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        // One exchange for each connection: the peer leaves while the client thinks.
        std::string message(100, '\0');
        if (peer.read_exactly(message.data(), message.size())) peer.write(message);
    });
    RunPlan plan = ping_pong_plan(server.destination(false), 100);
    plan.think_time = base::Duration::milliseconds(5);
    plan.requests_max = 10;
    const RunResult result = result_of(plan);
    CHECK(result.answered == 10);
    CHECK(result.errors.total() == 0);
}

}  // namespace
}  // namespace ringway::bench
