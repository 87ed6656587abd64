// Log lines on their way from one shard to the coordinator, which writes them to files.
//
// Single producer (the shard), single consumer (the coordinator), a fixed number of bytes. A line
// that does not fit is dropped and counted: logging never blocks a shard.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ringway/stats/counter.h"
#include "ringway/stats/log_level.h"

namespace ringway::stats {

enum class LogStream : std::uint8_t { server, access };

class LogRing {
  public:
    explicit LogRing(std::size_t bytes = 1u << 20);  // a power of two

    // By the shard: one whole line without its newline. False when dropped.
    bool write(LogStream stream, std::string_view line);

    // By the coordinator: calls sink(stream, line) for each waiting line; returns how many.
    template <typename Sink>
    std::size_t drain(Sink sink) {
        std::size_t lines = 0;
        Line line;
        while (peek(line)) {
            sink(line.stream, line.text);
            consume(line);
            ++lines;
        }
        return lines;
    }

    // By the coordinator: how full it is.
    std::size_t capacity_bytes() const { return mask_ + 1; }
    std::size_t waiting_bytes() const {
        return head_.at.load(std::memory_order_relaxed) - tail_.at.load(std::memory_order_relaxed);
    }

    std::uint64_t written() const { return written_.read(); }
    std::uint64_t dropped() const { return dropped_.read(); }

    // Which lines the shard's Log writes at all; the coordinator may change it at any time.
    void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    LogLevel level() const { return level_.load(std::memory_order_relaxed); }

  private:
    struct Line {
        LogStream stream = LogStream::server;
        std::string_view text;
        std::size_t next = 0;
    };
    bool peek(Line& line);
    void consume(const Line& line);

    static constexpr std::size_t line_bytes = 64;
    struct alignas(line_bytes) Position {
        std::atomic<std::size_t> at{0};
    };
    // Bytes ever written and ever read. Each line of bytes in the ring starts with a Header and is
    // contiguous: what does not fit before the end leaves a gap and starts at the beginning.
    struct Header {
        std::uint32_t bytes = 0;
        std::uint32_t kind = 0;  // a LogStream, or gap_kind
    };
    static constexpr std::uint32_t gap_kind = 0xFFFF'FFFF;
    static constexpr std::size_t header_bytes = sizeof(Header);
    static std::size_t record_bytes(std::size_t text_bytes) {
        return (header_bytes + text_bytes + header_bytes - 1) & ~(header_bytes - 1);
    }
    void put_header(std::size_t at, const Header& header);

    Position head_;  // written by the shard
    Position tail_;  // written by the coordinator
    const std::size_t mask_;
    std::unique_ptr<char[]> bytes_;
    std::atomic<LogLevel> level_{LogLevel::info};
    alignas(line_bytes) Counter written_;
    Counter dropped_;
};

}  // namespace ringway::stats
