#include "sim_ring.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>

#include "ringway/ring/sys.h"

namespace ringway::sim {

namespace {

constexpr std::uint32_t error_events = POLLERR | POLLHUP;

std::uint64_t fingerprint_of(const void* data, std::size_t bytes, std::uint64_t seed) {
    const auto* at = static_cast<const std::byte*>(data);
    std::uint64_t hash = seed ^ (bytes * 0x9E3779B97F4A7C15u);
    for (; bytes >= 8; bytes -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
        hash ^= hash >> 29;
    }
    for (; bytes > 0; --bytes, ++at) {
        hash = (hash ^ static_cast<std::uint64_t>(*at)) * 0x100000001B3u;
    }
    return hash;
}

std::uint64_t fingerprint_of(const Request& request) {
    if (request.kind == Request::Kind::send) return fingerprint_of(request.data, request.bytes, 1);
    std::uint64_t hash = request.message->msg_iovlen;
    for (std::size_t i = 0; i < request.message->msg_iovlen; ++i) {
        const iovec& piece = request.message->msg_iov[i];
        hash = fingerprint_of(piece.iov_base, piece.iov_len, hash);
    }
    return hash;
}

}  // namespace

const char* name_of(Request::Kind kind) {
    switch (kind) {
        case Request::Kind::accept: return "accept";
        case Request::Kind::connect: return "connect";
        case Request::Kind::receive: return "recv";
        case Request::Kind::send: return "send";
        case Request::Kind::sendmsg: return "sendmsg";
        case Request::Kind::poll: return "poll";
        case Request::Kind::cancel: return "cancel";
    }
    return "?";
}

SimulatedRing::SimulatedRing(Kernel& kernel, const ring::RingSettings& settings)
    : kernel_(kernel),
      submission_entries_(std::min<std::size_t>(settings.submission_entries,
                                                kernel.settings().submission_entries_max)),
      completion_entries_(std::min<std::size_t>(settings.completion_entries,
                                                kernel.settings().completion_entries_max)) {
    features.defer_taskrun = features.single_issuer = features.no_sqarray = true;
    features.registered_ring_fd = true;
    features.incremental_buffers = kernel.settings().incremental_buffers;
    kernel_.rings.push_back(&wait_);
}

SimulatedRing::~SimulatedRing() {
    std::erase(kernel_.rings, &wait_);
    for (const auto& request : in_flight_) {
        // A poll on the wake-up descriptor may be open to the end; nothing else may.
        if (request->file != nullptr && request->file->kind() != File::Kind::event) {
            kernel_.fail("the ring closed while a {} on {} was in flight", name_of(request->kind),
                         request->file->describe());
        }
        if (request->file != nullptr) request->file->drop();
    }
}

// ---- submission ------------------------------------------------------------------------------

void SimulatedRing::queue(ring::Op& op, Request request) {
    if (op.in_flight()) {
        kernel_.fail("a {} was submitted with a record that is in flight", name_of(request.kind));
        return;
    }
    request.user_data = op.begin();
    request.active = true;
    ++counters.submissions;
    ++kernel_.operations;
    const bool sends =
        request.kind == Request::Kind::send || request.kind == Request::Kind::sendmsg;
    if (sends) {
        ++counters.sends;
        request.fingerprint = fingerprint_of(request);
    }
    if (queued_.size() >= submission_entries_) {
        kernel_.faults().note(Fault::queue_full_submission);
        submit_queued();
    }
    queued_.push_back(std::make_unique<Request>(std::move(request)));
}

void SimulatedRing::queue_cancel(ring::Op& target) {
    if (!target.in_flight()) return;
    if (queued_.size() >= submission_entries_) {
        kernel_.faults().note(Fault::queue_full_submission);
        submit_queued();
    }
    auto request = std::make_unique<Request>();
    request->kind = Request::Kind::cancel;
    request->target = target.user_data();
    queued_.push_back(std::move(request));
    ++counters.submissions;
    ++kernel_.operations;
}

void SimulatedRing::submit_queued() {
    ++counters.enters;
    while (!queued_.empty()) {
        std::unique_ptr<Request> request = std::move(queued_.front());
        queued_.pop_front();
        if (request->kind == Request::Kind::cancel) {
            execute_cancel(request->target);
        } else {
            issue(std::move(request));
        }
    }
}

void SimulatedRing::issue(std::unique_ptr<Request> owned) {
    Request& request = *owned;
    in_flight_.push_back(std::move(owned));
    request.file = kernel_.find(request.fd);
    if (request.file == nullptr) {
        post(request, -EBADF, 0, false);
        return;
    }
    request.file->hold();
    kernel_.trace("  issue {} on {} (fd {})", name_of(request.kind), request.file->describe(),
                  request.fd);
    const bool wants_socket = request.kind != Request::Kind::poll;
    if (wants_socket && request.file->kind() != File::Kind::socket) {
        kernel_.fail("{} on {}", name_of(request.kind), request.file->describe());
        post(request, -ENOTSOCK, 0, false);
        return;
    }
    execute(request);
    request.issued = true;
}

void SimulatedRing::execute_cancel(std::uint64_t target) {
    for (const auto& owned : in_flight_) {
        Request& request = *owned;
        if (request.user_data != target || !request.active) continue;
        if (kernel_.faults().rate(Fault::cancel_lost_race) > 0 &&
            kernel_.faults().fires(Fault::cancel_lost_race)) {
            execute(request);  // it got there first, if it could
        }
        if (!request.active) return;
        kernel_.trace("  cancelled {} on {}", name_of(request.kind), request.file->describe());
        post(request, -ECANCELED, 0, false);
        return;
    }
}

// ---- execution -------------------------------------------------------------------------------

void SimulatedRing::execute(Request& request) {
    request.again = false;
    const bool readable = !request.issued || request.read_wakes != request.file->read_wakes();
    const bool writable = !request.issued || request.write_wakes != request.file->write_wakes();
    request.read_wakes = request.file->read_wakes();
    request.write_wakes = request.file->write_wakes();
    switch (request.kind) {
        case Request::Kind::accept: return execute_accept(request);
        case Request::Kind::connect: return execute_connect(request);
        case Request::Kind::receive: return execute_receive(request);
        case Request::Kind::send:
        case Request::Kind::sendmsg: return execute_send(request);
        case Request::Kind::poll: return execute_poll(request, readable, writable);
        case Request::Kind::cancel: return;
    }
}

void SimulatedRing::execute_accept(Request& request) {
    auto& listener = static_cast<Socket&>(*request.file);
    while (request.active) {
        if (listener.state() != Socket::State::listening) return post(request, -EINVAL, 0, false);
        if (!kernel_.has_free_descriptor()) {
            kernel_.faults().note(Fault::accept_error);
            return post(request, -EMFILE, 0, false);
        }
        if (listener.accept_queue_length() == 0) return;
        if (kernel_.faults().fires(Fault::accept_error)) {
            static constexpr int errors[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
            return post(request, -errors[kernel_.random().below(std::size(errors))], 0, false);
        }
        Socket* made = listener.accept();
        ++kernel_.operations;
        const int fd = kernel_.install(*made);
        kernel_.trace("  accepted {} from {} as fd {}", made->describe(),
                      describe_key(made->remote), fd);
        post(request, fd, 0, request.multishot);
    }
}

void SimulatedRing::execute_connect(Request& request) {
    auto& socket = static_cast<Socket&>(*request.file);
    int result = request.issued ? socket.connect_result() : socket.connect(request.address);
    if (result == -EINPROGRESS) return;
    kernel_.trace("  connect of {} to {}: {}", socket.describe(), describe_key(request.address),
                  result);
    post(request, result, 0, false);
}

// One completion's worth of data. False when the request has to wait or has ended.
bool SimulatedRing::take_from_group(Request& request, Socket& socket, ProvidedGroup& group) {
    if (group.published.empty()) {  // the kernel looks for a buffer before it looks at the socket
        kernel_.faults().note(Fault::no_buffers);
        post(request, -ENOBUFS, 0, false);
        return false;
    }
    ProvidedBuffer& buffer = group.published.front();
    std::size_t wanted = buffer.bytes;
    if (kernel_.faults().fires(Fault::short_receive)) {
        wanted = 1 + kernel_.random().below(std::min<std::size_t>(wanted, 2048));
    }
    if (socket.receivable() > 0 && kernel_.faults().fires(Fault::receive_error)) {
        socket.faulted = true;
        post(request, kernel_.random().chance(1, 2) ? -ENOMEM : -ETIMEDOUT, 0, false);
        return false;
    }
    const std::int64_t count = socket.receive(buffer.data, wanted);
    if (count == -EAGAIN) return false;
    if (count <= 0) {
        post(request, static_cast<std::int32_t>(count), 0, false);
        return false;
    }
    ++kernel_.operations;
    const auto taken = static_cast<std::uint32_t>(count);
    std::uint32_t flags = ring::Completion::flag_buffer | (std::uint32_t{buffer.id} << 16);
    if (socket.receivable() > 0) flags |= ring::Completion::flag_sock_nonempty;
    const bool stays = group.incremental && taken < buffer.bytes;
    if (stays) flags |= ring::Completion::flag_buffer_more;
    const std::uint16_t id = buffer.id;
    if (stays) {
        buffer.data += taken;
        buffer.bytes -= taken;
    } else {
        group.published.pop_front();
        group.with_kernel[id] = false;
    }
    post(request, static_cast<std::int32_t>(count), flags, request.multishot);
    return request.active;
}

void SimulatedRing::execute_receive(Request& request) {
    auto& socket = static_cast<Socket&>(*request.file);
    const auto group = groups_.find(request.group);
    if (group == groups_.end()) return post(request, -ENOBUFS, 0, false);
    const std::uint64_t rounds_max = 1 + kernel_.random().below(32);
    std::uint64_t rounds = 0;
    while (request.active && take_from_group(request, socket, group->second)) {
        if (++rounds < rounds_max) continue;
        request.again = true;  // the kernel, too, stops after a while and comes back
        return;
    }
}

void SimulatedRing::execute_send(Request& request) {
    auto& socket = static_cast<Socket&>(*request.file);
    if (fingerprint_of(request) != request.fingerprint) {
        kernel_.fail("the memory of a send on {} changed while it was in flight",
                     socket.describe());
    }
    iovec single{const_cast<void*>(request.data), request.bytes};
    const iovec* first = request.message != nullptr ? request.message->msg_iov : &single;
    const std::size_t count = request.message != nullptr ? request.message->msg_iovlen : 1;
    std::vector<iovec> pieces;
    for (std::size_t i = 0; i < count; ++i) {
        if (first[i].iov_len > 0) pieces.push_back(first[i]);
    }
    if (pieces.empty()) return post(request, 0, 0, false);
    std::int64_t result;
    if (kernel_.faults().fires(Fault::send_error)) {
        socket.faulted = true;
        static constexpr int errors[] = {ENOMEM, ENOBUFS, ETIMEDOUT, EHOSTUNREACH};
        result = -errors[kernel_.random().below(std::size(errors))];
    } else {
        if (kernel_.faults().fires(Fault::short_send)) {
            pieces.resize(1);
            pieces[0].iov_len = 1 + kernel_.random().below(pieces[0].iov_len);
        }
        result = socket.send(pieces.data(), pieces.size());
    }
    if (result == -EAGAIN) return;
    post(request, static_cast<std::int32_t>(result), 0, false);
}

// Tells only of what woke it, as the kernel does; the first look sees everything.
void SimulatedRing::execute_poll(Request& request, bool readable, bool writable) {
    const bool first = !request.issued;
    std::uint32_t wanted = error_events;
    if (readable) wanted |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (writable) wanted |= POLLOUT | POLLWRNORM;
    const std::uint32_t mask = request.file->ready() & (request.events | error_events) & wanted;
    if (mask == 0) return;
    const bool spurious =
        !first && request.multishot && kernel_.faults().fires(Fault::spurious_readiness);
    post(request, static_cast<std::int32_t>(mask), 0, request.multishot);
    if (spurious && request.active) post(request, static_cast<std::int32_t>(mask), 0, true);
}

}  // namespace ringway::sim
