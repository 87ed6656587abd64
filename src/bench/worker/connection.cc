#include "connection.h"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "ringway/ring/sys.h"
#include "worker.h"

namespace ringway::bench {
namespace sys = ring::sys;

namespace {

// What an idle socket takes at once, whatever its buffer was grown to.
constexpr std::size_t sends_whole_bytes = 16 * 1024;

}  // namespace

Connection::Connection(Worker& worker, std::uint32_t index)
    : worker_(worker),
      recv_op_([](ring::Op& op, const ring::Completion& c) { owner_of(op).on_received(c); }, *this),
      send_op_(
          [](ring::Op& op, const ring::Completion& c) {
              Connection& self = owner_of(op);
              if (self.state_ == State::connecting) {
                  self.on_connected(c);
              } else {
                  self.on_sent(c);
              }
          },
          *this),
      index_(index),
      timer_([](base::Timer& timer) { static_cast<OwnedTimer&>(timer).owner.on_timer(); }, *this),
      waiter_(
          [](ring::BufferWaiter& waiter) {
              static_cast<OwnedWaiter&>(waiter).owner.resume_receiving();
          },
          *this) {}

ErrorKind Connection::kind_of(int os_error) {
    return os_error == ETIMEDOUT ? ErrorKind::connect_timeout : ErrorKind::connect;
}

void Connection::open() {
    RW_ASSERT(state_ == State::closed);
    const Destination& to = worker_.plan().destination;
    state_ = State::connecting;
    worker_.connecting_began();
    peer_ended_ = false;
    unsent_ = {};
    open_began_ = worker_.now();
    fd_ = sys::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        os_error_ = -fd_;
        fail(ErrorKind::connect);
        return;
    }
    if (to.address.ss_family != AF_UNIX) {
        const int on = 1;
        sys::set_option(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    worker_.ring().connect(send_op_, fd_, reinterpret_cast<const sockaddr*>(&to.address),
                           to.address_bytes);
    wake_after(worker_.plan().connect_timeout);
}

void Connection::on_connected(const ring::Completion& completion) {
    worker_.wheel().disarm(timer_);
    if (completion.result < 0) {
        os_error_ = -completion.result;
        fail(kind_of(os_error_));
        return;
    }
    state_ = State::open;
    worker_.connecting_ended(0);
    Tally& tally = worker_.tally();
    tally.connections.add();
    if (worker_.in_window()) {
        tally.connections_opened.add();
        tally.connect.record(static_cast<std::uint64_t>((worker_.now() - open_began_).ns));
    }
    receive();
    opened();
}

void Connection::receive() { worker_.ring().recv_multishot(recv_op_, fd_, worker_.buffers().id()); }

void Connection::resume_receiving() {
    if (state_ == State::open && !recv_op_.in_flight() && !peer_ended_) receive();
}

void Connection::on_received(const ring::Completion& completion) {
    if (completion.has_buffer()) {
        ring::BufferGroup& buffers = worker_.buffers();
        const ring::Slice slice = buffers.take(completion);
        if (state_ == State::open && slice.bytes > 0) {
            if (worker_.in_window()) worker_.tally().bytes_in.add(slice.bytes);
            received({reinterpret_cast<const char*>(slice.data), slice.bytes});
        }
        buffers.release(slice);
    }
    if (completion.more()) return;
    if (state_ != State::open) {
        settle();
    } else if (completion.result > 0) {
        receive();
    } else if (completion.result == -ENOBUFS) {
        worker_.buffers().wait(waiter_);
    } else if (completion.result == 0) {
        peer_ended_ = true;
        peer_ended();
    } else {
        fail(ErrorKind::reset);
    }
}

void Connection::send(std::string_view bytes) {
    RW_ASSERT(unsent_.empty());
    if (state_ != State::open || bytes.empty()) return;
    unsent_ = bytes;
    if (bytes.size() <= sends_whole_bytes) worker_.note_send();
    worker_.ring().send(send_op_, fd_, unsent_.data(), unsent_.size());
}

void Connection::on_sent(const ring::Completion& completion) {
    if (state_ != State::open) {
        settle();
        return;
    }
    if (completion.result < 0) {
        fail(ErrorKind::reset);
        return;
    }
    const auto bytes = static_cast<std::size_t>(completion.result);
    if (worker_.in_window()) worker_.tally().bytes_out.add(bytes);
    unsent_.remove_prefix(bytes);
    if (unsent_.empty()) {
        sent();
    } else {
        worker_.ring().send(send_op_, fd_, unsent_.data(), unsent_.size());
    }
}

void Connection::wake_after(base::Duration span) {
    worker_.wheel().arm(timer_, worker_.now() + span);
}

base::Duration Connection::pause_before_opening() const {
    if (failures_in_a_row < 2) return {};
    return base::Duration::milliseconds(std::int64_t{10} << std::min(failures_in_a_row - 2, 5u));
}

void Connection::on_timer() {
    if (state_ == State::connecting) {
        os_error_ = ETIMEDOUT;
        fail(ErrorKind::connect_timeout);
    } else {
        wake();
    }
}

void Connection::fail(ErrorKind kind) {
    close();
    broke(kind);
}

bool Connection::is_in_flight() const { return recv_op_.in_flight() || send_op_.in_flight(); }

void Connection::close() {
    if (state_ == State::closed || state_ == State::closing) return;
    if (state_ == State::open) worker_.tally().connections.subtract();
    if (state_ == State::connecting) worker_.connecting_ended(os_error_);
    state_ = State::closing;
    worker_.wheel().disarm(timer_);
    waiter_.link.unlink();
    free_link.unlink();
    if (is_in_flight()) {
        // A receive that waits would hold the socket: the peer would see no end of it.
        sys::shutdown(fd_, SHUT_RDWR);
        worker_.ring().cancel(recv_op_);
        worker_.ring().cancel(send_op_);
    }
    settle();
}

void Connection::settle() {
    if (state_ != State::closing || is_in_flight()) return;
    if (fd_ >= 0) sys::close(fd_);
    fd_ = -1;
    unsent_ = {};
    state_ = State::closed;
    worker_.settled(*this);
}

}  // namespace ringway::bench
