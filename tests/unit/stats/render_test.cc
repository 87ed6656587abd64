#include "ringway/stats/render.h"

#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "sample.h"

using namespace ringway::stats;

namespace {

// What the control socket needs: whole lines, none empty, nothing that a terminal would obey.
void check_is_reply(const std::string& text) {
    REQUIRE_FALSE(text.empty());
    CHECK(text.back() == '\n');
    CHECK(text.front() != '\n');
    CHECK(text.find("\n\n") == std::string::npos);
    for (const char byte : text) {
        REQUIRE((byte == '\n' || static_cast<unsigned char>(byte) >= 0x20));
    }
}

// What the answer looked like when somebody last looked at it and found it good.
std::string golden(const std::string& name) {
    std::ifstream file(std::string(RW_GOLDEN_FOLDER "/") + name);
    REQUIRE(file.is_open());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ctl stats as text") {
    CHECK(stats_text(sample_snapshot(), false) == golden("stats.txt"));
}

TEST_CASE("ctl stats --per-shard as text") {
    CHECK(stats_text(sample_snapshot(), true) == golden("per_shard.txt"));
}

TEST_CASE("ctl upstreams as text") {
    CHECK(upstreams_text(sample_snapshot()) == golden("upstreams.txt"));
}

TEST_CASE("ctl stats of an HTTP gateway as text") {
    CHECK(stats_text(sample_http_snapshot(), false) == golden("http_stats.txt"));
    CHECK(stats_text(sample_http_snapshot(), true) == golden("http_per_shard.txt"));
    CHECK(upstreams_text(sample_http_snapshot()) == golden("http_upstreams.txt"));
}

TEST_CASE("ctl connections as text") {
    CHECK(connections_text(sample_connections(), 5'000) == golden("connections.txt"));
    CHECK(connections_text({}, 0) == "0 connections\n");
    CHECK(connections_text({}, 3) == "0 of 3 connections shown\n");
    CHECK(contains(connections_text(sample_connections(), 2), "\n2 connections\n"));
}

TEST_CASE("ctl info as text") { CHECK(info_text(sample_info()) == golden("info.txt")); }

TEST_CASE("every answer is whole lines, none empty, whatever the names hold") {
    Snapshot snapshot = sample_snapshot();
    snapshot.rates = Rates{};
    const Snapshot empty = take_snapshot({}, {}, {});
    for (int round = 0; round < 2; ++round) {
        for (const bool per_shard : {false, true}) {
            check_is_reply(stats_text(snapshot, per_shard));
            check_is_reply(stats_text(empty, per_shard));
        }
        check_is_reply(upstreams_text(snapshot));
        check_is_reply(upstreams_text(empty));
        // The second round says the same with names that try to break out.
        snapshot.context.version = "\n\n" + hostile_text();
        snapshot.context.listeners[0].name = "\n\n";
        snapshot.context.endpoints[0].upstream = "\n\n" + hostile_text();
    }
    std::vector<ConnectionLine> connections = sample_connections();
    connections[0].client = "\n\n" + hostile_text();
    check_is_reply(connections_text(connections, 2));
    Info info = sample_info();
    info.upstreams[0].endpoints[0] = "\n\n" + hostile_text();
    check_is_reply(info_text(info));
    check_is_reply(info_text({}));
    for (const std::string& answer : sample_answers()) {
        check_is_reply(answer);
        CHECK(answer.find('\n') == answer.size() - 1);
    }
}

TEST_CASE("the text says that the server drains, that log lines were lost, and how fast it goes") {
    Snapshot snapshot = sample_snapshot();
    CHECK_FALSE(contains(stats_text(snapshot, false), "draining"));
    snapshot.context.draining = true;
    snapshot.context.writer_lines_dropped = 1'234;
    Rates rates;
    rates.span = ringway::base::Duration::seconds(2);
    rates.accepted_per_second = 12.5;
    rates.bytes_down_per_second = 3'145'728;
    snapshot.rates = rates;
    const std::string text = stats_text(snapshot, false);
    CHECK(contains(text, ", draining\n"));
    CHECK(contains(text, "\n1,234 log lines could not be written\n"));
    CHECK(contains(text, "rates over the last 2.00 s\n"));
    CHECK(contains(text, "12.5/s\n"));
    CHECK(contains(text, "3.00 MiB/s\n"));
}

TEST_CASE("JSON numbers are raw, to the byte and the nanosecond") {
    const std::string json = stats_json(sample_snapshot(), false);
    CHECK(contains(json, R"("schema":1,"kind":"stats","version":"0.1.0")"));
    CHECK(contains(json, R"("uptime_ms":3725000,"window_ms":60000,"shards":2)"));
    CHECK(
        contains(json, R"("down":{"bytes":1050624,"copied_bytes":2048,"spliced_bytes":1048576,)"));
    CHECK(contains(json, R"("accepted":2001,"active":3,"refused":0)"));
    CHECK(contains(json,
                   R"("window":{"current":{"count":100,"average_ns":101000,"peak_ns":200000})"));
    CHECK(contains(json, R"("completions_per_turn":1.667)"));
    CHECK_FALSE(contains(json, "per_shard"));
    CHECK(contains(stats_json(sample_snapshot(), true), R"("per_shard":[{"shard":0,"core":0,)"));
    CHECK(contains(stats_json(sample_snapshot(), true), R"({"shard":1,"core":null,)"));
}
