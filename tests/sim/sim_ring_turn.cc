// The other half of the simulated ring: completions, turns, provided buffers, and the seam itself.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>

#include "ringway/ring/ring.h"
#include "sim_ring.h"

namespace ringway::sim {

// ---- completions -----------------------------------------------------------------------------

void SimulatedRing::post(Request& request, std::int32_t result, std::uint32_t flags, bool more) {
    Faults& faults = kernel_.faults();
    if (more && faults.fires(Fault::multishot_ended)) more = false;
    if (posted_.size() >= completion_entries_) {
        ++counters.overflows;
        faults.note(Fault::queue_full_completion);
        more = false;  // nothing is lost, but a multishot ends
    }
    if (more) flags |= ring::Completion::flag_more;
    base::Instant due = kernel_.now();
    // Some are told at once: errors, since a socket tells one only once and who sees the silence
    // after it must have been told already; and buffers, since receives share them and the queue
    // tells of them in the order in which they filled.
    const bool carries_buffer = (flags & ring::Completion::flag_buffer) != 0;
    if (result >= 0 && !carries_buffer && faults.fires(Fault::late_completion)) {
        due = due + kernel_.some_time(kernel_.settings().late_max);
    }
    due = std::max(due, request.last_due);
    request.last_due = due;
    if (!more) request.active = false;
    posted_.push_back({&request, request.user_data, {result, flags}, due, !more});
}

void SimulatedRing::forget(Request* request) {
    if (request->file != nullptr) request->file->drop();
    auto place = std::find_if(in_flight_.begin(), in_flight_.end(),
                              [request](const auto& owned) { return owned.get() == request; });
    if (place != in_flight_.end()) in_flight_.erase(place);
}

unsigned SimulatedRing::deliver() {
    std::vector<PostedCompletion> batch;
    std::vector<PostedCompletion> later;
    for (PostedCompletion& posted : posted_) {
        (posted.due <= kernel_.now() ? batch : later).push_back(posted);
    }
    posted_.swap(later);
    if (batch.size() > 1 && kernel_.faults().fires(Fault::reordered_completions)) {
        for (std::size_t swaps = batch.size() * 2; swaps > 0; --swaps) {
            const std::size_t i = kernel_.random().below(batch.size() - 1);
            const bool tied =
                batch[i].request == batch[i + 1].request ||
                (batch[i].completion.has_buffer() && batch[i + 1].completion.has_buffer());
            if (!tied) std::swap(batch[i], batch[i + 1]);
        }
    }
    for (const PostedCompletion& posted : batch) {
        kernel_.trace(
            "  complete {} on {}: {} flags {:x}", name_of(posted.request->kind),
            posted.request->file == nullptr ? "nothing" : posted.request->file->describe(),
            posted.completion.result, posted.completion.flags);
        if (posted.last) forget(posted.request);
        ++counters.completions;
        ring::Op* op = ring::Op::from_user_data(posted.user_data);
        if (!op->deliver(posted.user_data, posted.completion)) {
            ++counters.stale;
            kernel_.fail("a record was used again before its last completion");
        }
    }
    return static_cast<unsigned>(batch.size());
}

unsigned SimulatedRing::turn(base::Instant wait_until) {
    ++kernel_.operations;
    submit_queued();
    // Requests whose file changed run now; which of them first is nobody's promise.
    std::vector<Request*> runnable;
    for (const auto& request : in_flight_) {
        if (!request->active || request->file == nullptr) continue;
        const bool woken = request->read_wakes != request->file->read_wakes() ||
                           request->write_wakes != request->file->write_wakes();
        if (woken || request->again) runnable.push_back(request.get());
    }
    if (runnable.size() > 1 && kernel_.faults().rate(Fault::reordered_completions) > 0) {
        const std::size_t from = kernel_.random().below(runnable.size());
        std::rotate(runnable.begin(), runnable.begin() + static_cast<std::ptrdiff_t>(from),
                    runnable.end());
    }
    for (Request* request : runnable) {
        if (request->active) execute(*request);
    }
    const unsigned delivered = deliver();
    if (delivered == 0 && wait_until > kernel_.now()) kernel_.faults().note(Fault::woken_early);
    wait_.until = wait_until;
    wait_.delivered = delivered;
    wait_.queued = !queued_.empty();
    wait_.next_due = base::Instant::never();
    for (const PostedCompletion& posted : posted_) {
        wait_.next_due = std::min(wait_.next_due, posted.due);
    }
    for (const auto& request : in_flight_) wait_.queued = wait_.queued || request->again;
    return delivered;
}

// ---- provided buffers ------------------------------------------------------------------------

int SimulatedRing::register_buffers(std::uint16_t group, std::uint32_t entries, bool incremental) {
    if (incremental && !features.incremental_buffers) return -EINVAL;
    if (entries == 0 || entries > 32768 || (entries & (entries - 1)) != 0) return -EINVAL;
    if (groups_.contains(group)) return -EEXIST;
    ProvidedGroup made;
    made.incremental = incremental;
    made.entries = entries;
    made.with_kernel.resize(65536);
    groups_.emplace(group, std::move(made));
    return 0;
}

void SimulatedRing::unregister_buffers(std::uint16_t group) { groups_.erase(group); }

void SimulatedRing::provide_buffer(std::uint16_t group, ProvidedBuffer buffer) {
    const auto found = groups_.find(group);
    if (found == groups_.end())
        return kernel_.fail("buffer {} for a group that is not there", group);
    ProvidedGroup& into = found->second;
    if (into.with_kernel[buffer.id]) {
        return kernel_.fail("buffer {} was returned to the kernel twice", buffer.id);
    }
    into.with_kernel[buffer.id] = true;
    into.unpublished.push_back(buffer);
    if (into.unpublished.size() + into.published.size() > into.entries) {
        kernel_.fail("more buffers were returned than the group has room for");
    }
    // From here on the kernel may write: whoever still reads it shall notice.
    std::memset(buffer.data, 0xDB, buffer.bytes);
}

void SimulatedRing::publish_buffers(std::uint16_t group) {
    const auto found = groups_.find(group);
    if (found == groups_.end()) return;
    ProvidedGroup& into = found->second;
    for (ProvidedBuffer& buffer : into.unpublished) into.published.push_back(buffer);
    into.unpublished.clear();
}

}  // namespace ringway::sim

// ---- the seam: class Ring as production code knows it -----------------------------------------

namespace ringway::ring {

using sim::Kernel;
using sim::Request;

struct Ring::Impl {
    sim::SimulatedRing ring;
    Impl(Kernel& kernel, const RingSettings& settings) : ring(kernel, settings) {}
};

std::string RingFeatures::describe() const { return "simulated"; }

Ring::Ring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ring::~Ring() = default;

base::Result<std::unique_ptr<Ring>> Ring::open(const RingSettings& settings) {
    auto impl = std::make_unique<Impl>(Kernel::current(), settings);
    return std::unique_ptr<Ring>(new Ring(std::move(impl)));
}

namespace {
Request request_for(Request::Kind kind, int fd) {
    Request request;
    request.kind = kind;
    request.fd = fd;
    return request;
}
}  // namespace

void Ring::accept(Op& op, int listener_fd) {
    impl_->ring.queue(op, request_for(Request::Kind::accept, listener_fd));
}

void Ring::accept_multishot(Op& op, int listener_fd) {
    Request request = request_for(Request::Kind::accept, listener_fd);
    request.multishot = true;
    impl_->ring.queue(op, std::move(request));
}

void Ring::connect(Op& op, int fd, const sockaddr* address, socklen_t address_bytes) {
    Request request = request_for(Request::Kind::connect, fd);
    request.address = sim::key_of(address, address_bytes);
    impl_->ring.queue(op, std::move(request));
}

void Ring::recv(Op& op, int fd, std::uint16_t buffer_group) {
    Request request = request_for(Request::Kind::receive, fd);
    request.group = buffer_group;
    impl_->ring.queue(op, std::move(request));
}

void Ring::recv_multishot(Op& op, int fd, std::uint16_t buffer_group) {
    Request request = request_for(Request::Kind::receive, fd);
    request.multishot = true;
    request.group = buffer_group;
    impl_->ring.queue(op, std::move(request));
}

void Ring::send(Op& op, int fd, const void* data, std::size_t bytes) {
    Request request = request_for(Request::Kind::send, fd);
    request.data = data;
    request.bytes = bytes;
    impl_->ring.queue(op, std::move(request));
}

void Ring::sendmsg(Op& op, int fd, const msghdr* message) {
    Request request = request_for(Request::Kind::sendmsg, fd);
    request.message = message;
    impl_->ring.queue(op, std::move(request));
}

void Ring::poll(Op& op, int fd, std::uint32_t events) {
    Request request = request_for(Request::Kind::poll, fd);
    request.events = events;
    impl_->ring.queue(op, std::move(request));
}

void Ring::poll_multishot(Op& op, int fd, std::uint32_t events) {
    Request request = request_for(Request::Kind::poll, fd);
    request.events = events;
    request.multishot = true;
    impl_->ring.queue(op, std::move(request));
}

void Ring::cancel(Op& target) { impl_->ring.queue_cancel(target); }
unsigned Ring::turn(base::Instant wait_until, unsigned /*wanted*/) {
    return impl_->ring.turn(wait_until);
}

int Ring::register_buffers(std::uint16_t group, std::uint32_t entries, bool incremental) {
    return impl_->ring.register_buffers(group, entries, incremental);
}
void Ring::unregister_buffers(std::uint16_t group) { impl_->ring.unregister_buffers(group); }
void Ring::provide_buffer(std::uint16_t group, std::uint16_t id, void* data, std::uint32_t bytes) {
    impl_->ring.provide_buffer(group, {static_cast<std::byte*>(data), bytes, id});
}
void Ring::publish_buffers(std::uint16_t group) { impl_->ring.publish_buffers(group); }

const RingFeatures& Ring::features() const { return impl_->ring.features; }
const RingCounters& Ring::counters() const { return impl_->ring.counters; }
int Ring::fd() const { return Kernel::first_descriptor - 1; }

}  // namespace ringway::ring
