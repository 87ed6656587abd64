// Memory for heads and other bytes that ringway writes itself: counted blocks of a few sizes.
//
// Owned by a shard, used by its thread alone. Address space is reserved once, per size; pages come
// as blocks are first used and a freed block is the next one handed out. A block lives while
// somebody holds it: the exchange that wrote it, and every queue that still has to send from it.
// Must never grow: a size that is used up answers nullptr and the caller sheds load.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ringway::net {

struct Block {
    char* data = nullptr;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;     // by whoever writes it
    std::uint32_t holders = 0;  // 0: free
    std::uint32_t size_class = 0;
    Block* next_free = nullptr;

    std::span<char> room() { return {data + used, capacity - used}; }
};

class BlockPool {
  public:
    // Sizes of blocks, and how many of each: by what a head may need at most and how many exchanges
    // there can be.
    static constexpr std::array<std::uint32_t, 5> sizes = {1024, 4096, 16384, 65536, 1 << 20};

    // Every size up to the first that holds `block_bytes_max` gets `blocks_max` blocks (address
    // space alone).
    BlockPool(std::size_t blocks_max, std::size_t block_bytes_max);
    ~BlockPool();
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

    // The smallest block that holds `bytes`, with one holder and nothing used; nullptr when none
    // is left or none is large enough.
    Block* take(std::size_t bytes);
    static void hold(Block& block) { ++block.holders; }
    void release(Block& block);

    std::size_t in_use() const { return in_use_; }

  private:
    struct SizeClass {
        std::byte* memory = nullptr;
        Block* headers = nullptr;
        Block* free = nullptr;
        std::size_t carved = 0;
        std::size_t blocks_max = 0;
    };
    std::array<SizeClass, sizes.size()> classes_;
    std::size_t in_use_ = 0;
};

}  // namespace ringway::net
