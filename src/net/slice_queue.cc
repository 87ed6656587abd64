#include "ringway/net/slice_queue.h"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

namespace ringway::net {

SlicePool::SlicePool(std::size_t nodes_max) : nodes_max_(nodes_max) {
    void* memory = ::mmap(nullptr, nodes_max_ * sizeof(SliceNode), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) RW_PANIC("no address space for slices: lower --buffers");
    memory_ = static_cast<SliceNode*>(memory);
}

SlicePool::~SlicePool() {
    RW_ASSERT(in_use_ == 0);
    ::munmap(memory_, nodes_max_ * sizeof(SliceNode));
}

SliceNode* SlicePool::take() {
    ++in_use_;
    if (SliceNode* node = free_; node != nullptr) {
        free_ = node->next;
        return node;
    }
    RW_ASSERT(carved_ < nodes_max_);
    return &memory_[carved_++];
}

void SlicePool::give_back(SliceNode* node) {
    RW_ASSERT(in_use_ > 0);
    --in_use_;
    node->next = free_;
    free_ = node;
}

void SliceQueue::append(const ring::Slice& slice) {
    bytes_ += slice.bytes;
    if (tail_ != nullptr && tail_->slice.buffer == slice.buffer &&
        tail_->slice.data + tail_->slice.bytes == slice.data) {
        // It continues the last slice: one lease on the buffer is enough for both.
        tail_->slice.bytes += slice.bytes;
        source_.buffers.release(slice);
        return;
    }
    SliceNode* node = source_.slices.take();
    node->next = nullptr;
    node->slice = slice;
    if (head_ == nullptr) {
        head_ = node;
    } else {
        tail_->next = node;
    }
    tail_ = node;
}

void SliceQueue::consume(std::size_t bytes) {
    RW_ASSERT(bytes <= bytes_);
    bytes_ -= static_cast<std::uint32_t>(bytes);
    while (bytes > 0) {
        ring::Slice& slice = head_->slice;
        if (bytes < slice.bytes) {
            slice.data += bytes;
            slice.bytes -= static_cast<std::uint32_t>(bytes);
            return;
        }
        bytes -= slice.bytes;
        SliceNode* used_up = head_;
        head_ = used_up->next;
        source_.buffers.release(used_up->slice);
        source_.slices.give_back(used_up);
    }
    if (head_ == nullptr) tail_ = nullptr;
}

std::size_t SliceQueue::copy_front(std::byte* out, std::size_t room) const {
    std::size_t copied = 0;
    for (const SliceNode* node = head_; node != nullptr && copied < room; node = node->next) {
        const std::size_t part = std::min<std::size_t>(node->slice.bytes, room - copied);
        std::memcpy(out + copied, node->slice.data, part);
        copied += part;
    }
    return copied;
}

}  // namespace ringway::net
