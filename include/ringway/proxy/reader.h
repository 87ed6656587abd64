// Keeps a socket's receiving within bounds: the backpressure of HTTP.
#pragma once

#include <cstdint>

#include "ringway/net/relay.h"
#include "ringway/net/socket.h"

namespace ringway::proxy {

// Runs the reader while less than half of the limit is held (received, or on its way out), asks it
// to stop at the limit, and starts it again once half is gone. Where no buffer is left, what is
// there is read into a block of ringway's own, so that connections that hold all buffers cannot
// keep the others from moving. Answers whether the reader is parked: whoever sends must wake the
// session then.
class Reader {
  public:
    bool regulate(net::Socket& socket, const net::RelayContext& relay, std::uint64_t held_bytes);

  private:
    bool overran_ = false;  // one buffer per receive: a multishot may bring megabytes in one turn
};

}  // namespace ringway::proxy
