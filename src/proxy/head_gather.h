// Parses a head from a queue: in place while it is in one piece, put together in a block else, so
// that a slow peer holds no receive buffer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "ringway/http/parser.h"
#include "ringway/net/slice_queue.h"

namespace ringway::proxy {

// What of a head has left the queue already.
struct Gathered {
    net::Block* block = nullptr;
    std::uint32_t taken_bytes = 0;  // when done: so many of the head are not in the queue any more
};

// The first block holds more than the parser has seen of the queue's first slice: it goes on from
// there.
inline bool begin_block(net::BlockPool& blocks, net::Block*& block, std::size_t seen_bytes) {
    constexpr std::size_t first_bytes = 1024;
    block = blocks.take(std::max(first_bytes, seen_bytes + 1));
    return block != nullptr;
}

// Makes room for more in the block; false when there is no memory.
inline bool grow(net::BlockPool& blocks, net::Block*& block) {
    if (!block->room().empty()) return true;
    net::Block* larger = blocks.take(std::size_t{block->capacity} * 2);
    if (larger == nullptr) return false;
    std::copy_n(block->data, block->used, larger->data);
    larger->used = block->used;
    blocks.release(*block);
    block = larger;
    return true;
}

// When done, the parsed head refers to the queue's first slice or to the block, and its bytes less
// `taken_bytes` are still in the queue. `failed` without a fault: no memory.
template <typename Parser>
http::Progress parse_head(Parser& parser, net::SliceQueue& in, net::BlockPool& blocks,
                          Gathered& gathered) {
    if (in.empty()) return http::Progress::need_more;
    if (gathered.block == nullptr) {
        const ring::Slice& first = in.first()->slice;
        const http::Progress progress =
            parser.parse({reinterpret_cast<const char*>(first.data), first.bytes});
        if (progress != http::Progress::need_more) return progress;
        if (!begin_block(blocks, gathered.block, first.bytes)) return http::Progress::failed;
    }
    for (;;) {
        if (!grow(blocks, gathered.block)) return http::Progress::failed;
        net::Block& block = *gathered.block;
        gathered.taken_bytes = block.used;
        const auto room = block.room();
        const std::size_t copied =
            in.copy_front(reinterpret_cast<std::byte*>(room.data()), room.size());
        block.used += static_cast<std::uint32_t>(copied);
        const http::Progress progress = parser.parse({block.data, block.used});
        // When done, what was copied too much stays in the queue, where the body is looked for.
        if (progress == http::Progress::done) return progress;
        in.consume(copied);
        if (progress == http::Progress::failed || in.empty()) return progress;
    }
}

}  // namespace ringway::proxy
