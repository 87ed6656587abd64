// Received bytes that wait to be passed on: a chain of leases on provided buffers.
//
// The nodes come from a pool of the shard that can never run out: every node holds at least one
// byte of a buffer, and the pool reserves (address space, not memory) as many as there are bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ringway/base/assert.h"
#include "ringway/ring/buffer_group.h"

namespace ringway::net {

struct SliceNode {
    SliceNode* next = nullptr;
    ring::Slice slice;
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
    void consume(std::size_t bytes);  // from the front; gives buffers back as they are used up
    void clear() { consume(bytes_); }

    // Copies up to `room` bytes from the front without taking them.
    std::size_t copy_front(std::byte* out, std::size_t room) const;

  private:
    SliceSource& source_;
    SliceNode* head_ = nullptr;
    SliceNode* tail_ = nullptr;
    std::uint32_t bytes_ = 0;
};

}  // namespace ringway::net
