#include "ringway/stats/log.h"

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/stats/log_ring.h"
#include "ringway/stats/log_sink.h"
#include "sample.h"

using namespace ringway::stats;
namespace base = ringway::base;

namespace {

base::Instant test_now{0};

LogSettings test_settings() {
    LogSettings settings;
    settings.now = [] { return test_now; };
    settings.wall_clock_us = [] { return sample_wall_us; };
    return settings;
}

std::vector<std::string> take_lines(LogRing& ring) {
    std::vector<std::string> lines;
    ring.drain([&](LogStream stream, std::string_view text) {
        REQUIRE(stream == LogStream::server);
        lines.emplace_back(text);
    });
    return lines;
}

std::string one_line(LogRing& ring) {
    const std::vector<std::string> lines = take_lines(ring);
    REQUIRE(lines.size() == 1);
    return lines.front();
}

constexpr const char* stamp = "time=2025-11-20T15:33:13.123456Z ";

}  // namespace

TEST_CASE("a line carries time, level, shard, words and fields") {
    LogRing ring(4'096);
    LogSettings settings = test_settings();
    settings.shard = 2;
    Log log(ring, settings);
    const std::string name = "web";
    log.warn("accepting paused", kv("listener", name), kv("left", 3u), kv("delta", -4),
             kv("again", true), kv("wait", base::Duration::milliseconds(5)),
             kv("error", base::Error::from_errno(-EMFILE)));
    CHECK(one_line(ring) == std::string(stamp) +
                                "level=warn shard=2 msg=\"accepting paused\" listener=web left=3 "
                                "delta=-4 again=true wait_us=5000 "
                                "error=\"limit: Too many open files\"");
}

TEST_CASE("the same line as JSON") {
    LogRing ring(4'096);
    LogSettings settings = test_settings();
    settings.json = true;
    Log log(ring, settings);
    log.error("cannot connect", kv("endpoint", "a\"b"), kv("failures", std::uint64_t{7}),
              kv("error", base::Error::from_errno(-ECONNREFUSED, base::ErrorSource::upstream)));
    CHECK(one_line(ring) ==
          R"({"time":"2025-11-20T15:33:13.123456Z","level":"error","msg":"cannot connect",)"
          R"("endpoint":"a\"b","failures":7,"error":"refused, upstream: Connection refused"})");
}

TEST_CASE("lines below the level are not written, and the level may change at any time") {
    LogRing ring(4'096);
    Log log(ring, test_settings());
    log.debug("nobody wants this");
    CHECK(take_lines(ring).empty());
    ring.set_level(LogLevel::debug);
    log.debug("now somebody does");
    CHECK(take_lines(ring).size() == 1);
    ring.set_level(LogLevel::error);
    log.warn("too quiet");
    log.error("loud enough");
    CHECK(take_lines(ring).size() == 1);
    for (const auto level : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
        CHECK(parse_log_level(name_of(level)) == level);
    }
    CHECK_FALSE(parse_log_level("loud").has_value());
}

TEST_CASE("no text from outside can forge a line or a field") {
    LogRing ring(8'192);
    Log log(ring, test_settings());
    log.info("hello", kv("peer", hostile_text()), kv("empty", ""), kv("dash", "-"));
    const std::string line = one_line(ring);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
    CHECK(line.find('\0') == std::string::npos);
    CHECK(line.find("peer=\"a b\\\"c\\\\d\\n\\x0d\\x09=\\x1b[31m\\xff\\xc3(\\xed\\xa0\\x80") !=
          std::string::npos);
    CHECK(line.find(" empty=\"\" dash=\"-\"") != std::string::npos);
}

TEST_CASE("one place in the code may fill its allowance per interval; the rest is counted") {
    LogRing ring(65'536);
    LogSettings settings = test_settings();
    settings.lines_per_interval = 3;
    Log log(ring, settings);
    test_now = {5'000'000'000};
    const auto complain = [&] { log.warn("too many files"); };
    for (int count = 0; count < 10; ++count) complain();
    log.warn("another place has its own allowance");
    CHECK(take_lines(ring).size() == 4);
    CHECK(log.suppressed() == 7);

    test_now = {16'000'000'000};
    complain();
    CHECK(one_line(ring).find("msg=\"too many files\" suppressed=7") != std::string::npos);
    complain();
    CHECK(one_line(ring).find("suppressed") == std::string::npos);
}

TEST_CASE("what was left out is said even if the place falls silent") {
    LogRing ring(65'536);
    LogSettings settings = test_settings();
    settings.lines_per_interval = 1;
    Log log(ring, settings);
    test_now = {5'000'000'000};
    for (int count = 0; count < 4; ++count) log.warn("again and again");
    CHECK(take_lines(ring).size() == 1);
    log.report_suppressed();
    CHECK(take_lines(ring).empty());
    test_now = {20'000'000'000};
    log.report_suppressed();
    CHECK(one_line(ring).find("level=warn msg=\"again and again\" suppressed=3") !=
          std::string::npos);
    log.report_suppressed(true);
    CHECK(take_lines(ring).empty());
}

TEST_CASE("places that crowd each other out of the table are still written or counted") {
    LogRing ring(1u << 20);
    LogSettings settings = test_settings();
    settings.lines_per_interval = 2;
    Log log(ring, settings);
    std::uint64_t asked = 0;
    // Line numbers that are equal modulo the table's size fall on the same few entries.
    const auto speak = [&] {
        asked += 6;
        // clang-format off
#line 10064
        log.info("one");
#line 10128
        log.info("two");
#line 10192
        log.info("three");
#line 10256
        log.info("four");
#line 10320
        log.info("five");
#line 10384
        log.info("six");
        // clang-format on
    };
    for (int round = 0; round < 50; ++round) {
        test_now = {round * 1'000'000};
        speak();
    }
    const std::size_t written = take_lines(ring).size();
    CHECK(written + log.suppressed() == asked);
    CHECK(written >= 12);
}

TEST_CASE("fields that do not fit are left out as a whole, and JSON stays closed") {
    std::array<char, log_line_bytes_max> out;
    LogSettings settings = test_settings();
    const std::string wide(80, 'w');
    for (const bool json : {false, true}) {
        settings.json = json;
        for (std::size_t room = 0; room < 260; ++room) {
            out.fill('#');
            const std::size_t bytes =
                format_log_line(out.data(), room, settings, LogLevel::info, "words",
                                {kv("first", wide), kv("second", 5u)}, 0);
            REQUIRE(bytes <= room);
            REQUIRE(out[room] == '#');
            const std::string_view line(out.data(), bytes);
            if (json && bytes > 0) {
                REQUIRE(line.front() == '{');
                REQUIRE(line.back() == '}');
            }
            const bool has_first = line.find("first") != std::string_view::npos;
            REQUIRE(has_first == (line.find(wide) != std::string_view::npos));
            if (line.find("second") != std::string_view::npos) REQUIRE(has_first);
        }
    }
}

TEST_CASE("a value that is too long is cut at a whole character") {
    std::array<char, log_line_bytes_max> out;
    std::string text(log_text_bytes_max - 1, 'a');
    text += "\xc3\xa9";
    const std::size_t bytes = format_log_line(out.data(), out.size(), test_settings(),
                                              LogLevel::info, "words", {kv("text", text)}, 0);
    const std::string_view line(out.data(), bytes);
    CHECK(line.substr(line.find("text=")) == "text=" + std::string(log_text_bytes_max - 1, 'a'));
}

TEST_CASE("the coordinator's log goes straight into its sink") {
    LogSink sink;
    REQUIRE(sink.open("/dev/null", 2) == 0);
    Log log(sink, test_settings());
    log.info("listening", kv("url", "tcp://127.0.0.1:1"));
    log.debug("not this");
    sink.set_level(LogLevel::debug);
    log.debug("but this");
    CHECK(sink.flush());
    CHECK(sink.lines_written() == 2);
}
