#include <doctest/doctest.h>

#include "made_up_target.h"

using namespace ringway;
using namespace ringway::bench;
using bench::test::Bench;

using Strings = std::vector<std::string>;

namespace {

Bench matrix_of(const std::string& method, const std::string& target) {
    Bench bench;
    bench.options.sizes = {128, 65536};
    bench.options.connection_counts = {1, 8};
    bench.options.plan.kinds[0].method = method;
    bench.options.plan.kinds[0].target = target;
    return bench;
}

}  // namespace

TEST_CASE("matrix: every size with every number of connections") {
    Bench bench = matrix_of("GET", "/bytes/{size}?again={size}");
    CHECK_FALSE(bench.run(run_matrix));
    CHECK(bench.report.kind == ReportKind::matrix);
    CHECK(bench.labels() == Strings{"128B, 1 connection", "128B, 8 connections",
                                    "64KiB, 1 connection", "64KiB, 8 connections"});
    CHECK(bench.target.plans[3].kinds[0].target == "/bytes/65536?again=65536");
    CHECK(bench.target.plans[3].connections == 8);
    CHECK(bench.target.plans[3].kinds[0].body.empty());
    const LabelledRun& last = bench.report.runs[3];
    REQUIRE(last.at.size() == 2);
    CHECK(last.at[0].name == "size");
    CHECK(last.at[0].value == 65536);
    CHECK(last.at[1].name == "connections");
    CHECK(last.at[1].value == 8);
    CHECK(bench.figure("rate_max").value == doctest::Approx(8000));
    CHECK(bench.figure("rate_max").note == "at 128B, 8 connections");
    CHECK(bench.figure("goodput_max").known);
}

TEST_CASE("matrix: a request with a body gets one of the size") {
    Bench bench = matrix_of("POST", "/echo");
    CHECK_FALSE(bench.run(run_matrix));
    CHECK(bench.target.plans[0].kinds[0].body == std::string(128, 'x'));
    CHECK(bench.target.plans[2].kinds[0].body.size() == 65536);
    CHECK(bench.target.plans[2].kinds[0].target == "/echo");
}

TEST_CASE("matrix: a body stays as given where the path has the size") {
    Bench bench = matrix_of("POST", "/bytes/{size}");
    bench.options.plan.kinds[0].body = "given";
    bench.run(run_matrix);
    CHECK(bench.target.plans[2].kinds[0].target == "/bytes/65536");
    CHECK(bench.target.plans[2].kinds[0].body == "given");
}

TEST_CASE("matrix: fields may hold the size, placeholders of the same name stay") {
    Bench bench = matrix_of("GET", "/{{size}}/{size}");
    bench.options.plan.kinds[0].fields.push_back({"X-Mock", "bytes={size}"});
    bench.run(run_matrix);
    CHECK(bench.target.plans[0].kinds[0].target == "/{{size}}/128");
    CHECK(bench.target.plans[0].kinds[0].fields[0].value == "bytes=128");
}

TEST_CASE("matrix: of TCP the message has the size") {
    Bench bench = matrix_of("GET", "/");
    bench.options.plan.destination.is_http = false;
    bench.options.plan.work = Work::ping_pong;
    CHECK_FALSE(bench.run(run_matrix));
    CHECK(bench.target.plans[0].message_bytes == 128);
    CHECK(bench.target.plans[2].message_bytes == 65536);
    CHECK(bench.figure("goodput_max").note == "at 64KiB, 8 connections");
}

TEST_CASE("matrix: a checked length is the size") {
    Bench bench = matrix_of("GET", "/bytes/{size}");
    bench.options.plan.verification.check = BodyCheck::length;
    bench.run(run_matrix);
    CHECK(bench.target.plans[2].verification.expected_body_bytes == 65536);
}

TEST_CASE("matrix: without a place for the size it is refused before anything runs") {
    Bench bench = matrix_of("GET", "/bytes/128");
    const config::Complaint complaint = bench.run(run_matrix);
    REQUIRE(complaint);
    CHECK(complaint->rule.find("{size}") != std::string::npos);
    CHECK(bench.target.titles.empty());

    Bench empty = matrix_of("GET", "/{size}");
    empty.options.sizes.clear();
    CHECK(empty.run(run_matrix));
}

TEST_CASE(
    "matrix: without counts it takes the connections of the plan; runs with errors never win") {
    Bench bench = matrix_of("GET", "/{size}");
    bench.options.connection_counts.clear();
    bench.options.plan.connections = 3;
    bench.target.change = [](const RunPlan& plan, RunResult& result) {
        if (plan.kinds[0].target == "/128") result.errors[ErrorKind::timeout] = result.answered;
    };
    bench.run(run_matrix);
    CHECK(bench.labels() == Strings{"128B, 3 connections", "64KiB, 3 connections"});
    CHECK(bench.figure("rate_max").note == "at 64KiB, 3 connections");
}
