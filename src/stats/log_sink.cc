#include "ringway/stats/log_sink.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringway::stats {

namespace {

// What a pipe takes whole once poll(2) says that it takes anything.
constexpr std::size_t safe_piece_bytes = 4096;

bool is_regular(int fd) {
    struct stat status{};
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool takes_more(int fd) {
    pollfd wanted{fd, POLLOUT, 0};
    // An error or a hang-up also says "go on": the write then names it.
    return poll(&wanted, 1, 0) > 0;
}

}  // namespace

LogSink::LogSink(std::size_t buffer_bytes) : capacity_(buffer_bytes) {
    buffer_.reserve(buffer_bytes);
}

LogSink::~LogSink() { close(); }

int LogSink::open(std::string_view path, int standard_fd) {
    int fd = standard_fd;
    const std::string wanted(path);
    if (wanted != "-") {
        // Non-blocking for the sake of named pipes; a regular file does not care.
        fd = ::open(wanted.c_str(),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
        if (fd < 0) return errno;
    }
    close();
    fd_ = fd;
    owns_fd_ = wanted != "-";
    may_block_ = !is_regular(fd);
    path_ = wanted;
    standard_fd_ = standard_fd;
    return 0;
}

int LogSink::reopen() {
    if (!is_open() || !owns_fd_) return 0;
    return open(std::string(path_), standard_fd_);
}

void LogSink::close() {
    if (!is_open()) return;
    flush();
    drop_pending();
    buffer_.clear();
    inside_line_ = false;
    torn_ = false;
    if (owns_fd_) ::close(fd_);
    fd_ = -1;
}

void LogSink::write(std::string_view line) {
    if (!is_open()) return;
    if (buffer_.size() - pending_at_ + line.size() + 1 > capacity_) flush();
    if (buffer_.size() - pending_at_ + line.size() + 1 > capacity_) {
        lines_dropped_.add();
        return;
    }
    // What was written already makes room before the buffer would have to grow.
    if (buffer_.size() + line.size() + 1 > capacity_) {
        buffer_.erase(0, pending_at_);
        pending_at_ = 0;
    }
    buffer_ += line;
    buffer_ += '\n';
}

// Returns the bytes that went out, or a negative errno.
std::int64_t LogSink::write_some() {
    std::size_t bytes = buffer_.size() - pending_at_;
    if (may_block_) {
        // The description of a standard stream is shared with other processes: it is not ours to
        // make it non-blocking, so it is asked first and given pieces that it takes at once.
        if (!takes_more(fd_)) return -EAGAIN;
        bytes = std::min(bytes, safe_piece_bytes);
    }
    const ssize_t written = ::write(fd_, buffer_.data() + pending_at_, bytes);
    return written < 0 ? -errno : written;
}

bool LogSink::flush() {
    while (is_open() && pending_at_ < buffer_.size()) {
        const std::int64_t result = write_some();
        if (result == -EINTR) continue;
        if (result == -EAGAIN) return false;
        if (result <= 0) {
            last_error_ = result == 0 ? EIO : static_cast<int>(-result);
            drop_pending();
            return true;
        }
        lines_written_.add(take_lines(static_cast<std::size_t>(result)));
        inside_line_ = buffer_[pending_at_ - 1] != '\n';
    }
    buffer_.clear();
    pending_at_ = 0;
    return true;
}

// Passes over `bytes` of what is pending; returns how many whole lines end in them. The newline
// that closes a torn line is not one: that line was counted as dropped.
std::uint64_t LogSink::take_lines(std::size_t bytes) {
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(pending_at_);
    const auto to = from + static_cast<std::ptrdiff_t>(bytes);
    auto lines = static_cast<std::uint64_t>(std::count(from, to, '\n'));
    if (torn_ && bytes > 0) {
        torn_ = false;
        --lines;
    }
    pending_at_ += bytes;
    return lines;
}

// Half a line may be out already: a newline stays behind, so that the next line that can be written
// starts on a line of its own.
void LogSink::drop_pending() {
    lines_dropped_.add(take_lines(buffer_.size() - pending_at_));
    buffer_.clear();
    pending_at_ = 0;
    if (!inside_line_) return;
    buffer_ += '\n';
    torn_ = true;
}

}  // namespace ringway::stats
