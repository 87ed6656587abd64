#include "peer.h"

#include <cerrno>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::load {
namespace sys = ring::sys;

Peer::Peer(Engine& engine, int fd) : Actor(engine, fd) {
    receive_op_.peer = this;
    send_op_.peer = this;
    waiter_.peer = this;
}

void Peer::start_receiving() {
    if (retired()) return;
    engine().ring().recv_multishot(receive_op_, fd(), engine().buffers().id());
}

void Peer::send(std::span<const std::byte> bytes) {
    unsent_ = bytes;
    engine().ring().send(send_op_, fd(), bytes.data(), bytes.size());
}

void Peer::end_sending() { sys::shutdown(fd(), SHUT_WR); }

// close(2) alone would leave an armed receive holding the socket, and the other side unaware.
void Peer::call_home() { sys::shutdown(fd(), SHUT_RDWR); }

void Peer::handle_receive(ring::Op& op, const ring::Completion& completion) {
    Peer& peer = *static_cast<PeerOp&>(op).peer;
    peer.received(completion);
    peer.left_ring();
}

void Peer::received(const ring::Completion& completion) {
    if (completion.has_buffer()) {
        const ring::Slice slice = engine().buffers().take(completion);
        if (!retired() && slice.bytes > 0) on_bytes({slice.data, slice.bytes});
        engine().buffers().release(slice);
    }
    if (completion.more() || retired()) return;
    if (completion.result > 0)
        start_receiving();
    else if (completion.result == -ENOBUFS)
        engine().buffers().wait(waiter_);
    else
        ended(-completion.result);
}

void Peer::handle_send(ring::Op& op, const ring::Completion& completion) {
    Peer& peer = *static_cast<PeerOp&>(op).peer;
    peer.sent(completion.result);
    peer.left_ring();
}

void Peer::sent(int result) {
    if (retired()) return;
    if (result < 0) {
        ended(-result);
        return;
    }
    unsent_ = unsent_.subspan(static_cast<std::size_t>(result));
    if (unsent_.empty())
        on_sent();
    else
        send(unsent_);
}

void Peer::ended(int os_error) {
    if (told_end_) return;
    told_end_ = true;
    on_end(os_error);
}

}  // namespace ringway::load
