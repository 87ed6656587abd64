#include "suites/advice.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace ringway::bench;
using ringway::base::Duration;

namespace {

LevelSummary level_of(double value, double rate, double mean_us) {
    LevelSummary level;
    level.value = value;
    level.label = std::to_string(static_cast<int>(value)) + " connections";
    level.usable = level.answered = true;
    level.rate = spread_of({rate});
    level.mean_us = spread_of({mean_us});
    level.p99_us = spread_of({mean_us * 2});
    level.ended = 10000;
    return level;
}

// Eight servers of a millisecond each: full at 8, and a line at 32.
struct Case {
    std::vector<LevelSummary> levels = {level_of(1, 1000, 1000), level_of(8, 8000, 1000),
                                        level_of(32, 8000, 4000)};
    bool of_rate = false;
    RunPlan plan;

    std::vector<Finding> advice() const { return advise({levels, of_rate, plan}); }
    const Finding* about(const std::string& part) {
        findings = advice();
        for (const Finding& finding : findings) {
            if (finding.text.find(part) != std::string::npos) return &finding;
        }
        return nullptr;
    }
    std::vector<Finding> findings;
};

void set_errors(LevelSummary& level, ErrorKind kind, std::uint64_t count) {
    level.errors[kind] = count;
    level.error_rate = static_cast<double>(level.errors.total()) / static_cast<double>(level.ended);
    level.usable = level.error_rate <= LevelSummary::error_rate_max;
}

}  // namespace

TEST_CASE("advice: only latency grows beyond saturation") {
    Case c;
    const Finding* finding = c.about("only latency grows");
    REQUIRE(finding != nullptr);
    CHECK(finding->text ==
          "beyond 8 connections only latency grows: p99 is 2 ms there and 8 ms at 32 connections; "
          "admitting no more than 8 requests at once keeps it low");
    CHECK(finding->flag == "--max-requests");
    CHECK(finding->figure == "8 connections");
    CHECK(finding->severity == Severity::advice);

    c.levels[2].p99_us = spread_of({3900});
    CHECK(c.about("only latency grows") == nullptr);
}

TEST_CASE("advice: nothing to say about one quiet level") {
    Case c;
    c.levels = {level_of(8, 8000, 1000)};
    CHECK(c.advice().empty());
}

TEST_CASE("advice: a rate that still grows has its limit elsewhere") {
    Case c;
    c.levels = {level_of(1, 1000, 1000), level_of(2, 2000, 1000), level_of(4, 4000, 1000)};
    const Finding* finding = c.about("the rate still grew by 100 % at the last level");
    REQUIRE(finding != nullptr);
    CHECK(finding->flag == "--ramp");
    // Within a tenth it is nearly flat, and says nothing either way.
    c.levels[2] = level_of(4, 2190, 1800);
    CHECK(c.about("still grew") == nullptr);
}

TEST_CASE("advice: the watched process's core is full") {
    Case c;
    for (LevelSummary& level : c.levels) level.watched_cores = spread_of({0.97});
    const Finding* finding = c.about("its processor time is the limit");
    REQUIRE(finding != nullptr);
    CHECK(finding->flag == "--shards");
    CHECK(finding->text.find("2 shards would have another core") != std::string::npos);
    CHECK(c.about("requests at once are served") == nullptr);

    for (LevelSummary& level : c.levels) level.watched_cores = spread_of({1.95});
    CHECK(c.about("3 shards would have another core") != nullptr);
    for (LevelSummary& level : c.levels) level.watched_cores = spread_of({1.5});
    CHECK(c.about("its processor time is the limit") == nullptr);
}

TEST_CASE("advice: where every core of the machine is busy, no flag helps") {
    Case c;
    for (LevelSummary& level : c.levels) {
        level.watched_cores = spread_of({0.99});
        level.cores_busy = {0.99, 0.97};
    }
    const Finding* finding = c.about("all 2 cores of this machine are busy");
    REQUIRE(finding != nullptr);
    CHECK(finding->flag.empty());
    c.levels[2].cores_busy = {0.99, 0.5};
    CHECK(c.about("its processor time is the limit")->flag == "--shards");
}

TEST_CASE("advice: a flat rate beside an idle process means that something waits") {
    Case c;
    for (LevelSummary& level : c.levels) level.watched_cores = spread_of({0.3});
    const Finding* finding = c.about("uses only 0.30 cores");
    REQUIRE(finding != nullptr);
    CHECK(finding->flag == "--pool-max");
    CHECK(finding->text.find("about 8 requests at once are served") != std::string::npos);
    CHECK(finding->figure == "8 connections");

    for (LevelSummary& level : c.levels) level.watched_cores = spread_of({0});
    CHECK(c.about("uses only 0.00 cores") != nullptr);

    c.levels[2].cores_busy = {1, 0.95};
    CHECK(c.about("or for a core: all of this machine were busy") != nullptr);

    // Not when nobody was watched, when it still grows, or when the generator was full.
    for (LevelSummary& level : c.levels) level.watched_cores = {};
    CHECK(c.about("requests at once are served") == nullptr);
    for (LevelSummary& level : c.levels) level.watched_cores = spread_of({0.3});
    c.levels[2].busiest_thread = 0.99;
    CHECK(c.about("requests at once are served") == nullptr);
}

TEST_CASE("advice: the generator was the limit") {
    Case c;
    c.levels[2].busiest_thread = 0.96;
    const Finding* finding = c.about("the generator was the limit at 32 connections");
    REQUIRE(finding != nullptr);
    CHECK(finding->flag == "--threads");
    CHECK(finding->severity == Severity::warning);
    CHECK(c.findings.front().text == finding->text);  // gravest first
    c.levels[2].watched_busiest_thread = 0.97;
    CHECK(c.about("the generator was the limit") == nullptr);
    c.levels[2].watched_busiest_thread = 0;
    c.plan.rate = 1000;  // a thread that waits for the next request to be due may spin
    CHECK(c.about("the generator was the limit") == nullptr);
    c.plan.rate = 0;
    c.levels[2].busiest_thread = 0.94;
    CHECK(c.about("the generator was the limit") == nullptr);
}

TEST_CASE("advice: the generator fell behind its schedule") {
    Case c;
    c.levels[1].lateness_p99_us = 1500;
    CHECK(c.about("behind its schedule from 8 connections on")->flag == "--threads");
    c.levels[1].lateness_p99_us = 900;
    CHECK(c.about("behind its schedule") == nullptr);
}

TEST_CASE("advice: an offered rate that is not reached") {
    Case c;
    c.of_rate = true;
    c.plan.connections = 20;
    c.levels = {level_of(4000, 4000, 1000), level_of(10000, 8000, 90000)};
    c.levels[1].label = "10000/s";
    c.levels[1].scheduled = 100;
    c.levels[1].waited = 40;
    c.levels[1].overdue = 20;
    const Finding* finding = c.about("of 10000/s offered, 8000/s was answered");
    REQUIRE(finding != nullptr);
    CHECK(finding->text.find("60 % of the requests found all 20 connections busy") !=
          std::string::npos);
    CHECK(finding->flag == "--connections");

    c.levels[1] = level_of(10000, 9990, 1000);
    CHECK(c.about("offered") == nullptr);
    CHECK(c.about("the limit lies above it")->flag == "--ramp");
}

TEST_CASE("advice: a connect that took a second met a full backlog") {
    Case c;
    c.levels[1].connect_max_us = 1.03e6;
    CHECK(c.about("a connect took 1.03 s at 8 connections")->flag == "--backlog");
    c.levels[1].connect_max_us = 0.5e6;
    CHECK(c.about("a connect took") == nullptr);
}

TEST_CASE("advice: connections that cost memory") {
    Case c;
    c.levels[0].watched_bytes_max = 10 << 20;
    c.levels[2].watched_bytes_max = (10 << 20) + 31 * (100 << 10);
    CHECK(c.about("100 KiB of private memory")->flag == "--max-held-bytes");
    c.levels[2].watched_bytes_max = (10 << 20) + 31 * (10 << 10);
    CHECK(c.about("private memory") == nullptr);
    c.levels[2].watched_bytes_max = 1 << 20;  // less than at the beginning
    CHECK(c.about("private memory") == nullptr);
}

TEST_CASE("advice: each status has its flag") {
    const std::pair<std::uint16_t, const char*> flags[] = {{401, "--header"},
                                                           {403, "--allow"},
                                                           {404, ""},
                                                           {405, "--method"},
                                                           {408, "--header-timeout"},
                                                           {413, "--max-body-bytes"},
                                                           {414, "--max-target-bytes"},
                                                           {429, "--rate"},
                                                           {431, "--max-header-bytes"},
                                                           {500, ""},
                                                           {502, "--retries"},
                                                           {503, "--pool-max"},
                                                           {504, "--first-byte-timeout"}};
    for (const auto& [status, flag] : flags) {
        Case c;
        c.levels[1].status[status] = 20;
        c.levels[2].status[status] = 500;
        CAPTURE(status);
        const Finding* finding = c.about("answers with status " + std::to_string(status) +
                                         " from 8 connections on (5 % at 32 connections)");
        REQUIRE(finding != nullptr);
        CHECK(finding->flag == flag);
        CHECK(finding->severity == Severity::warning);
        CHECK(finding->figure == "32 connections");
    }
}

TEST_CASE("advice: a status that is expected is no error, one below 400 may be one") {
    Case c;
    c.levels[1].status[503] = 100;
    c.levels[1].status[200] = 9900;
    c.plan.verification.expected_status = {503};
    CHECK(c.about("status 503") == nullptr);
    CHECK(c.about("status 200")->flag == "--expect-status");
    c.plan.verification.expected_status.clear();
    CHECK(c.about("status 200") == nullptr);
    c.levels[1].status[418] = 5;
    CHECK(c.about("status 418")->severity == Severity::note);
}

TEST_CASE("advice: each kind of error has its sentence and its flag") {
    struct Row {
        ErrorKind kind;
        const char* part;
        const char* flag;
        Severity severity;
    };
    const Row rows[] = {
        {ErrorKind::connect, "connections were refused", "ulimit -n", Severity::warning},
        {ErrorKind::connect_timeout, "not made in time", "--backlog", Severity::warning},
        {ErrorKind::reset, "connections broke", "", Severity::warning},
        {ErrorKind::short_body, "before they were complete", "--request-timeout",
         Severity::warning},
        {ErrorKind::malformed, "not valid HTTP/1.1", "", Severity::critical},
        {ErrorKind::wrong_body, "not the expected bytes", "--verify", Severity::critical},
        {ErrorKind::lost_event, "were lost", "", Severity::critical},
    };
    for (const Row& row : rows) {
        Case c;
        set_errors(c.levels[2], row.kind, 300);
        CAPTURE(row.part);
        const Finding* finding = c.about(row.part);
        REQUIRE(finding != nullptr);
        CHECK(finding->flag == row.flag);
        CHECK(finding->severity == row.severity);
        CHECK(finding->text.find("from 32 connections on (3 %)") != std::string::npos);
    }
}

TEST_CASE("advice: statuses speak for their classes") {
    Case c;
    set_errors(c.levels[2], ErrorKind::status_5xx, 300);
    c.levels[2].status[503] = 300;
    unsigned told = 0;
    for (const Finding& finding : c.advice()) {
        told += finding.text.find("status") != std::string::npos;
    }
    CHECK(told == 1);
}

TEST_CASE("advice: rare errors are notes, unless data is at stake") {
    Case c;
    set_errors(c.levels[2], ErrorKind::reset, 5);
    CHECK(c.about("connections broke")->severity == Severity::note);
    set_errors(c.levels[2], ErrorKind::wrong_body, 1);
    CHECK(c.about("not the expected bytes")->severity == Severity::critical);
    CHECK(c.findings.front().severity == Severity::critical);
}

TEST_CASE("advice: timeouts mean too much load, or connections that nobody takes") {
    Case c;
    c.plan.timeout = Duration::milliseconds(100);
    set_errors(c.levels[2], ErrorKind::timeout, 500);
    c.levels[2].p99_us = spread_of({90e3});
    CHECK(c.about("the load is more than the target can do")->flag == "--timeout");
    c.levels[2].p99_us = spread_of({2e3});
    CHECK(c.about("some connections are not served at all")->flag == "--max-connections");
    c.levels[2].answered = false;
    CHECK(c.about("some connections are not served at all") == nullptr);
}

TEST_CASE("advice: connections that break after a pause were closed as idle") {
    Case c;
    c.plan.think_time = Duration::seconds(1);
    set_errors(c.levels[2], ErrorKind::reset, 500);
    CHECK(c.about("pauses between requests")->flag == "--idle-timeout");
}

TEST_CASE("advice: where nothing is usable only errors speak") {
    Case c;
    for (LevelSummary& level : c.levels) {
        set_errors(level, ErrorKind::connect, level.ended);
        level.busiest_thread = 1;
    }
    const std::vector<Finding> findings = c.advice();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].flag == "ulimit -n");
}
