// Bytes that wait to be passed on: a chain of leases on provided buffers, on blocks that ringway
// wrote, and of constant text.
//
// The nodes come from a pool of the shard that can never run out: every node holds at least one
// byte of a buffer or block, or stands beside one that does, and the pool reserves (address space,
// not memory) for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ringway/base/assert.h"
#include "ringway/net/block_pool.h"
#include "ringway/ring/buffer_group.h"

namespace ringway::net {

struct SliceNode {
    // Whose bytes they are. A block's holder is the node; constant text belongs to nobody.
    enum class Owner : std::uint8_t { buffer, block, nobody };

    SliceNode* next = nullptr;
    ring::Slice slice;  // of `buffer` only: slice.buffer
    Block* block = nullptr;
    Owner owner = Owner::buffer;
};

class SlicePool {
  public:
    explicit SlicePool(std::size_t nodes_max);
    ~SlicePool();
    SlicePool(const SlicePool&) = delete;
    SlicePool& operator=(const SlicePool&) = delete;

    SliceNode* take();
    void give_back(SliceNode* node);
    std::size_t in_use() const { return in_use_; }

  private:
    SliceNode* free_ = nullptr;
    SliceNode* memory_ = nullptr;
    std::size_t nodes_max_;
    std::size_t carved_ = 0;
    std::size_t in_use_ = 0;
};

// What queues of one shard take from and give back to.
struct SliceSource {
    SlicePool& slices;
    ring::BufferGroup& buffers;
    BlockPool& blocks;
};

class SliceQueue {
  public:
    explicit SliceQueue(SliceSource& source) : source_(source) {}
    SliceQueue(const SliceQueue&) = delete;
    SliceQueue& operator=(const SliceQueue&) = delete;
    ~SliceQueue() { clear(); }

    bool empty() const { return head_ == nullptr; }
    std::uint32_t bytes() const { return bytes_; }
    const SliceNode* first() const { return head_; }

    void append(const ring::Slice& slice);
    // Bytes within `block`, which gets one more holder until they have left the queue.
    void append_block(Block& block, std::string_view bytes);
    // Text that lives as long as the program.
    void append_constant(std::string_view text);
    // The first `bytes` of this queue go to the end of `to`, without being copied.
    void move_front(std::size_t bytes, SliceQueue& to);
    // Copies everything into one piece, where there is a block for it.
    void gather();
    void consume(std::size_t bytes);  // from the front; gives buffers back as they are used up
    void clear() { consume(bytes_); }

    // Copies up to `room` bytes from the front without taking them.
    std::size_t copy_front(std::byte* out, std::size_t room) const;

  private:
    void release(SliceNode& node);
    SliceNode& append_node(SliceNode::Owner owner, const ring::Slice& slice);
    void link_last(SliceNode* node);
    bool gather_into_first();
    bool continues_last(const ring::Slice& slice) const;
    void move_node(SliceQueue& to);
    void move_part(std::uint32_t bytes, SliceQueue& to);

    SliceSource& source_;
    SliceNode* head_ = nullptr;
    SliceNode* tail_ = nullptr;
    std::uint32_t bytes_ = 0;
};

}  // namespace ringway::net
