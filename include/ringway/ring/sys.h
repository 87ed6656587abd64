// The direct system calls of the data path, behind one link-time seam.
//
// Everything a shard asks of the kernel beside its ring goes through here, so that the simulation
// can answer instead. Every function returns a value >= 0 or a negative errno, and never blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/socket.h>

#include "ringway/base/clock.h"

namespace ringway::ring::sys {

base::Instant now();           // CLOCK_MONOTONIC
std::int64_t wall_clock_us();  // CLOCK_REALTIME, for log lines alone

int socket(int domain, int type, int protocol);
int bind(int fd, const sockaddr* address, socklen_t bytes);
int listen(int fd, int backlog);
int accept(int listener_fd);  // SOCK_CLOEXEC | SOCK_NONBLOCK; -EAGAIN when the queue is empty
int set_option(int fd, int level, int name, const void* value, socklen_t bytes);
int get_option(int fd, int level, int name, void* value, socklen_t* bytes);
int peer_name(int fd, sockaddr* address, socklen_t* bytes);
int local_name(int fd, sockaddr* address, socklen_t* bytes);
int shutdown(int fd, int how);
int close(int fd);

// Bytes moved, 0 at end of stream, or -errno. Both move without blocking (SPLICE_F_NONBLOCK).
std::int64_t splice_in(int socket_fd, int pipe_write_fd, std::size_t bytes_max);
std::int64_t splice_out(int pipe_read_fd, int socket_fd, std::size_t bytes_max, bool more_follows);

int make_pipe(int fds[2], std::size_t wanted_bytes);  // 0 and the ends in fds[0] (read), fds[1]
int pipe_bytes(int pipe_fd);                          // its capacity (F_GETPIPE_SZ)

std::int64_t receive(int fd, void* data, std::size_t bytes);  // recv(MSG_DONTWAIT)

// The emergency path that holds no memory: look at what is there, send it, then drop what was
// taken.
std::int64_t peek(int fd, void* data, std::size_t bytes);  // recv(MSG_PEEK | MSG_DONTWAIT)
std::int64_t discard(int fd, std::size_t bytes);           // recv(MSG_TRUNC | MSG_DONTWAIT)
std::int64_t send_now(int fd, const void* data, std::size_t bytes);  // send(MSG_DONTWAIT)

// The wake-up of another thread's ring: an eventfd.
int make_wake_fd();
void signal_wake_fd(int fd);
void clear_wake_fd(int fd);

}  // namespace ringway::ring::sys
