#include "ringway/proxy/reader.h"

#include <algorithm>

namespace ringway::proxy {

namespace {

constexpr std::size_t emergency_block_bytes = 4096;

}  // namespace

bool Reader::regulate(net::Socket& socket, const net::RelayContext& relay,
                      std::uint64_t held_bytes) {
    if (socket.take_arrived() <= net::RelayThresholds::small_move_bytes) overran_ = false;
    if (socket.has_ended()) return false;
    // With few buffers left nobody is to hold many.
    std::uint32_t limit = relay.settings.held_bytes_max;
    if (relay.buffers.scarce()) limit = std::min(limit, net::RelayThresholds::small_move_bytes);
    if (socket.is_receiving()) {
        if (held_bytes < limit) return false;
        overran_ = true;
        socket.stop_receiving();
        return true;
    }
    if (held_bytes > limit / 2) return true;
    if (socket.is_waiting_for_buffer()) {
        socket.give_up_waiting_for_buffer();
        if (socket.receive_into_block(emergency_block_bytes)) {
            socket.wake().set_next_turn();
        } else {
            socket.watch_readable();
        }
    } else if (overran_) {
        socket.receive_once();
    } else {
        socket.start_receiving();
    }
    return false;
}

}  // namespace ringway::proxy
