// The options of an upstream socket, set before it connects.
//
// On the data path: every call goes through ring::sys, and only what differs from the kernel's
// default costs one. Accepted sockets need none of this, they inherit from their listener.
#pragma once

#include "ringway/config/settings.h"

namespace ringway::net {

// 0, or the negative errno of the first option that was refused. Call it between socket() and
// connect(): buffer sizes shape the handshake. With the default options this is one system call for
// TCP (TCP_NODELAY) and none for Unix sockets.
int apply(int fd, const config::SocketOptions& options, int family);

}  // namespace ringway::net
