#include <ctime>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/bench/run.h"
#include "ringway/ring/sys.h"
#include "scripted_server.h"

namespace ringway::bench {
namespace {

RunPlan events_plan(const ScriptedServer& server) {
    RunPlan plan;
    plan.destination = server.destination(true);
    plan.work = Work::events;
    plan.kinds.emplace_back();
    plan.connections = 1;
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(20);  // the number of events ends it
    plan.drain = base::Duration::seconds(10);
    return plan;
}

RunResult result_of(const RunPlan& plan) {
    auto result = run(plan);
    REQUIRE(result);
    REQUIRE(result->events);
    return *result;
}

constexpr std::string_view stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

std::string chunk(std::string_view text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

std::string stamped_event(std::uint64_t number, std::int64_t ago_ns = 0) {
    return fmt::format("id: {}\ndata: n={:010} t={:020} x\n\n", number, number,
                       ring::sys::now().ns - ago_ns);
}

TEST_CASE("streams are measured however they are delimited, and begin again when they end") {
    enum class Ending : std::uint8_t { chunked, length, close };
    for (const Ending ending : {Ending::chunked, Ending::length, Ending::close}) {
        CAPTURE(static_cast<int>(ending));
        const ScriptedServer server([ending](ScriptedPeer& peer) {
            while (peer.read_request()) {
                const std::string event = "data: x\n\n";
                std::string answer(stream_head);
                if (ending == Ending::chunked) {
                    answer += "Transfer-Encoding: chunked\r\n\r\n";
                    for (int i = 0; i < 3; ++i) answer += chunk(event);
                    answer += "0\r\n\r\n";
                } else {
                    if (ending == Ending::length) answer += "Content-Length: 27\r\n";
                    answer += "\r\n" + event + event + event;
                }
                if (!peer.write(answer) || ending == Ending::close) return;
            }
        });
        RunPlan plan = events_plan(server);
        plan.requests_max = 30;
        const RunResult result = result_of(plan);
        CHECK(result.errors.total() == 0);
        CHECK(result.answered == 30);
        CHECK(result.events->events == 30);
        CHECK(result.events->streams == 10);
        CHECK(result.events->first_event.count() == 10);
        CHECK(result.latency.count() == 10);
        CHECK(result.events->gap.count() == 20);
        CHECK(result.status.at(200) == 10);
        CHECK(result.begun_in_all == 10);
        CHECK(result.unfinished == 0);
        CHECK(result.body_bytes_in == 30 * 9);
        CHECK(server.accepted() >= (ending == Ending::close ? 10 : 1));
        if (ending != Ending::close) CHECK(server.accepted() == 1);
    }
}

TEST_CASE("the time to the first event and the gaps are those of the stream") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        if (!peer.read_request()) return;
        peer.write(std::string(stream_head) + "\r\n: first comes a comment\n\n");
        peer.pause_ms(60);
        for (int i = 0; i < 4; ++i) {
            if (!peer.write("data: x\n\n")) return;
            peer.pause_ms(25);
        }
        peer.wait_for_end();
    });
    RunPlan plan = events_plan(server);
    plan.requests_max = 4;
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.events->first_event.count() == 1);
    CHECK(result.events->first_event.percentile_ns(50) > 59'000'000);
    CHECK(result.events->gap.count() == 3);
    // A pause is as long as it was asked for, or longer; what comes late shortens the next gap.
    CHECK(result.events->gap.max_ns() > 24'000'000);
    CHECK(result.events->gap.mean_ns() > 20e6);
}

TEST_CASE("stamped events tell their delay, and what is missing between them") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        if (!peer.read_request()) return;
        peer.write(std::string(stream_head) + "\r\n");
        for (const std::uint64_t number : {5u, 6u, 9u, 9u, 10u}) {
            peer.write(stamped_event(number, 40'000'000));
        }
        peer.wait_for_end();
    });
    RunPlan plan = events_plan(server);
    plan.stamped_events = true;
    plan.requests_max = 5;
    const RunResult result = result_of(plan);
    CHECK(result.events->events == 5);
    CHECK(result.events->lost == 2);
    CHECK(result.errors[ErrorKind::lost_event] == 2);
    CHECK(result.errors[ErrorKind::wrong_body] == 1);  // the one that came twice
    CHECK(result.errors.total() == 3);
    CHECK(result.events->delay.count() == 5);
    CHECK(result.events->delay.percentile_ns(1) > 39'000'000);
    CHECK(result.latency.count() == 5);
    CHECK(result.latency.percentile_ns(1) > 39'000'000);
    RunPlan plain = plan;
    plain.stamped_events = false;
    const RunResult unstamped = result_of(plain);
    CHECK(unstamped.errors.total() == 0);
    CHECK(unstamped.events->delay.count() == 0);
}

TEST_CASE("a stream that is under way at the window's end is closed and no error") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        if (!peer.read_request()) return;
        peer.write(std::string(stream_head) + "Transfer-Encoding: chunked\r\n\r\n");
        while (!peer.stopping() && peer.write(chunk("data: x\n\n"))) peer.pause_ms(1);
    });
    RunPlan plan = events_plan(server);
    plan.connections = 3;
    plan.warm_up = base::Duration::milliseconds(100);
    plan.measure = base::Duration::milliseconds(300);
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.unfinished == 0);
    CHECK(result.events->streams == 3);  // begun while it was warming up
    CHECK(result.events->first_event.count() == 3);
    CHECK(result.events->events > 3);
    CHECK(result.answered == result.events->events);
    CHECK(result.events->gap.count() == result.events->events);
    CHECK(server.accepted() == 3);
}

TEST_CASE("streams that go wrong are errors of the kind that went wrong") {
    struct Case {
        std::string answer;
        bool reset;
        ErrorKind expected;
    };
    const std::string chunked = std::string(stream_head) + "Transfer-Encoding: chunked\r\n\r\n";
    const Case cases[] = {
        {chunked + chunk("data: x\n\n") + "5\r\nda", false, ErrorKind::short_body},
        {chunked + chunk("data: x\n\n") + "zz\r\n", false, ErrorKind::malformed},
        {chunked + chunk("data: x\n\n"), true, ErrorKind::reset},
        {std::string(stream_head) + "\r\ndata: cut\n", false, ErrorKind::short_body},
        {std::string(stream_head) + "Connection: close\r\nContent-Length: 0\r\n\r\n", false,
         ErrorKind::short_body},
        {"", false, ErrorKind::short_body},
        {"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 9\r\n\r\ndata: x\n\n", false,
         ErrorKind::status_5xx},
        {"HTTP/1.1 404 None\r\n\r\ndata: x\n\n", false, ErrorKind::status_4xx},
        {"nonsense\r\n\r\n", false, ErrorKind::malformed},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.answer);
        const ScriptedServer server([&wrong](ScriptedPeer& peer) {
            if (!peer.read_request()) return;
            if (peer.number() > 0) {
                // The stream that is begun after it is well.
                peer.write(std::string(stream_head) + "\r\ndata: x\n\ndata: x\n\ndata: x\n\n");
                peer.wait_for_end();
                return;
            }
            peer.write(wrong.answer);
            // What was written must arrive before the reset does.
            peer.pause_ms(wrong.reset ? 50 : 0);
            if (wrong.reset) peer.reset();
        });
        RunPlan plan = events_plan(server);
        plan.requests_max = 3;
        plan.measure = base::Duration::milliseconds(500);
        const RunResult result = result_of(plan);
        CHECK(result.errors[wrong.expected] == 1);
        CHECK(result.errors.total() == 1);
        CHECK(result.events->events >= 3);
    }
}

TEST_CASE("the timeout limits silence, and not how long a stream is") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        if (!peer.read_request()) return;
        peer.write(std::string(stream_head) + "\r\n");
        if (peer.number() > 0) return peer.wait_for_end();
        for (int i = 0; i < 12 && peer.write("data: x\n\n"); ++i) peer.pause_ms(50);
        peer.wait_for_end();
    });
    RunPlan plan = events_plan(server);
    plan.timeout = base::Duration::milliseconds(400);
    plan.measure = base::Duration::milliseconds(1'300);
    plan.drain = {};
    const RunResult result = result_of(plan);
    CHECK(result.events->events == 12);
    CHECK(result.errors[ErrorKind::timeout] == 1);
    CHECK(result.errors.total() == 1);
}

TEST_CASE("streams of several kinds are counted apart, on a schedule too") {
    const ScriptedServer server([](ScriptedPeer& peer) {
        while (peer.read_request()) {
            if (!peer.write(std::string(stream_head) + "Content-Length: 9\r\n\r\ndata: x\n\n"))
                return;
        }
    });
    RunPlan plan = events_plan(server);
    plan.kinds = {{.target = "/a", .label = "a"}, {.target = "/b{{seq}}", .label = "b"}};
    plan.connections = 4;
    plan.rate = 200;
    plan.measure = base::Duration::milliseconds(500);
    const RunResult result = result_of(plan);
    CHECK(result.errors.total() == 0);
    CHECK(result.scheduled == 100);
    CHECK(result.answered > 50);
    REQUIRE(result.kinds.size() == 2);
    CHECK(result.kinds[0].answered + result.kinds[1].answered == result.answered);
    CHECK(result.kinds[0].answered > 0);
    CHECK(result.kinds[1].answered > 0);
    CHECK(result.kinds[0].latency.count() > 0);
}

}  // namespace
}  // namespace ringway::bench
