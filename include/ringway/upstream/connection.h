// One connection to an endpoint that requests use one after another.
//
// Lives in a slab of the shard's PoolSet from the connect to the close. While a request has it, its
// socket wakes that request's session; while it is idle or closing, the pool. Its receive is armed
// from the moment it is connected, idle or not: so a peer that closes is noticed at once.
#pragma once

#include <cstdint>

#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/net/socket.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::upstream {

struct Connection {
    enum class State : std::uint8_t { connecting, leased, idle, closing };

    Connection(net::SocketPools& pools, async::Wake& wake, Endpoint& target)
        : socket(pools, wake),
          out(pools),
          endpoint(&target),
          target_version(target.target_version) {}

    net::Socket socket;
    net::SliceQueue out;  // for the endpoint, not yet taken by the kernel
    net::Flow flow;       // what was sent to it
    Endpoint* endpoint;
    base::Instant opened_at{0};
    base::Instant idle_since{0};
    base::Duration connect_time{0};
    std::uint32_t requests = 0;        // begun on it, the current one included
    std::uint32_t target_version = 0;  // of the endpoint, when it was opened
    State state = State::connecting;
    bool was_idle = false;  // before the current request
    bool closes_with_reset = false;
    base::ListLink link;  // of the pool: warming, idle or closing

    // Its last response was large. The next one is awaited by a look instead of a receive: when its
    // head has been read and no more, the body can go by splice from its first bytes on.
    bool bulk = false;

    // Has the kernel tell when something comes, be it a response or the end.
    void expect_input() {
        if (socket.is_receiving() || socket.is_waiting_for_buffer()) return;
        socket.readable = false;
        if (bulk) {
            socket.watch_readable();
        } else {
            socket.start_receiving();
        }
    }

    // It may have died unseen while it was idle.
    bool is_reused() const { return was_idle; }
    // Nothing arrived, nothing ended, nothing is on its way: it may serve a request.
    bool is_clean() const {
        return socket.is_open() && !socket.is_broken() && !socket.has_ended() &&
               socket.received().empty() && !(bulk && socket.readable) && out.empty() &&
               !socket.is_sending();
    }
};

}  // namespace ringway::upstream
