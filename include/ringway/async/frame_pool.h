// Memory for the coroutine frames of one shard, by size class; nothing is ever given to the heap.
//
// Reserves address space once; pages come as frames are first used, and a freed frame is the next
// one handed out. A frame that is larger than every class, or that finds the reserve used up, comes
// from the heap and is counted as a spill: steady state has none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ringway::async {

class FramePool {
  public:
    explicit FramePool(std::size_t reserve_bytes);
    ~FramePool();
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    void* allocate(std::size_t bytes);
    void release(void* frame, std::size_t bytes);

    std::size_t in_use() const { return in_use_; }
    std::uint64_t spills() const { return spills_; }

  private:
    static constexpr std::size_t step_bytes = 16;
    static constexpr std::size_t class_count = 128;  // up to 2 KiB
    struct Free {
        Free* next;
    };
    bool is_pooled(const void* frame) const;

    std::array<Free*, class_count> free_{};
    std::byte* memory_ = nullptr;
    std::size_t reserved_ = 0;
    std::size_t carved_ = 0;
    std::size_t in_use_ = 0;
    std::uint64_t spills_ = 0;
};

}  // namespace ringway::async
