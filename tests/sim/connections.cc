// How connections come about, and the files beside sockets: pipes and event counters.
#include <algorithm>
#include <cerrno>

#include <poll.h>

#include "network.h"

namespace ringway::sim {

int Socket::listen(const AddressKey& address, std::size_t backlog) {
    if (state_ != State::fresh) return -EINVAL;
    state_ = State::listening;
    local = address;
    backlog_ = std::max<std::size_t>(backlog, 1);
    network_.sites[address].listeners.push_back(this);
    return 0;
}

int Socket::connect(const AddressKey& address) {
    if (state_ == State::connecting) return -EALREADY;
    if (state_ == State::connected) return -EISCONN;
    if (state_ != State::fresh) return -EINVAL;
    Faults& faults = kernel_.faults();
    if (of_ringway && faults.fires(Fault::connect_no_port)) return -EADDRNOTAVAIL;
    state_ = State::connecting;
    remote = address;
    Network::Site& site = network_.sites[address];
    if (of_ringway) {
        site.ringway_peak = std::max(site.ringway_peak, ++site.ringway_open);
        if (network_.on_ringway_connects) network_.on_ringway_connects(address);
    }
    if (of_ringway && faults.fires(Fault::connect_unreachable)) {
        kernel_.after(latency_ + latency_, [this] {
            if (dead_) return;
            dead_ = true;
            connect_error_ = error_ = EHOSTUNREACH;
            wake_all();
        });
        return -EINPROGRESS;
    }
    if (of_ringway && (site.unreachable || faults.fires(Fault::connect_timeout))) {
        if (site.unreachable) faults.note(Fault::connect_timeout);
        kernel_.after(base::Duration::seconds(127), [this] {
            if (dead_ || released()) return;
            dead_ = true;
            connect_error_ = error_ = ETIMEDOUT;
            wake_all();
        });
        return -EINPROGRESS;
    }
    kernel_.after(latency_, [this, address] { arrive_at(address, 0); });
    return -EINPROGRESS;
}

// The handshake reaches the address. A full accept queue makes it come again later.
void Socket::arrive_at(const AddressKey& address, int attempt) {
    if (dead_ || released()) return;
    auto& listeners = network_.sites[address].listeners;
    const bool refused = of_ringway && kernel_.faults().fires(Fault::connect_refused);
    if (listeners.empty() || refused) {
        if (of_ringway && !refused) kernel_.faults().note(Fault::connect_refused);
        kernel_.after(latency_, [this] {
            if (dead_ || released()) return;
            dead_ = true;
            connect_error_ = error_ = ECONNREFUSED;
            wake_all();
        });
        return;
    }
    Socket& listener = *listeners[kernel_.random().below(listeners.size())];
    if (listener.accept_queue_.size() >= listener.backlog_) {
        const base::Duration pause = base::Duration::seconds(1) * (std::int64_t{1} << attempt);
        if (attempt < 6) {
            kernel_.after(pause, [this, address, attempt] { arrive_at(address, attempt + 1); });
            return;
        }
        dead_ = true;
        connect_error_ = error_ = ETIMEDOUT;
        wake_all();
        return;
    }
    Socket& server_side = network_.make_socket(listener.of_ringway);
    server_side.local = address;
    server_side.remote = local;
    server_side.state_ = State::connected;
    server_side.peer_ = this;
    server_side.accepted = true;
    server_side.latency_ = latency_;
    peer_ = &server_side;
    listener.accept_queue_.push_back(&server_side);
    listener.wake_readers();
    kernel_.after(latency_, [this, &server_side] { establish(server_side); });
}

void Socket::establish(Socket& server_side) {
    if (released()) {  // given up meanwhile: the server's first answer meets a closed port
        server_side.on_reset();
        return;
    }
    if (dead_) return;
    state_ = State::connected;
    wake_all();
    if (!server_side.send_.empty() || server_side.shut_write_) {
        server_side.schedule_carry(latency_);
    }
}

int Socket::connect_result() {
    if (state_ == State::connected) return 0;
    if (dead_) {
        error_ = 0;
        return -connect_error_;
    }
    return -EINPROGRESS;
}

Socket* Socket::accept() {
    if (accept_queue_.empty()) return nullptr;
    Socket* made = accept_queue_.front();
    accept_queue_.pop_front();
    if (of_ringway) {
        ++network_.accepted;
        network_.accepted_peak = std::max(network_.accepted_peak, ++network_.accepted_open);
    }
    return made;
}

// ---- pipes -----------------------------------------------------------------------------------

std::string PipeEnd::describe() const {
    return kind() == Kind::pipe_read ? "pipe's read end" : "pipe's write end";
}

void PipeEnd::release() {
    (kind() == Kind::pipe_read ? state->read_open : state->write_open) = false;
}

std::int64_t splice_in(Socket& source, PipeState& pipe, std::size_t bytes_max, Kernel& kernel) {
    if (!pipe.read_open) return -EPIPE;
    if (pipe.slots.size() >= pipe.slots_max)
        return -EAGAIN;  // asked first, whatever the socket has
    if (kernel.faults().fires(Fault::splice_error)) {
        source.faulted = true;
        return -ENOMEM;
    }
    const std::size_t slot_bytes =
        kernel.faults().rate(Fault::pipe_full) > 0 && kernel.random().chance(1, 4)
            ? 1 + kernel.random().below(64)
            : 1 + kernel.random().below(kernel.settings().pipe_slot_bytes);
    std::size_t total = 0;
    std::byte chunk[4096];
    while (total < bytes_max && pipe.slots.size() < pipe.slots_max) {
        if (total > 0 && source.receivable() == 0) break;  // an error waits for the next call
        const std::size_t wanted = std::min({slot_bytes, bytes_max - total, sizeof chunk});
        const std::int64_t count = source.receive(chunk, wanted);
        if (count <= 0) {
            if (total > 0) break;
            return count;
        }
        pipe.bytes.append(chunk, static_cast<std::size_t>(count));
        pipe.slots.push_back(static_cast<std::size_t>(count));
        total += static_cast<std::size_t>(count);
        if (kernel.faults().fires(Fault::short_receive)) break;
    }
    if (pipe.slots.size() >= pipe.slots_max) kernel.faults().note(Fault::pipe_full);
    return static_cast<std::int64_t>(total);
}

std::int64_t splice_out(PipeState& pipe, Socket& target, std::size_t bytes_max, bool more_follows) {
    if (pipe.slots.empty()) return pipe.write_open ? -EAGAIN : 0;
    iovec piece{};
    piece.iov_base = const_cast<std::byte*>(pipe.bytes.front());
    piece.iov_len = std::min(bytes_max, pipe.bytes.size());
    const std::int64_t count = target.send(&piece, 1, more_follows);
    if (count <= 0) return count;
    pipe.bytes.drop(static_cast<std::size_t>(count));
    for (std::size_t left = static_cast<std::size_t>(count); left > 0;) {
        const std::size_t step = std::min(left, pipe.slots.front());
        left -= step;
        pipe.slots.front() -= step;
        if (pipe.slots.front() == 0) pipe.slots.pop_front();
    }
    return count;
}

unsigned EventFile::ready() { return count_ > 0 ? POLLIN | POLLRDNORM : 0; }

void EventFile::signal() {
    ++count_;
    wake_readers();
}

}  // namespace ringway::sim
