#include "ringway/async/frame_pool.h"

#include <new>

#include <sys/mman.h>

#include "ringway/base/assert.h"

namespace ringway::async {

FramePool::FramePool(std::size_t reserve_bytes) : reserved_(reserve_bytes) {
    void* memory = ::mmap(nullptr, reserved_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) RW_PANIC("no address space for coroutine frames");
    memory_ = static_cast<std::byte*>(memory);
}

FramePool::~FramePool() {
    RW_ASSERT(in_use_ == 0);
    ::munmap(memory_, reserved_);
}

void* FramePool::allocate(std::size_t bytes) {
    const std::size_t size_class = (bytes + step_bytes - 1) / step_bytes;
    ++in_use_;
    if (size_class < class_count) {
        if (Free* free = free_[size_class]; free != nullptr) {
            free_[size_class] = free->next;
            return free;
        }
        const std::size_t rounded = size_class * step_bytes;
        if (carved_ + rounded <= reserved_) {
            void* frame = memory_ + carved_;
            carved_ += rounded;
            return frame;
        }
    }
    ++spills_;
    return ::operator new(bytes);
}

bool FramePool::is_pooled(const void* frame) const {
    const auto* at = static_cast<const std::byte*>(frame);
    return at >= memory_ && at < memory_ + reserved_;
}

void FramePool::release(void* frame, std::size_t bytes) {
    RW_ASSERT(in_use_ > 0);
    --in_use_;
    if (!is_pooled(frame)) {
        ::operator delete(frame);
        return;
    }
    const std::size_t size_class = (bytes + step_bytes - 1) / step_bytes;
    auto* free = new (frame) Free{free_[size_class]};
    free_[size_class] = free;
}

}  // namespace ringway::async
