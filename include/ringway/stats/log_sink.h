// Where log lines end: a file, or standard output or error. Owned by the coordinator's thread.
//
// Lines are collected and written together. A target that takes no more (disk full, a pipe whose
// reader sleeps) costs lines, which are counted, and never time: nothing here blocks but the disk.
// Expects SIGPIPE to be ignored.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ringway/stats/counter.h"
#include "ringway/stats/log_level.h"

namespace ringway::stats {

class LogSink {
  public:
    explicit LogSink(std::size_t buffer_bytes = 256u << 10);
    ~LogSink();  // flushes what the target takes
    LogSink(const LogSink&) = delete;
    LogSink& operator=(const LogSink&) = delete;

    // `path` is a file to append to, or "-" for the descriptor `standard_fd` (1 or 2, not closed).
    // Returns 0 or a positive errno; what was open before stays open when it fails.
    int open(std::string_view path, int standard_fd);
    // Opens the same path again (USR1, after the file was moved away). Nothing to do for "-".
    int reopen();
    void close();
    bool is_open() const { return fd_ >= 0; }

    // One line without its newline. Kept until flush(), or until the buffer is full.
    void write(std::string_view line);
    // Writes what the target takes now. False while something is still waiting.
    bool flush();

    std::uint64_t lines_written() const { return lines_written_.read(); }
    std::uint64_t lines_dropped() const { return lines_dropped_.read(); }
    int last_error() const { return last_error_; }  // 0 or a positive errno

    void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    LogLevel level() const { return level_.load(std::memory_order_relaxed); }

  private:
    std::int64_t write_some();
    std::uint64_t take_lines(std::size_t bytes);
    void drop_pending();

    std::string buffer_;
    std::size_t capacity_;
    std::size_t pending_at_ = 0;  // what lies before it in buffer_ is written
    int fd_ = -1;
    bool owns_fd_ = false;
    bool may_block_ = true;     // not a regular file: ask poll(2) before every write
    bool inside_line_ = false;  // the last byte written was not a newline
    bool torn_ = false;         // buffer_ begins with the newline of a line that was cut off
    int last_error_ = 0;
    std::string path_;
    int standard_fd_ = -1;
    Counter lines_written_;
    Counter lines_dropped_;
    std::atomic<LogLevel> level_{LogLevel::info};
};

}  // namespace ringway::stats
