#include "pipe_moves.h"

#include <algorithm>
#include <cerrno>

#include "ringway/ring/sys.h"

namespace ringway::net {

// The pipe's own count decides: EAGAIN does not say whether the pipe is full or the socket empty,
// so with bytes in the pipe it is taken for full and asked again when drained.
std::uint32_t fill_pipe(Pipe& pipe, Socket& source, std::uint64_t bytes_max) {
    const std::uint64_t free_bytes = pipe.capacity_bytes - pipe.held_bytes;
    const auto room = static_cast<std::uint32_t>(std::min(free_bytes, bytes_max));
    if (source.has_ended() || !source.readable || room == 0) return 0;
    const std::int64_t moved = ring::sys::splice_in(source.fd(), pipe.write_fd, room);
    if (moved > 0) {
        const auto came = static_cast<std::uint32_t>(moved);
        pipe.held_bytes += came;
        // Less than there was room for: most likely that was all. The watch knows for certain.
        if (came < room) source.readable = false;
        source.note_received();
        return came;
    }
    if (moved == 0) {
        source.mark_ended();
    } else if (moved == -EAGAIN) {
        if (pipe.held_bytes == 0) source.readable = false;
    } else if (moved != -EINTR) {
        source.break_with(static_cast<int>(moved));
        source.mark_ended();
    }
    return 0;
}

std::uint32_t drain_pipe(Pipe& pipe, Socket& target, Flow& flow) {
    if (pipe.held_bytes == 0 || !target.writable) return 0;
    const std::int64_t moved =
        ring::sys::splice_out(pipe.read_fd, target.fd(), pipe.held_bytes, false);
    if (moved > 0) {
        const auto went = static_cast<std::uint32_t>(moved);
        pipe.held_bytes -= went;
        if (pipe.held_bytes > 0) target.writable = false;  // it took what it had room for
        flow.count(went, &stats::DirectionStats::spliced_bytes);
        return went;
    }
    if (moved == -EAGAIN) {
        target.writable = false;
    } else if (moved != -EINTR) {
        target.break_with(moved == 0 ? -EPIPE : static_cast<int>(moved));
    }
    return 0;
}

}  // namespace ringway::net
