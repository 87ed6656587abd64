// A shard's receive buffers: one slab that the kernel fills as data arrives, whoever it is for.
//
// Owns the memory and knows who holds which part. An idle connection holds nothing. A completion
// becomes a Slice, a counted lease on part of one buffer; when the last lease on a buffer ends and
// the kernel is done with it, it goes back to the kernel. Readers that found no buffer wait here,
// in order, and are woken as buffers return. Must never block and never grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ringway/base/intrusive_list.h"
#include "ringway/base/result.h"
#include "ringway/ring/ring.h"

namespace ringway::ring {

struct Slice {
    const std::byte* data = nullptr;
    std::uint32_t bytes = 0;
    std::uint16_t buffer = 0;
};

// Somebody who found no buffer (ENOBUFS) and waits for one.
struct BufferWaiter {
    using Resume = void (*)(BufferWaiter&);
    explicit BufferWaiter(Resume callback) : resume(callback) {}
    base::ListLink link;
    Resume resume;
};

struct BufferGroupSettings {
    std::uint16_t group = 0;
    std::uint32_t count = 64;  // a power of two, <= 32768
    std::uint32_t bytes_each = 65536;
    bool incremental = true;  // several receives share a buffer, where the kernel can
    std::uint32_t split_when_whole =
        1;  // where it cannot: this many times as many, as much smaller
};

class BufferGroup {
  public:
    static base::Result<std::unique_ptr<BufferGroup>> create(Ring& ring,
                                                             const BufferGroupSettings& settings);
    ~BufferGroup();
    BufferGroup(const BufferGroup&) = delete;
    BufferGroup& operator=(const BufferGroup&) = delete;

    std::uint16_t id() const { return settings_.group; }
    bool incremental() const { return settings_.incremental; }

    // Turns a completion that carries a buffer into a lease on the bytes it brought.
    Slice take(const Completion& completion);
    // One more lease on the same buffer: a slice is about to be split in two.
    void hold(const Slice& slice);
    // Ends a lease. Adjacent slices of one buffer may be ended as one each, in any order.
    void release(const Slice& slice);
    // Hands returned buffers to the kernel and wakes waiters; once per turn, before the next enter.
    void flush();
    // Lets waiters try again while the kernel has buffers although none was returned: those woken
    // before may have needed none, and one incremental buffer serves many. Once per turn.
    void offer();
    // True when offer() would wake somebody: the next turn must not wait.
    bool has_offer() const { return !waiters_.empty() && in_use_ < settings_.count; }

    void wait(BufferWaiter& waiter);

    std::uint32_t count() const { return settings_.count; }
    std::uint32_t bytes_each() const { return settings_.bytes_each; }
    std::uint32_t in_use() const { return in_use_; }  // buffers the kernel cannot use now
    // True when so few buffers are left that nobody should hold many.
    bool scarce() const { return settings_.count - in_use_ <= settings_.count / 4; }
    std::uint64_t parks() const { return parks_; }  // times a reader had to wait

  private:
    struct Lease {
        std::uint32_t holders = 0;
        std::uint32_t filled = 0;  // where the kernel will write next (incremental buffers)
        bool with_kernel = true;   // it may still write into this buffer
        bool counted = false;      // part of in_use_
    };
    BufferGroup(Ring& ring, const BufferGroupSettings& settings);
    void use_whole_buffers();
    void recycle(std::uint16_t buffer);
    void wake_waiters(std::uint32_t chances);
    std::byte* address_of(std::uint16_t buffer) const;

    Ring& ring_;
    BufferGroupSettings settings_;
    std::byte* memory_ = nullptr;
    std::vector<Lease> leases_;
    base::IntrusiveList<BufferWaiter, &BufferWaiter::link> waiters_;
    std::uint32_t in_use_ = 0;
    std::uint32_t unpublished_ = 0;
    std::uint64_t parks_ = 0;
};

}  // namespace ringway::ring
