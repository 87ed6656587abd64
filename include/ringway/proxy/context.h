// What a session may touch of its shard: references, gathered once when the shard is built.
//
// Owns nothing. Everything in it belongs to the shard's thread.
#pragma once

#include <cstdint>

#include "ringway/async/scope.h"
#include "ringway/base/random.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/net/relay.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/generation.h"
#include "ringway/proxy/http_date.h"
#include "ringway/proxy/idle_clients.h"
#include "ringway/proxy/ticker.h"
#include "ringway/proxy/traffic.h"
#include "ringway/stats/log.h"
#include "ringway/stats/log_ring.h"
#include "ringway/stats/shard_stats.h"
#include "ringway/upstream/pool_set.h"
#include "ringway/upstream/upstream_set.h"

namespace ringway::proxy {

class Session;
class HttpSession;
class Exchange;
struct Introduction;

// The shard above, told when a connection's permit is free again.
struct PermitReturn {
    using Notify = void (*)(PermitReturn&);
    Notify returned;
};

struct Context {
    Generations& generations;
    std::uint32_t shard;
    const base::Instant& now;  // the shard's clock, read once per turn
    base::TimerWheel& timers;
    base::Random& random;
    net::SocketPools& sockets;
    net::RelayContext& relay;
    upstream::UpstreamSet& upstreams;
    stats::ShardStats& stats;
    stats::LogRing& log_ring;
    stats::Log& log;
    async::TaskScope& sessions;
    // Has no tasks: cancelled when draining begins, which tells those who listen. Idle keep-alive
    // connections close then, and the others after the response under way.
    async::TaskScope& drain;
    base::Slab<Session>& slots;
    base::Slab<HttpSession>& http_slots;
    base::Slab<Exchange>& exchanges;
    base::Slab<Introduction>& introductions;
    upstream::PoolSet& pools;
    Traffic& traffic;
    IdleClients& idle_clients;
    HttpDate& date;
    Ticker& ticker;
    PermitReturn& permits;

    // The current ones. After a co_await they may be others: look again, or pin the generation.
    const config::Settings& settings() const { return generations.settings(); }
    bool is_draining() const { return drain.is_cancelled(); }
};

}  // namespace ringway::proxy
