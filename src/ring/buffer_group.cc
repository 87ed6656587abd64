#include "ringway/ring/buffer_group.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/mman.h>

#include "ringway/base/planted.h"

namespace ringway::ring {

namespace {
constexpr std::uint32_t buffers_max =
    32768;  // what one group may hold (io_uring_setup_buf_ring(3))
}

BufferGroup::BufferGroup(Ring& ring, const BufferGroupSettings& settings)
    : ring_(ring), settings_(settings), leases_(settings.count) {}

BufferGroup::~BufferGroup() {
    ring_.unregister_buffers(settings_.group);
    if (memory_ != nullptr) {
        ::munmap(memory_, std::size_t{settings_.count} * settings_.bytes_each);
    }
}

base::Result<std::unique_ptr<BufferGroup>> BufferGroup::create(
    Ring& ring, const BufferGroupSettings& settings) {
    std::unique_ptr<BufferGroup> group(new BufferGroup(ring, settings));
    const std::size_t total = std::size_t{settings.count} * settings.bytes_each;
    void* memory =
        ::mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return base::unexpected(base::Error::from_errno(-ENOMEM));
    group->memory_ = static_cast<std::byte*>(memory);

    int failure = -EINVAL;
    if (settings.incremental) {
        failure = ring.register_buffers(settings.group, settings.count, true);
    }
    if (failure != 0) {
        // Before Linux 6.12: a receive takes a whole buffer.
        group->use_whole_buffers();
        failure = ring.register_buffers(settings.group, group->count(), false);
    }
    if (failure != 0) return base::unexpected(base::Error::from_errno(failure));
    for (std::uint32_t id = 0; id < group->count(); ++id) {
        const auto buffer = static_cast<std::uint16_t>(id);
        ring.provide_buffer(settings.group, buffer, group->address_of(buffer), group->bytes_each());
    }
    ring.publish_buffers(settings.group);
    return group;
}

void BufferGroup::use_whole_buffers() {
    const std::uint32_t split =
        std::min(settings_.split_when_whole, buffers_max / std::max(settings_.count, 1u));
    settings_.incremental = false;
    if (split > 1) {
        settings_.count *= split;
        settings_.bytes_each /= split;
    }
    leases_.assign(settings_.count, Lease{});
}

std::byte* BufferGroup::address_of(std::uint16_t buffer) const {
    return memory_ + std::size_t{buffer} * settings_.bytes_each;
}

Slice BufferGroup::take(const Completion& completion) {
    RW_ASSERT(completion.has_buffer());
    const std::uint16_t id = completion.buffer_id();
    RW_ASSERT(id < settings_.count);
    Lease& lease = leases_[id];
    RW_ASSERT(lease.with_kernel);
    const auto bytes = static_cast<std::uint32_t>(completion.result > 0 ? completion.result : 0);
    const Slice slice{address_of(id) + lease.filled, bytes, id};
    ++lease.holders;
    if (!base::planted(base::Bug::buffer_offset_lost)) lease.filled += bytes;
    RW_ASSERT(lease.filled <= settings_.bytes_each);
    if (!settings_.incremental || !completion.buffer_more()) {
        lease.with_kernel = false;
        lease.counted = true;
        ++in_use_;
    }
    return slice;
}

void BufferGroup::hold(const Slice& slice) {
    RW_ASSERT(leases_[slice.buffer].holders > 0);
    ++leases_[slice.buffer].holders;
}

void BufferGroup::release(const Slice& slice) {
    Lease& lease = leases_[slice.buffer];
    RW_ASSERT(lease.holders > 0);
    --lease.holders;
    if (lease.holders == 0 && !lease.with_kernel) {
        recycle(slice.buffer);
        if (base::planted(base::Bug::buffer_returned_twice)) recycle(slice.buffer);
    }
}

void BufferGroup::recycle(std::uint16_t buffer) {
    Lease& lease = leases_[buffer];
    if (lease.counted) --in_use_;
    lease = {};
    ring_.provide_buffer(settings_.group, buffer, address_of(buffer), settings_.bytes_each);
    ++unpublished_;
}

void BufferGroup::flush() {
    if (unpublished_ == 0) return;
    ring_.publish_buffers(settings_.group);
    // As many may try again as there are buffers for: the others would only fail anew.
    wake_waiters(std::exchange(unpublished_, 0));
}

void BufferGroup::offer() {
    if (has_offer() && !base::planted(base::Bug::readers_starve))
        wake_waiters(settings_.count - in_use_);
}

void BufferGroup::wake_waiters(std::uint32_t chances) {
    while (chances > 0 && !waiters_.empty()) {
        --chances;
        BufferWaiter& waiter = waiters_.pop_front();
        waiter.resume(waiter);
    }
}

void BufferGroup::wait(BufferWaiter& waiter) {
    if (waiter.link.is_linked()) return;
    ++parks_;
    waiters_.push_back(waiter);
}

}  // namespace ringway::ring
