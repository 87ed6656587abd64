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

void SliceQueue::release(SliceNode& node) {
    switch (node.owner) {
        case SliceNode::Owner::buffer: source_.buffers.release(node.slice); break;
        case SliceNode::Owner::block: source_.blocks.release(*node.block); break;
        case SliceNode::Owner::nobody: break;
    }
    source_.slices.give_back(&node);
}

SliceNode& SliceQueue::append_node(SliceNode::Owner owner, const ring::Slice& slice) {
    SliceNode* node = source_.slices.take();
    node->next = nullptr;
    node->slice = slice;
    node->block = nullptr;
    node->owner = owner;
    link_last(node);
    return *node;
}

void SliceQueue::link_last(SliceNode* node) {
    bytes_ += node->slice.bytes;
    if (head_ == nullptr) {
        head_ = node;
    } else {
        tail_->next = node;
    }
    tail_ = node;
}

// True when `slice` continues the last node: one lease on the buffer is enough for both.
bool SliceQueue::continues_last(const ring::Slice& slice) const {
    return tail_ != nullptr && tail_->owner == SliceNode::Owner::buffer &&
           tail_->slice.buffer == slice.buffer &&
           tail_->slice.data + tail_->slice.bytes == slice.data;
}

void SliceQueue::append(const ring::Slice& slice) {
    if (continues_last(slice)) {
        bytes_ += slice.bytes;
        tail_->slice.bytes += slice.bytes;
        source_.buffers.release(slice);
        return;
    }
    append_node(SliceNode::Owner::buffer, slice);
}

void SliceQueue::append_block(Block& block, std::string_view bytes) {
    if (bytes.empty()) return;
    BlockPool::hold(block);
    const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
    append_node(SliceNode::Owner::block, {data, static_cast<std::uint32_t>(bytes.size()), 0})
        .block = &block;
}

void SliceQueue::append_constant(std::string_view text) {
    if (text.empty()) return;
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    append_node(SliceNode::Owner::nobody, {data, static_cast<std::uint32_t>(text.size()), 0});
}

// The first node whole, as the last one of `to`.
void SliceQueue::move_node(SliceQueue& to) {
    SliceNode* node = head_;
    head_ = node->next;
    if (head_ == nullptr) tail_ = nullptr;
    bytes_ -= node->slice.bytes;
    if (node->owner == SliceNode::Owner::buffer && to.continues_last(node->slice)) {
        to.append(node->slice);
        source_.slices.give_back(node);
        return;
    }
    node->next = nullptr;
    to.link_last(node);
}

// The first bytes of the first node: both queues hold a part of it then.
void SliceQueue::move_part(std::uint32_t bytes, SliceQueue& to) {
    ring::Slice part = head_->slice;
    part.bytes = bytes;
    switch (head_->owner) {
        case SliceNode::Owner::buffer:
            source_.buffers.hold(part);
            to.append(part);
            break;
        case SliceNode::Owner::block:
            BlockPool::hold(*head_->block);
            to.append_node(SliceNode::Owner::block, part).block = head_->block;
            break;
        case SliceNode::Owner::nobody: to.append_node(SliceNode::Owner::nobody, part); break;
    }
    head_->slice.data += bytes;
    head_->slice.bytes -= bytes;
    bytes_ -= bytes;
}

void SliceQueue::move_front(std::size_t bytes, SliceQueue& to) {
    RW_ASSERT(bytes <= bytes_);
    while (bytes > 0) {
        const std::uint32_t first = head_->slice.bytes;
        if (bytes < first) {
            move_part(static_cast<std::uint32_t>(bytes), to);
            return;
        }
        move_node(to);
        bytes -= first;
    }
}

void SliceQueue::gather() {
    if (gather_into_first()) return;
    Block* block = source_.blocks.take(bytes_);
    if (block == nullptr) return;
    const std::size_t copied = copy_front(reinterpret_cast<std::byte*>(block->data), bytes_);
    block->used = static_cast<std::uint32_t>(copied);
    consume(copied);
    append_block(*block, {block->data, copied});
    source_.blocks.release(*block);
}

// A head that ends where its block is still free takes what follows behind itself.
bool SliceQueue::gather_into_first() {
    if (head_->owner != SliceNode::Owner::block) return false;
    Block& block = *head_->block;
    ring::Slice& slice = head_->slice;
    const std::uint32_t more = bytes_ - slice.bytes;
    const auto* end = reinterpret_cast<const char*>(slice.data) + slice.bytes;
    const bool is_last_written = block.holders == 1 && end == block.data + block.used;
    if (!is_last_written || block.room().size() < more) return false;
    char* at = block.data + block.used;
    while (SliceNode* node = head_->next) {
        std::memcpy(at, node->slice.data, node->slice.bytes);
        at += node->slice.bytes;
        head_->next = node->next;
        release(*node);
    }
    block.used += more;
    slice.bytes += more;
    tail_ = head_;
    return true;
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
        release(*used_up);
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
