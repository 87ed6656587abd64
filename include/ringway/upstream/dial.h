// Opens sockets to endpoints: what TCP sessions and HTTP connections have in common.
#pragma once

#include "ringway/net/socket.h"
#include "ringway/upstream/upstream_set.h"

namespace ringway::upstream {

// Opens a socket for the endpoint's next address, with its upstream's options, and hands the
// connect to the ring. 0, or the negative errno of what failed; then nothing is open.
int begin_connect(net::Socket& socket, UpstreamSet& endpoints, Endpoint& endpoint);

// What this process lacks says nothing about the endpoint, and another would fare no better.
bool is_shortage(int result);

}  // namespace ringway::upstream
