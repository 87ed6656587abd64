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

    std::uint64_t dropped() const { return dropped_.read(); }

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
    Position head_;
    Position tail_;
    const std::size_t mask_;
    std::unique_ptr<char[]> bytes_;
    Counter dropped_;
};

}  // namespace ringway::stats
