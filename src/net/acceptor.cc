#include "ringway/net/acceptor.h"

#include <cerrno>
#include <utility>

#include <poll.h>

#include "ringway/ring/sys.h"

namespace ringway::net {

namespace {
constexpr std::size_t accepted_per_turn = 4096;
}

Acceptor::Acceptor(ring::Ring& ring, async::Wake& wake, int listener_fd)
    : Op(&Acceptor::on_accept), ring_(ring), wake_(wake), fd_(listener_fd) {
    accepted_.reserve(accepted_per_turn);
}

Acceptor::~Acceptor() {
    RW_ASSERT(!is_armed());
    RW_ASSERT(fd_ < 0);
}

void Acceptor::arm_many() {
    many_ = true;
    ring_.accept_multishot(*this, fd_);
}

void Acceptor::watch() {
    many_ = false;
    ring_.poll(*this, fd_, POLLIN);
}

void Acceptor::disarm() { ring_.cancel(*this); }

void Acceptor::on_accept(ring::Op& op, const ring::Completion& completion) {
    auto& self = static_cast<Acceptor&>(op);
    if (completion.result >= 0 && !self.many_) {
        self.arrival_ = true;
    } else if (completion.result >= 0) {
        self.accepted_.push_back(completion.result);
    } else if (completion.result != -ECANCELED) {
        self.error_ = -completion.result;
    }
    self.wake_.set();
}

int Acceptor::take() {
    if (taken_ == accepted_.size()) {
        accepted_.clear();
        taken_ = 0;
        return -1;
    }
    return accepted_[taken_++];
}

int Acceptor::accept_now() { return ring::sys::accept(fd_); }

int Acceptor::take_error() { return std::exchange(error_, 0); }

void Acceptor::close() {
    RW_ASSERT(!is_armed());
    if (fd_ >= 0) ring::sys::close(fd_);
    fd_ = -1;
}

}  // namespace ringway::net
