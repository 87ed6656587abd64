// Writes a head into a block of its own and queues it: the way every head leaves.
#pragma once

#include "ringway/base/assert.h"
#include "ringway/http/writer.h"
#include "ringway/net/slice_queue.h"

namespace ringway::proxy {

// `write(writer)` writes at most `bytes_max`; the block has room for `room_behind` more, so that a
// small body can be sent in the same piece. False when there is no memory.
template <typename Write>
bool queue_head(net::BlockPool& blocks, net::SliceQueue& queue, std::size_t bytes_max,
                std::size_t room_behind, Write write) {
    net::Block* block = blocks.take(bytes_max + room_behind);
    if (block == nullptr) return false;
    http::HeadWriter writer(block->room());
    write(writer);
    RW_ASSERT(!writer.overflowed());
    block->used = static_cast<std::uint32_t>(writer.bytes());
    queue.append_block(*block, writer.text());
    blocks.release(*block);
    return true;
}

}  // namespace ringway::proxy
