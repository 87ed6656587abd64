// The way of an access-log line: formatted by a shard, through its ring, into a sink.
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "ringway/stats/exchange_record.h"
#include "ringway/stats/log_ring.h"
#include "ringway/stats/log_sink.h"
#include "sample.h"

using namespace ringway::stats;

namespace {

// What a shard does for one exchange. Returns at once, whatever becomes of the line.
void log_exchange(LogRing& ring, std::uint64_t exchange, ExchangeLineFormat format) {
    ExchangeRecord record = sample_exchange();
    record.exchange = exchange;
    std::array<char, exchange_line_bytes_max> line;
    const std::size_t bytes = format_exchange_line(line.data(), line.size(), record, format);
    ring.write(LogStream::access, {line.data(), bytes});
}

}  // namespace

TEST_CASE("a full disk drops the lines of exchanges and counts them, and the shard goes on") {
    if (!std::filesystem::exists("/dev/full")) return;
    LogRing ring(1u << 16);
    LogSink sink(1u << 14);
    REQUIRE(sink.open("/dev/full", 1) == 0);
    constexpr std::uint64_t exchanges = 20'000;
    std::thread shard([&] {
        for (std::uint64_t index = 1; index <= exchanges; ++index) {
            log_exchange(ring, index, ExchangeLineFormat::haproxy);
        }
    });
    while (ring.written() + ring.dropped() < exchanges) {
        ring.drain([&](LogStream, std::string_view line) { sink.write(line); });
        sink.flush();
    }
    shard.join();
    ring.drain([&](LogStream, std::string_view line) { sink.write(line); });
    sink.flush();
    CHECK(sink.lines_written() == 0);
    CHECK(sink.lines_dropped() == ring.written());
    CHECK(ring.written() + ring.dropped() == exchanges);
    CHECK(sink.last_error() == ENOSPC);
}

TEST_CASE("a coordinator that takes no lines costs lines, never a shard's time") {
    LogRing ring(1u << 14);
    // On this thread: if a line could wait for room, this would never end.
    for (std::uint64_t index = 1; index <= 10'000; ++index) {
        log_exchange(ring, index, ExchangeLineFormat::text);
    }
    CHECK(ring.written() > 0);
    CHECK(ring.written() + ring.dropped() == 10'000);
    CHECK(ring.waiting_bytes() <= ring.capacity_bytes());
    CHECK(ring.waiting_bytes() > ring.capacity_bytes() * 9 / 10);
    const std::size_t lines = ring.drain([](LogStream stream, std::string_view line) {
        CHECK(stream == LogStream::access);
        CHECK(line.ends_with(" referer=-"));
    });
    CHECK(lines == ring.written());
    CHECK(ring.waiting_bytes() == 0);
}
