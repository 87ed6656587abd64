// Which socket options a config::SocketOptions asks for: one list for listeners and upstreams.
//
// Owns no socket and makes no system call itself: `set` does, so that start-up code may go straight
// to the kernel while the data path goes through the seam. Options that equal the kernel's default
// are not set at all: every one would be a system call per connection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "ringway/config/settings.h"

namespace ringway::net {

// The kernel's own ceilings; larger wishes are cut to them instead of being refused.
inline constexpr int keepalive_seconds_max = 32767;
inline constexpr int keepalive_probes_max = 127;

inline int whole_seconds(base::Duration span) {
    const std::int64_t rounded_up = (span.ns + 999'999'999) / 1'000'000'000;
    return static_cast<int>(std::clamp<std::int64_t>(rounded_up, 1, keepalive_seconds_max));
}

// Calls set(name for people, level, option, data, bytes) -> 0 or a negative errno for each option,
// until one fails; returns that failure, or 0.
template <typename Set>
int for_each_option(const config::SocketOptions& options, int family, Set set) {
    int failure = 0;
    const auto number = [&](std::string_view what, int level, int option, std::int64_t wish) {
        if (failure != 0) return;
        const int value = static_cast<int>(std::min<std::int64_t>(wish, 0x7FFF'FFFF));
        failure = set(what, level, option, static_cast<const void*>(&value), sizeof value);
    };
    // Buffer sizes come first: they decide the window scale that a handshake announces.
    if (options.receive_buffer_bytes != 0) {
        number("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
    }
    if (options.send_buffer_bytes != 0) {
        number("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
    }
    if (family != AF_INET && family != AF_INET6) return failure;
    if (options.no_delay) number("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
    if (!options.congestion.empty() && failure == 0) {
        failure = set("TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION,
                      static_cast<const void*>(options.congestion.data()),
                      static_cast<socklen_t>(options.congestion.size()));
    }
    if (!options.keepalive) return failure;
    number("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1);
    number("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(options.keepalive_idle));
    number("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(options.keepalive_interval));
    number("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT,
           std::clamp<std::int64_t>(options.keepalive_probes, 1, keepalive_probes_max));
    return failure;
}

}  // namespace ringway::net
