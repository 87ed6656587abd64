#include "ringway/stats/log_ring.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/base/random.h"

using ringway::stats::LogLevel;
using ringway::stats::LogRing;
using ringway::stats::LogStream;

namespace {

using Lines = std::vector<std::pair<LogStream, std::string>>;

Lines take_all(LogRing& ring) {
    Lines lines;
    ring.drain([&](LogStream stream, std::string_view text) { lines.emplace_back(stream, text); });
    return lines;
}

}  // namespace

TEST_CASE("lines come out in order, each for its stream") {
    LogRing ring(256);
    CHECK(ring.write(LogStream::server, "one"));
    CHECK(ring.write(LogStream::access, "two"));
    CHECK(ring.write(LogStream::server, ""));
    CHECK(take_all(ring) ==
          Lines{{LogStream::server, "one"}, {LogStream::access, "two"}, {LogStream::server, ""}});
    CHECK(take_all(ring).empty());
    CHECK(ring.written() == 3);
    CHECK(ring.dropped() == 0);
}

TEST_CASE("a full ring drops the line, counts it, and goes on after it was drained") {
    LogRing ring(64);
    CHECK(ring.write(LogStream::server, std::string(20, 'a')));  // 32 bytes with its header
    CHECK(ring.write(LogStream::server, std::string(24, 'b')));  // 32 bytes
    CHECK_FALSE(ring.write(LogStream::server, ""));
    CHECK(ring.dropped() == 1);
    CHECK(take_all(ring).size() == 2);
    CHECK(ring.write(LogStream::server, std::string(56, 'c')));
    CHECK(take_all(ring) == Lines{{LogStream::server, std::string(56, 'c')}});
    CHECK_FALSE(ring.write(LogStream::server, std::string(57, 'd')));
    CHECK_FALSE(ring.write(LogStream::server, std::string(5'000, 'd')));
    CHECK(ring.dropped() == 3);
    CHECK(take_all(ring).empty());
}

TEST_CASE("a line that does not fit before the end starts at the beginning, in one piece") {
    LogRing ring(128);
    CHECK(ring.write(LogStream::server, std::string(60, 'a')));  // 72 bytes: 56 are left
    CHECK(take_all(ring).size() == 1);
    CHECK(ring.write(LogStream::access, std::string(50, 'b')));  // 64 bytes: leaves a gap of 56
    CHECK(take_all(ring) == Lines{{LogStream::access, std::string(50, 'b')}});
    // The gap counts as used until it was passed over.
    CHECK(ring.write(LogStream::access, std::string(50, 'c')));
    CHECK(ring.write(LogStream::access, std::string(56, 'd')));
    CHECK_FALSE(ring.write(LogStream::access, ""));
    CHECK(take_all(ring).size() == 2);
}

TEST_CASE("lines of every length survive many rounds through a small ring") {
    LogRing ring(512);
    ringway::base::Random random(11);
    std::vector<std::string> expected;
    std::size_t taken = 0;
    for (int round = 0; round < 50'000; ++round) {
        std::string line(random.below(200), static_cast<char>('a' + round % 26));
        if (ring.write(LogStream::access, line)) expected.push_back(std::move(line));
        if (random.chance(1, 3)) {
            for (const auto& [stream, text] : take_all(ring)) {
                REQUIRE(text == expected[taken]);
                ++taken;
            }
        }
    }
    taken += take_all(ring).size();
    CHECK(taken == expected.size());
    CHECK(ring.written() == expected.size());
    CHECK(ring.written() + ring.dropped() == 50'000);
    CHECK(ring.dropped() > 0);
}

TEST_CASE("one thread writes while another reads: nothing is lost, torn or out of order") {
    LogRing ring(4'096);
    constexpr std::uint64_t lines = 100'000;
    std::thread shard([&] {
        for (std::uint64_t number = 0; number < lines; ++number) {
            const std::string line = fmt::format("{} {}", number, std::string(number % 97, 'x'));
            while (!ring.write(LogStream::access, line)) std::this_thread::yield();
        }
    });
    std::uint64_t next = 0;
    while (next < lines) {
        ring.drain([&](LogStream, std::string_view text) {
            REQUIRE(text == fmt::format("{} {}", next, std::string(next % 97, 'x')));
            ++next;
        });
        std::this_thread::yield();
    }
    shard.join();
    CHECK(ring.written() == lines);
    CHECK(take_all(ring).empty());
}

TEST_CASE("the level is info until somebody changes it") {
    LogRing ring(64);
    CHECK(ring.level() == LogLevel::info);
    ring.set_level(LogLevel::debug);
    CHECK(ring.level() == LogLevel::debug);
}
