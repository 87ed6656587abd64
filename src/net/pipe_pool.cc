#include "ringway/net/pipe_pool.h"

#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/ring/sys.h"

namespace ringway::net {

PipePool::PipePool(std::size_t pipes_max, std::size_t pipe_bytes)
    : pipes_max_(pipes_max), pipe_bytes_(pipe_bytes), pipes_(pipes_max) {
    idle_.reserve(pipes_max);
    closed_.reserve(pipes_max);
    for (Pipe& pipe : pipes_) closed_.push_back(&pipe);
}

PipePool::~PipePool() {
    RW_ASSERT(lent_ == 0);
    for (Pipe* pipe : idle_) {
        ring::sys::close(pipe->read_fd);
        ring::sys::close(pipe->write_fd);
    }
}

Pipe* PipePool::borrow() {
    if (!idle_.empty()) {
        Pipe* pipe = idle_.back();
        idle_.pop_back();
        ++lent_;
        return pipe;
    }
    if (closed_.empty()) return nullptr;
    int fds[2];
    if (ring::sys::make_pipe(fds, pipe_bytes_) < 0) return nullptr;
    Pipe* pipe = closed_.back();
    closed_.pop_back();
    const int capacity = ring::sys::pipe_bytes(fds[1]);
    *pipe = {fds[0], fds[1], static_cast<std::uint32_t>(capacity > 0 ? capacity : 65536), 0};
    ++lent_;
    return pipe;
}

void PipePool::give_back(Pipe* pipe) {
    RW_ASSERT(lent_ > 0);
    --lent_;
    if (pipe->held_bytes == 0 || base::planted(base::Bug::dirty_pipe_reused)) {
        pipe->held_bytes = 0;
        idle_.push_back(pipe);
        return;
    }
    ring::sys::close(pipe->read_fd);
    ring::sys::close(pipe->write_fd);
    *pipe = {};
    closed_.push_back(pipe);
}

}  // namespace ringway::net
