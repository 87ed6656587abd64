// Takes new connections from one listening socket.
//
// Owns the listening descriptor and the one request on it. Accepts many at a time while that is
// safe (arm_many), or only tells that somebody waits, where every connection needs a permit first
// (watch, then accept_now). Descriptors wait here until they are taken; whoever stops accepting
// still takes what is waiting.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ringway/async/wake.h"
#include "ringway/ring/ring.h"

namespace ringway::net {

class Acceptor : private ring::Op {
  public:
    // Room for what one turn may bring; more is taken but costs an allocation.
    Acceptor(ring::Ring& ring, async::Wake& wake, int listener_fd);
    ~Acceptor();
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    bool is_armed() const { return Op::in_flight(); }
    bool accepts_many() const { return many_; }
    void arm_many();
    void watch();
    void disarm();  // asks; is_armed() tells when it has ended

    // True once after a watch found somebody in the queue.
    bool take_arrival() { return std::exchange(arrival_, false); }
    int take();        // the next accepted descriptor, or -1
    int accept_now();  // a direct accept(2): a descriptor or -errno
    int take_error();  // 0, or the errno that ended the last request
    void close();      // disarmed before

    bool is_open() const { return fd_ >= 0; }

  private:
    static void on_accept(ring::Op& op, const ring::Completion& completion);

    ring::Ring& ring_;
    async::Wake& wake_;
    std::vector<int> accepted_;
    std::size_t taken_ = 0;
    int fd_;
    int error_ = 0;
    bool many_ = false;
    bool arrival_ = false;
};

}  // namespace ringway::net
