// A fixed number of equal slots, allocated once, with handles that go stale.
//
// Owns the memory of its slots and the life of what is emplaced in them. Slots never move, so
// pointers into a live slot hold; a Handle outlives its slot safely: looking it up after release
// answers nullptr. Must never grow: a full slab answers nullptr and the caller sheds load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include <sys/mman.h>

#include "ringway/base/assert.h"

namespace ringway::base {

struct Handle {
    std::uint32_t index = 0xFFFF'FFFF;
    std::uint32_t generation = 0;
    bool operator==(const Handle&) const = default;
};

template <typename T>
class Slab {
  public:
    // Reserves address space for `slots_max` slots; the kernel gives pages as slots are first used.
    explicit Slab(std::size_t slots_max) : slots_max_(slots_max) {
        void* memory = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) RW_PANIC("no address space for a slab: lower --max-connections");
        slots_ = static_cast<Slot*>(memory);
    }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    ~Slab() {
        RW_ASSERT(in_use_ == 0);
        ::munmap(slots_, bytes());
    }

    // A new T in a free slot, or nullptr when all are taken. Last freed, first reused: it is warm.
    template <typename... Arguments>
    T* emplace(Arguments&&... arguments) {
        std::uint32_t index;
        if (free_head_ != none) {
            index = free_head_;
            free_head_ = slots_[index].next_free;
        } else if (touched_ < slots_max_) {
            index = static_cast<std::uint32_t>(touched_++);
        } else {
            return nullptr;
        }
        Slot& slot = slots_[index];
        ++slot.generation;  // odd: alive
        ++in_use_;
        return new (slot.storage) T(std::forward<Arguments>(arguments)...);
    }

    void release(T* object) {
        Slot& slot = slot_of(object);
        RW_ASSERT(slot.generation % 2 == 1);
        object->~T();
        ++slot.generation;
        slot.next_free = free_head_;
        free_head_ = static_cast<std::uint32_t>(&slot - slots_);
        --in_use_;
    }

    Handle handle_of(const T* object) const {
        const Slot& slot = slot_of(const_cast<T*>(object));
        return {static_cast<std::uint32_t>(&slot - slots_), slot.generation};
    }
    T* find(Handle handle) {
        if (handle.index >= touched_) return nullptr;
        Slot& slot = slots_[handle.index];
        if (slot.generation != handle.generation || slot.generation % 2 == 0) return nullptr;
        return std::launder(reinterpret_cast<T*>(slot.storage));
    }

    // Calls visit(object) for every live slot, in memory order; it must not emplace or release.
    template <typename Visitor>
    void for_each(Visitor visit) {
        for (std::size_t index = 0; index < touched_; ++index) {
            Slot& slot = slots_[index];
            if (slot.generation % 2 == 1) visit(*std::launder(reinterpret_cast<T*>(slot.storage)));
        }
    }

    std::size_t in_use() const { return in_use_; }
    std::size_t slots_max() const { return slots_max_; }
    static constexpr std::size_t slot_bytes() { return sizeof(Slot); }

  private:
    static constexpr std::uint32_t none = 0xFFFF'FFFF;
    struct Slot {
        alignas(T) std::byte storage[sizeof(T)];
        std::uint32_t generation;
        std::uint32_t next_free;
    };

    std::size_t bytes() const { return (slots_max_ == 0 ? 1 : slots_max_) * sizeof(Slot); }
    Slot& slot_of(T* object) const {
        auto* slot = reinterpret_cast<Slot*>(object);
        RW_ASSERT(slot >= slots_);
        RW_ASSERT(slot < slots_ + touched_);
        return *slot;
    }

    Slot* slots_ = nullptr;
    std::size_t slots_max_;
    std::size_t touched_ = 0;
    std::size_t in_use_ = 0;
    std::uint32_t free_head_ = none;
};

}  // namespace ringway::base
