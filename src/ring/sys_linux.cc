// ring/sys.h, answered by Linux.

#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ringway/ring/sys.h"

namespace ringway::ring::sys {

namespace {

template <typename Value>
Value or_errno(Value result) {
    return result >= 0 ? result : static_cast<Value>(-errno);
}

}  // namespace

base::Instant now() {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC, &at);
    return {at.tv_sec * 1'000'000'000 + at.tv_nsec};
}

std::int64_t wall_clock_us() {
    timespec at{};
    ::clock_gettime(CLOCK_REALTIME, &at);
    return at.tv_sec * 1'000'000 + at.tv_nsec / 1'000;
}

int socket(int domain, int type, int protocol) {
    return or_errno(::socket(domain, type, protocol));
}
int bind(int fd, const sockaddr* address, socklen_t bytes) {
    return or_errno(::bind(fd, address, bytes));
}
int listen(int fd, int backlog) { return or_errno(::listen(fd, backlog)); }
int accept(int listener_fd) {
    return or_errno(::accept4(listener_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}
int set_option(int fd, int level, int name, const void* value, socklen_t bytes) {
    return or_errno(::setsockopt(fd, level, name, value, bytes));
}
int get_option(int fd, int level, int name, void* value, socklen_t* bytes) {
    return or_errno(::getsockopt(fd, level, name, value, bytes));
}
int peer_name(int fd, sockaddr* address, socklen_t* bytes) {
    return or_errno(::getpeername(fd, address, bytes));
}
int local_name(int fd, sockaddr* address, socklen_t* bytes) {
    return or_errno(::getsockname(fd, address, bytes));
}
int shutdown(int fd, int how) { return or_errno(::shutdown(fd, how)); }
int close(int fd) { return or_errno(::close(fd)); }

std::int64_t splice_in(int socket_fd, int pipe_write_fd, std::size_t bytes_max) {
    return or_errno(::splice(socket_fd, nullptr, pipe_write_fd, nullptr, bytes_max,
                             SPLICE_F_NONBLOCK | SPLICE_F_MOVE));
}
std::int64_t splice_out(int pipe_read_fd, int socket_fd, std::size_t bytes_max, bool more_follows) {
    const unsigned more = more_follows ? static_cast<unsigned>(SPLICE_F_MORE) : 0u;
    return or_errno(::splice(pipe_read_fd, nullptr, socket_fd, nullptr, bytes_max,
                             SPLICE_F_NONBLOCK | SPLICE_F_MOVE | more));
}

int make_pipe(int fds[2], std::size_t wanted_bytes) {
    if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
    // A refused size (the per-user soft limit) leaves the default: the pipe still works.
    ::fcntl(fds[1], F_SETPIPE_SZ, static_cast<int>(wanted_bytes));
    return 0;
}
int pipe_bytes(int pipe_fd) { return or_errno(::fcntl(pipe_fd, F_GETPIPE_SZ)); }

std::int64_t receive(int fd, void* data, std::size_t bytes) {
    return or_errno(::recv(fd, data, bytes, MSG_DONTWAIT));
}
std::int64_t peek(int fd, void* data, std::size_t bytes) {
    return or_errno(::recv(fd, data, bytes, MSG_PEEK | MSG_DONTWAIT));
}
std::int64_t discard(int fd, std::size_t bytes) {
    return or_errno(::recv(fd, nullptr, bytes, MSG_TRUNC | MSG_DONTWAIT));
}
std::int64_t send_now(int fd, const void* data, std::size_t bytes) {
    return or_errno(::send(fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL));
}

int make_wake_fd() { return or_errno(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
void signal_wake_fd(int fd) {
    const std::uint64_t one = 1;
    // It can only fail when the counter is full, and then the reader is awake already.
    [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}
void clear_wake_fd(int fd) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof count);
}

}  // namespace ringway::ring::sys
