#include "ringway/stats/session_record.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "field_writer.h"
#include "sample.h"

using namespace ringway::stats;
namespace base = ringway::base;

namespace {

SessionRecord sample_record() {
    SessionRecord record;
    record.ended_wall_us = sample_wall_us;
    record.shard = 1;
    record.id = 42;
    record.listener = "web";
    record.client = "[2001:db8::1]:51000";
    record.upstream = "redis";
    record.endpoint = "10.0.0.5:6379";
    record.bytes_up = 12;
    record.bytes_down = 3'000'000'000;
    record.duration = base::Duration::microseconds(1'234'567);
    record.connect = base::Duration::microseconds(89);
    record.reason = CloseReason::upstream_reset;
    return record;
}

std::string line_of(const SessionRecord& record, bool json,
                    std::size_t room = session_line_bytes_max) {
    std::string line(room, '#');
    line.resize(format_session_line(line.data(), room, record, json));
    return line;
}

std::string time_of(std::int64_t wall_us) {
    std::string text(time_bytes, '#');
    write_rfc3339(text.data(), wall_us);
    return text;
}

}  // namespace

TEST_CASE("a session's line as text") {
    CHECK(line_of(sample_record(), false) ==
          "time=2025-11-20T15:33:13.123456Z event=session shard=1 id=42 listener=web "
          "client=[2001:db8::1]:51000 upstream=redis endpoint=10.0.0.5:6379 bytes_up=12 "
          "bytes_down=3000000000 duration_us=1234567 connect_us=89 reason=upstream-reset");
}

TEST_CASE("a session's line as JSON") {
    CHECK(line_of(sample_record(), true) ==
          R"({"time":"2025-11-20T15:33:13.123456Z","event":"session","shard":1,"id":42,)"
          R"("listener":"web","client":"[2001:db8::1]:51000","upstream":"redis",)"
          R"("endpoint":"10.0.0.5:6379","bytes_up":12,"bytes_down":3000000000,)"
          R"("duration_us":1234567,"connect_us":89,"reason":"upstream-reset"})");
}

TEST_CASE("what is not known is a dash in text and null in JSON") {
    SessionRecord record = sample_record();
    record.upstream = {};
    record.endpoint = {};
    record.connect = {0};
    record.reason = CloseReason::denied;
    CHECK(line_of(record, false).find("upstream=- endpoint=- ") != std::string::npos);
    CHECK(line_of(record, false).find("connect_us=- reason=denied") != std::string::npos);
    CHECK(line_of(record, true).find(R"("upstream":null,"endpoint":null)") != std::string::npos);
    CHECK(line_of(record, true).find(R"("connect_us":null,"reason":"denied"})") !=
          std::string::npos);
}

TEST_CASE("names cannot forge fields or lines") {
    SessionRecord record = sample_record();
    record.listener = "web reason=finished";
    CHECK(line_of(record, false).find(R"(listener="web reason=finished")") != std::string::npos);
    const std::string hostile = hostile_text();
    record.client = hostile;
    for (const bool json : {false, true}) {
        const std::string line = line_of(record, json);
        for (const char byte : line) REQUIRE(static_cast<unsigned char>(byte) >= 0x20);
    }
}

TEST_CASE("the longest texts fit into the promised room") {
    SessionRecord record = sample_record();
    const std::string worst(1'000, '\x01');
    record.listener = record.client = record.upstream = record.endpoint = worst;
    record.shard = ~std::uint32_t{0};
    record.id = record.bytes_up = record.bytes_down = ~std::uint64_t{0};
    record.duration = record.connect = base::Duration::forever();
    record.reason = CloseReason::preamble_timeout;
    for (const bool json : {false, true}) {
        const std::string line = line_of(record, json);
        CHECK(line.size() <= session_line_bytes_max);
        CHECK(line.find("preamble-timeout") != std::string::npos);
    }
}

TEST_CASE("with less room whole fields are left out, and nothing is written beyond it") {
    const SessionRecord record = sample_record();
    for (const bool json : {false, true}) {
        const std::string full = line_of(record, json);
        for (std::size_t room = 0; room <= full.size(); ++room) {
            std::string out(full.size() + 1, '#');
            const std::size_t bytes = format_session_line(out.data(), room, record, json);
            REQUIRE(bytes <= room);
            REQUIRE(out.find_first_not_of('#', room) == std::string::npos);
            std::string line = out.substr(0, bytes);
            if (json && !line.empty()) {
                REQUIRE(line.back() == '}');
                line.pop_back();
            }
            REQUIRE(full.starts_with(line));
            if (bytes == full.size() || line.empty() || line == "{") continue;
            const char after = full[line.size()];
            REQUIRE((after == ' ' || after == ','));
        }
        CHECK(line_of(record, json, full.size()) == full);
    }
}

TEST_CASE("every reason has a name of its own") {
    std::string all = " ";
    for (std::size_t index = 0; index < close_reason_count; ++index) {
        const std::string name = " " + std::string(name_of(static_cast<CloseReason>(index))) + " ";
        CHECK(name != " unknown ");
        CHECK(all.find(name) == std::string::npos);
        all += name.substr(1);
    }
}

TEST_CASE("times are right across leap days and the ends of the range") {
    CHECK(time_of(0) == "1970-01-01T00:00:00.000000Z");
    CHECK(time_of(-5) == "1970-01-01T00:00:00.000000Z");
    CHECK(time_of(951'782'399'999'999) == "2000-02-28T23:59:59.999999Z");
    CHECK(time_of(951'782'400'000'000) == "2000-02-29T00:00:00.000000Z");
    CHECK(time_of(951'868'800'000'000) == "2000-03-01T00:00:00.000000Z");
    CHECK(time_of(1'709'164'800'000'000) == "2024-02-29T00:00:00.000000Z");
    CHECK(time_of(4'107'542'400'000'000) == "2100-03-01T00:00:00.000000Z");
    CHECK(time_of(INT64_MAX) == "9999-12-31T23:59:59.999999Z");
}
