// The kernel's side of ring/ring.h, on liburing.

#include "ringway/ring/ring.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <liburing.h>

#include "ringway/ring/sys.h"

namespace ringway::ring {

namespace {

constexpr std::uint16_t buffer_groups_max = 4;

struct BufferRing {
    io_uring_buf_ring* ring = nullptr;
    std::uint32_t entries = 0;
    int unpublished = 0;
};

// Tried in order: each drops what an older kernel does not know.
struct SetupAttempt {
    std::uint32_t flags;
    bool defer_taskrun;
    bool single_issuer;
    bool no_sqarray;
};
constexpr std::uint32_t always = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
constexpr SetupAttempt attempts[] = {
    {always | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_NO_SQARRAY,
     true, true, true},
    {always | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, true, true, false},
    {always | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN, false, true, false},
    {always | IORING_SETUP_COOP_TASKRUN, false, false, false},
};

}  // namespace

struct Ring::Impl {
    io_uring ring{};
    RingFeatures features;
    RingCounters counters;
    std::array<BufferRing, buffer_groups_max> buffers{};

    io_uring_sqe* next_entry() {
        ++counters.submissions;
        io_uring_sqe* entry = io_uring_get_sqe(&ring);
        while (entry == nullptr) {
            // The queue is full in the middle of a turn: hand over what is there and go on.
            ++counters.enters;
            io_uring_submit(&ring);
            entry = io_uring_get_sqe(&ring);
        }
        return entry;
    }

    io_uring_sqe* begin(Op& op) {
        RW_ASSERT(!op.in_flight());
        io_uring_sqe* entry = next_entry();
        return entry;
    }

    static void finish(io_uring_sqe* entry, Op& op) { entry->user_data = op.begin(); }

    void enter(base::Instant wait_until, unsigned wanted);
    unsigned deliver();
};

std::string RingFeatures::describe() const {
    std::string text;
    const auto add = [&text](bool present, const char* name) {
        if (!present) return;
        if (!text.empty()) text += ' ';
        text += name;
    };
    add(defer_taskrun, "defer-taskrun");
    add(single_issuer, "single-issuer");
    add(no_sqarray, "no-sqarray");
    add(registered_ring_fd, "registered-ring-fd");
    add(incremental_buffers, "incremental-buffers");
    return text;
}

Ring::Ring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Ring::~Ring() {
    for (std::uint16_t group = 0; group < buffer_groups_max; ++group) unregister_buffers(group);
    io_uring_queue_exit(&impl_->ring);
}

base::Result<std::unique_ptr<Ring>> Ring::open(const RingSettings& settings) {
    auto impl = std::make_unique<Impl>();
    int failure = -EINVAL;
    for (const SetupAttempt& attempt : attempts) {
        io_uring_params parameters{};
        parameters.flags = attempt.flags;
        parameters.cq_entries = settings.completion_entries;
        failure = io_uring_queue_init_params(settings.submission_entries, &impl->ring, &parameters);
        if (failure == 0) {
            impl->features.defer_taskrun = attempt.defer_taskrun;
            impl->features.single_issuer = attempt.single_issuer;
            impl->features.no_sqarray = attempt.no_sqarray;
            break;
        }
        if (failure != -EINVAL) break;  // refused, not unknown: older flags will not help
    }
    if (failure != 0) return base::unexpected(base::Error::from_errno(failure));
    impl->features.registered_ring_fd = io_uring_register_ring_fd(&impl->ring) == 1;
    return std::unique_ptr<Ring>(new Ring(std::move(impl)));
}

void Ring::accept(Op& op, int listener_fd) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_accept(entry, listener_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    Impl::finish(entry, op);
}

void Ring::accept_multishot(Op& op, int listener_fd) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_multishot_accept(entry, listener_fd, nullptr, nullptr,
                                   SOCK_CLOEXEC | SOCK_NONBLOCK);
    Impl::finish(entry, op);
}

void Ring::connect(Op& op, int fd, const sockaddr* address, socklen_t address_bytes) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_connect(entry, fd, address, address_bytes);
    Impl::finish(entry, op);
}

void Ring::recv(Op& op, int fd, std::uint16_t buffer_group) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_recv(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    Impl::finish(entry, op);
}

void Ring::recv_multishot(Op& op, int fd, std::uint16_t buffer_group) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    Impl::finish(entry, op);
}

void Ring::send(Op& op, int fd, const void* data, std::size_t bytes) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_send(entry, fd, data, bytes, MSG_NOSIGNAL);
    Impl::finish(entry, op);
    ++impl_->counters.sends;
}

void Ring::sendmsg(Op& op, int fd, const msghdr* message) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_sendmsg(entry, fd, message, MSG_NOSIGNAL);
    Impl::finish(entry, op);
    ++impl_->counters.sends;
}

void Ring::poll(Op& op, int fd, std::uint32_t events) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_poll_add(entry, fd, events);
    Impl::finish(entry, op);
}

void Ring::poll_multishot(Op& op, int fd, std::uint32_t events) {
    io_uring_sqe* entry = impl_->begin(op);
    io_uring_prep_poll_multishot(entry, fd, events);
    Impl::finish(entry, op);
}

void Ring::cancel(Op& target) {
    if (!target.in_flight()) return;
    io_uring_sqe* entry = impl_->next_entry();
    io_uring_prep_cancel64(entry, target.user_data(), 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = 0;  // its own completion, if one comes at all, tells nothing new
}

void Ring::Impl::enter(base::Instant wait_until, unsigned wanted) {
    ++counters.enters;
    if (wait_until.is_never()) {
        io_uring_submit_and_wait(&ring, wanted);
        return;
    }
    const base::Instant now = wait_until.ns == 0 ? wait_until : sys::now();
    if (wait_until <= now) {
        io_uring_submit_and_get_events(&ring);
        return;
    }
    const base::Duration span = wait_until - now;
    __kernel_timespec timeout{span.ns / 1'000'000'000, span.ns % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring, &first, wanted, &timeout, nullptr);
}

unsigned Ring::Impl::deliver() {
    if (io_uring_cq_has_overflow(&ring)) {
        // Nothing is lost: the kernel keeps them and gives them at the next enter.
        ++counters.overflows;
        io_uring_get_events(&ring);
    }
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring, head, entry) {
        ++seen;
        if (entry->user_data == 0) continue;  // a cancel that found nothing
        const Completion completion{entry->res, entry->flags};
        const std::uint64_t user_data = entry->user_data;
        Op* op = Op::from_user_data(user_data);
        if (op->deliver(user_data, completion)) {
            ++counters.completions;
        } else {
            ++counters.stale;
        }
    }
    io_uring_cq_advance(&ring, seen);
    return seen;
}

unsigned Ring::turn(base::Instant wait_until, unsigned wanted) {
    impl_->enter(wait_until, wanted);
    return impl_->deliver();
}

int Ring::register_buffers(std::uint16_t group, std::uint32_t entries, bool incremental) {
    RW_ASSERT(group < buffer_groups_max);
    int failure = 0;
    const unsigned flags = incremental ? static_cast<unsigned>(IOU_PBUF_RING_INC) : 0u;
    io_uring_buf_ring* ring =
        io_uring_setup_buf_ring(&impl_->ring, entries, group, flags, &failure);
    if (ring == nullptr) return failure < 0 ? failure : -failure;
    impl_->buffers[group] = {ring, entries, 0};
    if (incremental) impl_->features.incremental_buffers = true;
    return 0;
}

void Ring::unregister_buffers(std::uint16_t group) {
    BufferRing& buffers = impl_->buffers[group];
    if (buffers.ring == nullptr) return;
    io_uring_free_buf_ring(&impl_->ring, buffers.ring, buffers.entries, group);
    buffers = {};
}

void Ring::provide_buffer(std::uint16_t group, std::uint16_t id, void* data, std::uint32_t bytes) {
    BufferRing& buffers = impl_->buffers[group];
    io_uring_buf_ring_add(buffers.ring, data, bytes, id, io_uring_buf_ring_mask(buffers.entries),
                          buffers.unpublished);
    ++buffers.unpublished;
}

void Ring::publish_buffers(std::uint16_t group) {
    BufferRing& buffers = impl_->buffers[group];
    if (buffers.unpublished == 0) return;
    io_uring_buf_ring_advance(buffers.ring, buffers.unpublished);
    buffers.unpublished = 0;
}

const RingFeatures& Ring::features() const { return impl_->features; }
const RingCounters& Ring::counters() const { return impl_->counters; }
int Ring::fd() const { return impl_->ring.ring_fd; }

}  // namespace ringway::ring
