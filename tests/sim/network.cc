#include "network.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

namespace ringway::sim {

AddressKey key_of(const sockaddr* address, socklen_t bytes) {
    return AddressKey(reinterpret_cast<const char*>(address), bytes);
}

std::string describe_key(const AddressKey& key) {
    sockaddr_storage storage{};
    std::memcpy(&storage, key.data(), std::min(key.size(), sizeof storage));
    char text[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
        ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        return fmt::format("{}:{}", text, ntohs(in->sin_port));
    }
    if (storage.ss_family == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
        ::inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
        return fmt::format("[{}]:{}", text, ntohs(in->sin6_port));
    }
    return storage.ss_family == AF_UNIX ? "unix" : "nowhere";
}

Socket::Socket(Kernel& kernel, Network& network, bool owned_by_ringway)
    : File(kernel, Kind::socket),
      id(network.take_id()),
      of_ringway(owned_by_ringway),
      network_(network) {
    const KernelSettings& settings = kernel.settings();
    const std::size_t span = settings.socket_bytes_max - settings.socket_bytes_min + 1;
    receive_max_ = settings.socket_bytes_min + kernel.random().below(span);
    send_max_ = settings.socket_bytes_min + kernel.random().below(span);
    latency_ = kernel.latency();
}

std::string Socket::describe() const { return fmt::format("{}{}", of_ringway ? "s" : "peer", id); }

// ---- reading ---------------------------------------------------------------------------------

int Socket::take_error() {
    const int error = error_;
    error_ = 0;
    return error;
}

void Socket::note_movement() {
    const base::Instant now = kernel_.now();
    if (last_moved.ns != 0) longest_gap = std::max(longest_gap, now - last_moved);
    last_moved = now;
}

std::int64_t Socket::nothing_to_read() {
    if (state_ == State::connecting && !dead_) return -EAGAIN;
    if (fin_received_) return 0;  // before an error: Linux marks the socket done at the FIN
    if (const int error = take_error(); error != 0) return -error;
    if (shut_read_) return 0;
    if (state_ != State::connected) return -ENOTCONN;
    return dead_ ? 0 : -EAGAIN;
}

std::int64_t Socket::receive(void* target, std::size_t bytes_max) {
    if (receive_.empty()) return nothing_to_read();
    const std::size_t count = receive_.peek(target, bytes_max);
    receive_.drop(count);
    bytes_received += count;
    note_movement();
    after_reading();
    return static_cast<std::int64_t>(count);
}

std::int64_t Socket::peek(void* target, std::size_t bytes_max) {
    if (receive_.empty()) return nothing_to_read();
    return static_cast<std::int64_t>(receive_.peek(target, bytes_max));
}

void Socket::after_reading() {
    // The window opens: what the other side still holds may travel on.
    if (peer_ != nullptr && !peer_->send_.empty()) peer_->schedule_carry(latency_);
}

// ---- writing ---------------------------------------------------------------------------------

std::int64_t Socket::send(const iovec* pieces, std::size_t piece_count, bool more_follows) {
    if (state_ == State::connecting && !dead_) return -EAGAIN;
    if (error_ != 0) return -take_error();
    if (state_ != State::connected || shut_write_ || dead_) return -EPIPE;
    std::size_t room = send_max_ - std::min(send_max_, send_.size());
    if (room == 0) {
        wants_space_ = true;
        return -EAGAIN;
    }
    std::size_t taken = 0;
    for (std::size_t i = 0; i < piece_count && room > 0; ++i) {
        const std::size_t count = std::min(room, pieces[i].iov_len);
        send_.append(static_cast<const std::byte*>(pieces[i].iov_base), count);
        taken += count;
        room -= count;
    }
    bytes_sent += taken;
    if (of_ringway) (accepted ? network_.sent_downstream : network_.sent_upstream) += taken;
    note_movement();
    // MSG_MORE lets the kernel hold a tail back for up to 200 ms.
    schedule_carry(more_follows ? base::Duration::milliseconds(200) : latency_);
    return static_cast<std::int64_t>(taken);
}

void Socket::schedule_carry(base::Duration delay) {
    const base::Instant due = kernel_.now() + delay;
    if (carry_due_ <= due) return;
    carry_due_ = due;
    kernel_.at(due, [this, due] {
        if (carry_due_ != due) return;  // an earlier one took its place
        carry_due_ = base::Instant::never();
        carry();
    });
}

// Moves what fits to the other side's receive queue, then the orderly end when nothing is left.
void Socket::carry() {
    if (dead_ || peer_ == nullptr) return;
    Socket& target = *peer_;
    if (!send_.empty()) {
        const bool closed_there = target.released() || (target.shut_read_ && target.shut_write_);
        if (closed_there || target.dead_) {  // data for nobody: answered by a reset
            if (!target.dead_) target.on_reset();
            on_reset();
            return;
        }
        const std::size_t room =
            target.receive_max_ - std::min(target.receive_max_, target.receive_.size());
        std::size_t count = std::min({send_.size(), room, kernel_.settings().packet_bytes_max});
        if (count > 1 && kernel_.random().chance(1, 8)) count = 1 + kernel_.random().below(count);
        if (count > 0) {
            target.receive_.append(send_.front(), count);
            send_.drop(count);
            target.wake_readers();
        }
        if (wants_space_ && send_.size() * 3 <= send_max_ * 2) {
            wants_space_ = false;
            wake_writers();
        }
        if (!send_.empty()) {
            if (count < room) schedule_carry(kernel_.some_time(base::Duration::microseconds(20)));
            return;
        }
    }
    if (!shut_write_ || fin_sent_) return;
    fin_sent_ = true;
    end_sent = true;
    if (target.dead_) return;
    target.fin_received_ = true;
    target.wake_all();
}

// ---- ending ----------------------------------------------------------------------------------

int Socket::shutdown(int how) {
    if (state_ == State::listening) {
        if (how == SHUT_WR) return 0;
        state_ = State::fresh;
        for (Socket* waiting : accept_queue_) waiting->send_reset();
        accept_queue_.clear();
        wake_all();
        return 0;
    }
    if (state_ == State::connecting) {
        dead_ = true;
        error_ = ECONNRESET;
        connect_error_ = ECONNRESET;
        wake_all();
        return 0;
    }
    if (how != SHUT_WR) shut_read_ = true;
    if (how != SHUT_RD) shut_write_ = true;
    const bool was_connected = state_ == State::connected && !dead_;
    if (was_connected && how != SHUT_RD) schedule_carry(latency_);
    wake_all();
    return was_connected ? 0 : -ENOTCONN;
}

void Socket::send_reset() {
    if (dead_) return;
    dead_ = true;
    send_.clear();
    if (peer_ == nullptr) return;
    Socket* target = peer_;
    kernel_.after(latency_, [target] { target->on_reset(); });
}

void Socket::on_reset() {
    if (dead_) return;
    kernel_.trace("    reset reaches {}", describe());
    dead_ = true;
    reset_seen = true;
    error_ = fin_received_ ? EPIPE : ECONNRESET;
    send_.clear();  // what has arrived stays readable; what has not left never will
    if (!released()) wake_all();
}

void Socket::release() {
    if (of_ringway && accepted) --network_.accepted_open;
    if (of_ringway && !accepted && state_ >= State::connecting) {
        --network_.sites[remote].ringway_open;
    }
    switch (state_) {
        case State::fresh: return;
        case State::listening: {
            auto& there = network_.sites[local].listeners;
            std::erase(there, this);
            for (Socket* waiting : accept_queue_) waiting->send_reset();
            accept_queue_.clear();
            return;
        }
        case State::connecting: dead_ = true; return;
        case State::connected: break;
    }
    const bool both_ended = fin_received_ && fin_sent_;
    if ((linger_zero && !both_ended) || !receive_.empty()) {
        send_reset();
        return;
    }
    if (dead_) return;
    shut_read_ = true;
    shut_write_ = true;
    schedule_carry(latency_);
}

// ---- poll ------------------------------------------------------------------------------------

unsigned Socket::ready() {
    unsigned mask = 0;
    if (state_ == State::listening) return accept_queue_.empty() ? 0 : POLLIN | POLLRDNORM;
    if (state_ == State::connecting && !dead_) return 0;
    if (state_ == State::fresh) return POLLOUT | POLLWRNORM | POLLHUP;
    if (error_ != 0) mask |= POLLERR;
    if (dead_ || (shut_write_ && (shut_read_ || fin_received_))) mask |= POLLHUP;
    if (!receive_.empty() || fin_received_ || shut_read_ || dead_) mask |= POLLIN | POLLRDNORM;
    if (fin_received_ || shut_read_ || dead_) mask |= POLLRDHUP;
    if (shut_write_ || dead_ || send_.size() * 3 <= send_max_ * 2) {
        mask |= POLLOUT | POLLWRNORM;
    } else {
        wants_space_ = true;
    }
    return mask;
}

}  // namespace ringway::sim
