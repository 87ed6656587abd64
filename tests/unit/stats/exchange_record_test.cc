#include "ringway/stats/exchange_record.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "line_writer.h"
#include "sample.h"

using namespace ringway::stats;
namespace base = ringway::base;
using Format = ExchangeLineFormat;

namespace {

std::string line_of(const ExchangeRecord& record, Format format,
                    std::size_t room = exchange_line_bytes_max) {
    std::string line(room, '#');
    line.resize(format_exchange_line(line.data(), room, record, format));
    return line;
}

std::string haproxy_end(const ExchangeRecord& record) {
    const TerminationState state = termination_state_of(record);
    return {state.who, state.phase};
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

constexpr std::array all_formats{Format::text, Format::combined, Format::json, Format::haproxy};

}  // namespace

TEST_CASE("an exchange's line as text") {
    CHECK(line_of(sample_exchange(), Format::text) ==
          "time=2025-11-20T15:33:13.123456Z event=exchange shard=1 session=42 exchange=3 "
          "request_id=0af7651916cd43dd client=[2001:db8::1]:51000 listener=web method=GET "
          "host=api.example.com target=\"/v1/items?q=a\" version=1.1 status=200 route=v1 "
          "upstream=api endpoint=10.0.0.5:80 reused=true retries=1 request_body_bytes=0 "
          "response_body_bytes=1024 response_bytes=1200 head_us=12 queue_us=- connect_us=- "
          "first_byte_us=1534 total_us=2100 end=finished user_agent=\"curl/8.5 (x \\\"y\\\")\" "
          "referer=-");
}

TEST_CASE("an exchange's line as JSON") {
    CHECK(line_of(sample_exchange(), Format::json) ==
          R"({"time":"2025-11-20T15:33:13.123456Z","event":"exchange","shard":1,"session":42,)"
          R"("exchange":3,"request_id":"0af7651916cd43dd","client":"[2001:db8::1]:51000",)"
          R"("listener":"web","method":"GET","host":"api.example.com","target":"/v1/items?q=a",)"
          R"("version":"1.1","status":200,"route":"v1","upstream":"api",)"
          R"("endpoint":"10.0.0.5:80","reused":true,"retries":1,"request_body_bytes":0,)"
          R"("response_body_bytes":1024,"response_bytes":1200,"head_us":12,"queue_us":null,)"
          R"("connect_us":null,"first_byte_us":1534,"total_us":2100,"end":"finished",)"
          R"x("user_agent":"curl/8.5 (x \"y\")","referer":null})x");
}

TEST_CASE("an exchange's line in the combined format") {
    CHECK(line_of(sample_exchange(), Format::combined) ==
          "2001:db8::1 - - [20/Nov/2025:15:33:13 +0000] \"GET /v1/items?q=a HTTP/1.1\" 200 1024 "
          "\"-\" \"curl/8.5 (x \\x22y\\x22)\"");
}

TEST_CASE("an exchange's line as HAProxy writes it") {
    ExchangeRecord record = sample_exchange();
    CHECK(line_of(record, Format::haproxy) ==
          "2001:db8::1:51000 [20/Nov/2025:15:33:13.121] web api/10.0.0.5:80 0/0/0/1/2 200 1200 "
          "- - ---- 7/7/4/2/1 0/0 {0af7651916cd43dd|v1} \"GET /v1/items?q=a HTTP/1.1\"");
    record.head = base::Duration::milliseconds(5);
    record.times.queue = base::Duration::milliseconds(7);
    record.times.connect = base::Duration::milliseconds(9);
    record.times.first_byte = base::Duration::milliseconds(30);
    record.times.total = base::Duration::milliseconds(50);
    record.reused = false;
    record.queued_before = 6;
    CHECK(contains(line_of(record, Format::haproxy), " [20/Nov/2025:15:33:13.068] "));
    CHECK(contains(line_of(record, Format::haproxy), " 5/7/9/30/55 200 "));
    CHECK(contains(line_of(record, Format::haproxy), " 0/6 {"));
}

TEST_CASE("HAProxy's timers say -1 for what an exchange did not come to") {
    ExchangeRecord record = sample_exchange();
    record.reused = false;
    record.times = {};
    record.end = ExchangeEnd::answered_here;
    record.upstream = {};
    record.endpoint = {};
    CHECK(contains(line_of(record, Format::haproxy), " web web/<NOSRV> 0/-1/-1/-1/0 200 "));
    record.end = ExchangeEnd::connect_failed;
    record.times.connect = base::Duration::milliseconds(3);
    CHECK(contains(line_of(record, Format::haproxy), " 0/0/-1/-1/0 "));
    record.end = ExchangeEnd::pool_timeout;
    record.times = {};
    record.times.queue = base::Duration::milliseconds(5'000);
    record.times.total = base::Duration::milliseconds(5'001);
    CHECK(contains(line_of(record, Format::haproxy), " 0/5000/-1/-1/5001 "));
    record.status = 0;
    CHECK(contains(line_of(record, Format::haproxy), "/5001 -1 "));
    CHECK(contains(line_of(record, Format::combined), "\" 000 1024 "));
    CHECK(contains(line_of(record, Format::text), " status=- "));
    CHECK(contains(line_of(record, Format::json), R"("status":null,)"));
}

TEST_CASE("a request that could not be read has no request line") {
    ExchangeRecord record;
    record.end = ExchangeEnd::bad_request;
    record.status = 400;
    CHECK(contains(line_of(record, Format::haproxy), "\"<BADREQ>\""));
    CHECK(contains(line_of(record, Format::haproxy), "-:0 [01/Jan/1970:00:00:00.000] - -/<NOSRV>"));
    CHECK(line_of(record, Format::combined) ==
          "- - - [01/Jan/1970:00:00:00 +0000] \"-\" 400 0 \"-\" \"-\"");
}

TEST_CASE("clients without a port have none, and IPv6 loses its brackets") {
    ExchangeRecord record = sample_exchange();
    for (const auto& [client, host, port] :
         {std::array{"192.0.2.7:80", "192.0.2.7", "80"}, std::array{"[::1]:1234", "::1", "1234"},
          std::array{"unix", "unix", "0"}, std::array{"unix:a b", "unix:a\\x20b", "0"},
          std::array{"1:999999", "1:999999", "0"}}) {
        record.client = client;
        CHECK(line_of(record, Format::combined).starts_with(std::string(host) + " - - ["));
        const std::string haproxy = line_of(record, Format::haproxy);
        CHECK(contains(haproxy.substr(0, haproxy.find(" [")), ":" + std::string(port)));
    }
}

TEST_CASE("termination states tell who ended an exchange and where") {
    ExchangeRecord record;
    const auto state = [&](ExchangeEnd end) {
        record.end = end;
        return haproxy_end(record);
    };
    CHECK(state(ExchangeEnd::finished) == "--");
    CHECK(state(ExchangeEnd::tunnelled) == "--");
    CHECK(state(ExchangeEnd::answered_here) == "LR");
    CHECK(state(ExchangeEnd::bad_request) == "PR");
    CHECK(state(ExchangeEnd::no_route) == "PR");
    CHECK(state(ExchangeEnd::overloaded) == "PQ");
    CHECK(state(ExchangeEnd::pool_timeout) == "sQ");
    CHECK(state(ExchangeEnd::no_endpoint) == "SC");
    CHECK(state(ExchangeEnd::connect_failed) == "SC");
    CHECK(state(ExchangeEnd::connect_timeout) == "sC");
    CHECK(state(ExchangeEnd::upstream_reset) == "SH");
    CHECK(state(ExchangeEnd::upstream_bad) == "PH");
    CHECK(state(ExchangeEnd::upstream_timeout) == "sH");
    CHECK(state(ExchangeEnd::upstream_cut) == "SD");
    CHECK(state(ExchangeEnd::downstream_timeout) == "cR");
    // The others depend on how far it had come.
    CHECK(state(ExchangeEnd::downstream_aborted) == "CC");
    record.times.queue = {5};
    CHECK(state(ExchangeEnd::downstream_aborted) == "CQ");
    record.reused = true;
    CHECK(state(ExchangeEnd::downstream_aborted) == "CH");
    CHECK(state(ExchangeEnd::request_timeout) == "sH");
    record.times.first_byte = {5};
    CHECK(state(ExchangeEnd::downstream_aborted) == "CD");
    CHECK(state(ExchangeEnd::downstream_timeout) == "cD");
    CHECK(state(ExchangeEnd::request_timeout) == "sD");
    CHECK(state(ExchangeEnd::drained) == "KD");
    CHECK(state(ExchangeEnd::internal) == "RD");
}

TEST_CASE("nothing from outside forges a line or a field of an exchange") {
    const std::string hostile = hostile_text();
    ExchangeRecord record = sample_exchange();
    const std::string plain_combined = line_of(record, Format::combined);
    const std::string plain_haproxy = line_of(record, Format::haproxy);
    for (std::string_view ExchangeRecord::* text :
         {&ExchangeRecord::request_id, &ExchangeRecord::client, &ExchangeRecord::listener,
          &ExchangeRecord::route, &ExchangeRecord::upstream, &ExchangeRecord::endpoint,
          &ExchangeRecord::method, &ExchangeRecord::target, &ExchangeRecord::host,
          &ExchangeRecord::user_agent, &ExchangeRecord::referer}) {
        ExchangeRecord forged = record;
        forged.*text = hostile;
        for (const Format format : all_formats) {
            const std::string line = line_of(forged, format);
            REQUIRE_FALSE(line.empty());
            for (const char byte : line) REQUIRE(static_cast<unsigned char>(byte) >= 0x20);
        }
        // Quotes as many as ever: none from inside closes a field.
        const auto quotes = [](const std::string& line) {
            return std::count(line.begin(), line.end(), '"');
        };
        CHECK(quotes(line_of(forged, Format::combined)) == quotes(plain_combined));
        CHECK(quotes(line_of(forged, Format::haproxy)) == quotes(plain_haproxy));
        const auto braces = [](const std::string& line) {
            const std::string names = line.substr(0, line.find('"'));
            return std::count(names.begin(), names.end(), '{') +
                   std::count(names.begin(), names.end(), '|');
        };
        CHECK(braces(line_of(forged, Format::haproxy)) == 2);
    }
    record.client = "1.2.3.4 - - [x] \"GET / HTTP/1.1\" 200 0";
    const std::string line = line_of(record, Format::combined);
    CHECK(line.find(' ') == line.find(" - - [20/Nov"));
}

TEST_CASE("the longest exchange fits into the promised room, its texts cut") {
    ExchangeRecord record = sample_exchange();
    for (const std::string& worst :
         {std::string(20'000, '\x01'), std::string(20'000, 'a'), std::string(20'000, '"')}) {
        record.request_id = record.client = record.listener = record.route = record.upstream =
            record.endpoint = record.method = record.target = record.host = record.user_agent =
                record.referer = worst;
        record.shard = record.retries = record.sessions_active = record.upstream_active =
            record.endpoint_active = record.queued_before = ~std::uint32_t{0};
        record.session = record.exchange = record.request_body_bytes = record.response_body_bytes =
            record.response_bytes = ~std::uint64_t{0};
        record.status = 2'000'000'000;
        record.times.total = record.times.queue = record.times.connect = record.times.first_byte =
            base::Duration::seconds(1'000'000'000);
        record.end = ExchangeEnd::downstream_aborted;
        for (const Format format : all_formats) {
            const std::string line = line_of(record, format);
            CHECK(line.size() > 8'192);
            if (format == Format::json) CHECK(line.back() == '}');
            if (format == Format::json || format == Format::text) CHECK(contains(line, "referer"));
        }
    }
}

TEST_CASE("a cut text is cut between characters and escapes") {
    ExchangeRecord record = sample_exchange();
    std::string agent(1'023, 'a');
    agent += "\xc3\xa9zzz";  // the character would need byte 1,024 and 1,025
    record.user_agent = agent;
    CHECK(contains(line_of(record, Format::text),
                   "user_agent=" + std::string(1'023, 'a') + " referer"));
    CHECK(contains(line_of(record, Format::json),
                   "\"user_agent\":\"" + std::string(1'023, 'a') + "\",\"referer"));
    agent = std::string(1'022, 'a') + "\x01zzz";
    record.user_agent = agent;
    CHECK(contains(line_of(record, Format::json), "\"" + std::string(1'022, 'a') + "\",\"referer"));
    CHECK(line_of(record, Format::combined).ends_with("\"" + std::string(1'022, 'a') + "\""));
}

TEST_CASE("with less room fields are left out, or the whole line where fields have places") {
    const ExchangeRecord record = sample_exchange();
    for (const Format format : all_formats) {
        const std::string full = line_of(record, format);
        const bool named = format == Format::text || format == Format::json;
        for (std::size_t room = 0; room < full.size(); ++room) {
            std::string out(full.size() + 1, '#');
            const std::size_t bytes = format_exchange_line(out.data(), room, record, format);
            REQUIRE(bytes <= room);
            REQUIRE(out.find_first_not_of('#', room) == std::string::npos);
            if (!named) REQUIRE(bytes == 0);
            if (named && bytes > 1) REQUIRE(full.starts_with(out.substr(0, bytes - 1)));
        }
        CHECK(line_of(record, format, full.size()) == full);
    }
}

TEST_CASE("days are named right in the common log format") {
    ExchangeRecord record = sample_exchange();
    record.ended_wall_us = 951'782'400'000'000;  // 2000-02-29
    CHECK(contains(line_of(record, Format::combined), "[29/Feb/2000:00:00:00 +0000]"));
    record.ended_wall_us = 946'684'799'999'999;
    CHECK(contains(line_of(record, Format::combined), "[31/Dec/1999:23:59:59 +0000]"));
}
