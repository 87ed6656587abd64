#include "ringway/net/block_pool.h"

#include <algorithm>

#include <sys/mman.h>

#include "ringway/base/assert.h"

namespace ringway::net {

namespace {

// Large blocks are rare: there are not as many as there can be exchanges.
constexpr std::size_t class_bytes_max = std::size_t{1} << 30;

void* reserve(std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) RW_PANIC("no address space for blocks: lower --max-connections");
    return memory;
}

}  // namespace

BlockPool::BlockPool(std::size_t blocks_max, std::size_t block_bytes_max) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        SizeClass& each = classes_[i];
        each.blocks_max = std::clamp<std::size_t>(blocks_max, 1, class_bytes_max / sizes[i]);
        each.memory = static_cast<std::byte*>(reserve(each.blocks_max * sizes[i]));
        each.headers = static_cast<Block*>(reserve(each.blocks_max * sizeof(Block)));
        if (sizes[i] >= block_bytes_max) break;
    }
}

BlockPool::~BlockPool() {
    RW_ASSERT(in_use_ == 0);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const SizeClass& each = classes_[i];
        if (each.memory == nullptr) continue;
        ::munmap(each.memory, each.blocks_max * sizes[i]);
        ::munmap(each.headers, each.blocks_max * sizeof(Block));
    }
}

Block* BlockPool::take(std::size_t bytes) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        SizeClass& each = classes_[i];
        if (sizes[i] < bytes || each.memory == nullptr) continue;
        Block* block = each.free;
        if (block != nullptr) {
            each.free = block->next_free;
        } else if (each.carved < each.blocks_max) {
            block = &each.headers[each.carved];
            block->data = reinterpret_cast<char*>(each.memory + each.carved * sizes[i]);
            block->capacity = sizes[i];
            block->size_class = static_cast<std::uint32_t>(i);
            ++each.carved;
        } else {
            continue;  // a larger one does as well
        }
        block->used = 0;
        block->holders = 1;
        ++in_use_;
        return block;
    }
    return nullptr;
}

void BlockPool::release(Block& block) {
    RW_ASSERT(block.holders > 0);
    if (--block.holders > 0) return;
    RW_ASSERT(in_use_ > 0);
    --in_use_;
    SizeClass& each = classes_[block.size_class];
    block.next_free = each.free;
    each.free = &block;
}

}  // namespace ringway::net
