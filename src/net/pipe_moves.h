// The two moves of splice(2) that everything which flows through a pipe is made of.
//
// Shared by relays and pumps, which decide how much may be read, how often, and what follows from
// an end. Each move is one system call that never blocks; what it learns is kept in the sockets
// (readable, writable, ended, broken) and in the pipe's own count.
#pragma once

#include <cstdint>

#include "ringway/net/pipe_pool.h"
#include "ringway/net/socket.h"

namespace ringway::net {

// Source to pipe, at most `bytes_max`. Returns how many bytes came.
std::uint32_t fill_pipe(Pipe& pipe, Socket& source, std::uint64_t bytes_max);

// Pipe to target. Returns how many bytes went; they are counted as spliced.
std::uint32_t drain_pipe(Pipe& pipe, Socket& target, Flow& flow);

}  // namespace ringway::net
