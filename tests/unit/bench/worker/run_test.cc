// Whole runs against scripted origins: what is counted, and as what.

#include "ringway/bench/run.h"

#include <chrono>
#include <csignal>

#include <doctest/doctest.h>

#include "origin.h"

using namespace ringway;
using namespace ringway::bench;
using namespace ringway::bench::test;

namespace {

RunResult measured(const RunPlan& plan, const RunHooks& hooks = {}) {
    config::Checked<RunResult> result = run(plan, hooks);
    REQUIRE(result);
    return *result;
}

// Every request of the window is counted exactly once.
void check_sums(const RunResult& result) {
    CHECK(result.begun == result.answered + result.errors.total() + result.unfinished);
    std::uint64_t in_cells = 0;
    for (const TimelineCell& cell : result.timeline) in_cells += cell.answered;
    CHECK(in_cells == result.answered);
    CHECK(result.latency.count() == result.answered);
}

RunPlan plan_of(const Origin& origin, std::uint64_t requests, unsigned connections = 2) {
    RunPlan plan = plan_for(origin, connections);
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(20);
    plan.requests_max = requests;
    return plan;
}

}  // namespace

TEST_CASE("a closed loop keeps its connections busy and counts as the origin does") {
    std::atomic<std::uint64_t> requests{0};
    Origin origin(Origin::answering(std::string(hello), &requests));
    RunPlan plan = plan_for(origin, 4);
    plan.threads = 2;
    const RunResult result = measured(plan);
    CHECK(result.answered > 0);
    CHECK(result.errors.total() == 0);
    CHECK(result.answered_in_all == requests.load());
    CHECK(result.begun_in_all == requests.load());
    CHECK(result.answered < result.answered_in_all);  // the warm-up's are not measured
    CHECK(result.body_bytes_in == 5 * result.answered);
    CHECK(result.status.at(200) == result.answered);
    CHECK(origin.accepted() == 4);
    CHECK(result.window.to_seconds() == doctest::Approx(0.2).epsilon(0.01));
    check_sums(result);
}

TEST_CASE("so many requests are sent as were asked for, over all threads") {
    std::atomic<std::uint64_t> requests{0};
    Origin origin(Origin::answering(std::string(hello), &requests));
    RunPlan plan = plan_of(origin, 1003, 5);
    plan.threads = 3;
    const RunResult result = measured(plan);
    CHECK(result.answered == 1003);
    CHECK(requests.load() == 1003);
    CHECK(result.window < base::Duration::seconds(15));
    check_sums(result);
}

TEST_CASE("a new connection for each request") {
    Origin origin([](Peer& peer) {
        if (peer.read_head().find("Connection: close") == std::string::npos) return;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    });
    RunPlan plan = plan_of(origin, 50);
    plan.new_connection_each = true;
    const RunResult result = measured(plan);
    CHECK(result.answered == 50);
    CHECK(result.errors.total() == 0);
    CHECK(origin.accepted() == 50);
    check_sums(result);
}

TEST_CASE("pipelined requests are answered in order, many on one connection") {
    Origin origin(Origin::answering(std::string(hello)));
    RunPlan plan = plan_of(origin, 500, 1);
    plan.pipeline = 16;
    const RunResult result = measured(plan);
    CHECK(result.answered == 500);
    CHECK(result.errors.total() == 0);
    check_sums(result);
}

TEST_CASE("requests that differ are pipelined too") {
    Origin origin([](Peer& peer) {
        for (unsigned expected = 0;; ++expected) {
            const std::string head = peer.read_head();
            if (head.empty()) return;
            const bool in_order = head.starts_with("GET /" + std::to_string(expected) + " ");
            peer.write(in_order ? hello : "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
        }
    });
    RunPlan plan = plan_of(origin, 300, 1);
    plan.pipeline = 8;
    plan.kinds[0].target = "/{{seq}}";
    const RunResult result = measured(plan);
    CHECK(result.answered == 300);
    CHECK(result.errors.total() == 0);
}

TEST_CASE("HEAD is answered without a body, although a length is named") {
    Origin origin(Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"));
    RunPlan plan = plan_of(origin, 20);
    plan.kinds[0].method = "HEAD";
    const RunResult result = measured(plan);
    CHECK(result.answered == 20);
    CHECK(result.errors.total() == 0);
}

TEST_CASE("a chunked body that comes in pieces is one answer") {
    Origin origin([](Peer& peer) {
        while (!peer.read_head().empty()) {
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Enc");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            peer.write("oding: chunked\r\n\r\n5\r\nhel");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            peer.write("lo\r\n0\r\n\r\n");
        }
    });
    const RunResult result = measured(plan_of(origin, 20));
    CHECK(result.answered == 20);
    CHECK(result.body_bytes_in == 100);
    CHECK(result.errors.total() == 0);
}

TEST_CASE("a stalled origin is a timeout, and the connection is made anew") {
    Origin origin([](Peer& peer) {
        while (!peer.read_head().empty()) {
            if (peer.number() == 0) continue;  // never answered
            peer.write(hello);
        }
    });
    RunPlan plan = plan_of(origin, 10, 1);
    plan.timeout = base::Duration::milliseconds(50);
    const RunResult result = measured(plan);
    CHECK(result.errors[ErrorKind::timeout] == 1);
    CHECK(result.answered == 9);
    CHECK(origin.accepted() == 2);
    check_sums(result);
}

TEST_CASE("what the origin cuts short is told from what it resets") {
    Origin cutting([](Peer& peer) {
        peer.read_head();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    const RunResult cut = measured(plan_of(cutting, 5, 1));
    CHECK(cut.errors[ErrorKind::short_body] == 5);
    CHECK(cut.answered == 0);
    check_sums(cut);

    Origin resetting([](Peer& peer) {
        peer.read_head();
        peer.reset();
    });
    const RunResult reset = measured(plan_of(resetting, 5, 1));
    CHECK(reset.errors[ErrorKind::reset] == 5);
    check_sums(reset);
}

TEST_CASE("an answer that is not HTTP, or has bytes left over, is malformed") {
    Origin origin(Origin::answering("SSH-2.0-OpenSSH\r\n\r\n"));
    CHECK(measured(plan_of(origin, 3)).errors[ErrorKind::malformed] == 3);

    Origin longer(Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more"));
    const RunResult result = measured(plan_of(longer, 20, 1));
    CHECK(result.errors[ErrorKind::malformed] > 0);
}

TEST_CASE("status codes are counted, and are errors by their class") {
    Origin origin([](Peer& peer) {
        unsigned turn = 0;
        while (!peer.read_head().empty()) {
            const char* const lines[] = {"200 OK", "404 Not Found", "503 Busy", "302 Found"};
            peer.write("HTTP/1.1 " + std::string(lines[turn++ % 4]) +
                       "\r\nContent-Length: 0\r\n\r\n");
        }
    });
    RunPlan plan = plan_of(origin, 40, 1);
    RunResult result = measured(plan);
    CHECK(result.answered == 20);
    CHECK(result.errors[ErrorKind::status_4xx] == 10);
    CHECK(result.errors[ErrorKind::status_5xx] == 10);
    CHECK(result.status.at(302) == 10);
    CHECK(result.answered_in_all == 40);  // as the origin counts them

    plan.verification.expected_status = {200, 404};
    result = measured(plan);
    CHECK(result.errors[ErrorKind::status_4xx] == 0);
    CHECK(result.errors[ErrorKind::status_other] == 10);
    CHECK(result.answered == 20);
}

TEST_CASE("bodies are compared with what was asked for, or with the first") {
    Origin origin([](Peer& peer) {
        for (unsigned i = 0; !peer.read_head().empty(); ++i) {
            peer.write(std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") +
                       (i % 10 == 9 ? "hellO" : "hello"));
        }
    });
    RunPlan plan = plan_of(origin, 100, 1);
    CHECK(measured(plan).errors.total() == 0);
    plan.verification.check = BodyCheck::first;
    CHECK(measured(plan).errors[ErrorKind::wrong_body] == 10);
    plan.verification.check = BodyCheck::hash;
    plan.verification.expected_body_bytes = 5;
    plan.verification.expected_body_hash = 0x9555E8555C62DCFD;  // XXH3 of "hello"
    CHECK(measured(plan).errors[ErrorKind::wrong_body] == 10);
    plan.verification.check = BodyCheck::length;
    CHECK(measured(plan).errors.total() == 0);
    plan.verification.expected_body_bytes = 6;
    CHECK(measured(plan).errors[ErrorKind::wrong_body] == 100);
}

TEST_CASE("a connection that the origin closes between requests is no error") {
    Origin origin([](Peer& peer) {
        for (int i = 0; i < 3 && !peer.read_head().empty(); ++i) {
            peer.write(i < 2 ? hello
                             : "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                               "Content-Length: 5\r\n\r\nhello");
        }
    });
    const RunResult result = measured(plan_of(origin, 30, 1));
    CHECK(result.answered == 30);
    CHECK(result.errors.total() == 0);
    CHECK(origin.accepted() >= 10);  // the last one may be made anew before the run ends
    CHECK(origin.accepted() <= 11);
}

TEST_CASE("an origin that always closes at once is not hammered") {
    Origin origin([](Peer&) {});
    RunPlan plan = plan_for(origin, 1);
    plan.measure = base::Duration::milliseconds(300);
    const RunResult result = measured(plan);
    CHECK(result.answered == 0);
    // At once, then after 10, 20, 40, 80 and 160 ms.
    CHECK(origin.accepted() >= 3);
    CHECK(origin.accepted() <= 9);
}

TEST_CASE("nobody there, and too many connections, are refused with the reason") {
    RunPlan plan;
    {
        Origin gone(Origin::answering(""));
        plan = plan_for(gone);
    }
    const config::Checked<RunResult> nobody = run(plan);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.reason().rule.find("refused") != std::string::npos);

    plan.connections = 1'000'000'000;
    const config::Checked<RunResult> greedy = run(plan);
    REQUIRE_FALSE(greedy);
    CHECK(greedy.reason().rule.find("file descriptors") != std::string::npos);
}

TEST_CASE("several kinds have figures of their own") {
    Origin origin([](Peer& peer) {
        for (std::string head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.write(head.starts_with("GET /a") ? hello
                                                  : "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n");
        }
    });
    RunPlan plan = plan_of(origin, 200);
    plan.kinds[0].target = "/a";
    plan.kinds.push_back(plan.kinds[0]);
    plan.kinds[1].target = "/b";
    const RunResult result = measured(plan);
    REQUIRE(result.kinds.size() == 2);
    CHECK(result.kinds[0].answered == result.answered);
    CHECK(result.kinds[0].errors == 0);
    CHECK(result.kinds[1].errors == result.errors[ErrorKind::status_4xx]);
    CHECK(result.kinds[0].answered + result.kinds[1].errors == 200);
}

TEST_CASE("a hook stops the run early, and others are told how far it is") {
    Origin origin(Origin::answering(std::string(hello)));
    RunPlan plan = plan_for(origin);
    plan.measure = base::Duration::seconds(60);
    unsigned shown = 0;
    RunHooks hooks;
    hooks.progress = [&](const RunProgress& progress) {
        ++shown;
        CHECK(progress.done >= 0);
        CHECK(progress.done <= 1);
    };
    hooks.stop = [&] { return shown >= 4; };
    const RunResult result = measured(plan, hooks);
    CHECK(result.interrupted);
    CHECK(result.answered > 0);
    CHECK(result.window < base::Duration::seconds(30));
}
