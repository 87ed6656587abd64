// The connections of all HTTP upstreams, as one shard uses them: lend, take back, keep warm.
//
// Owned by a shard and touched by its thread alone. Chooses the endpoint (balancer.h over
// UpstreamSet's endpoints), then an idle connection of it, else permits a new one. Totals over
// endpoints and shards (pool-max, and an endpoint's max-connections) are permits, held by shards
// and moved by the coordinator: a connection holds its permits from connect to close, idle or not,
// so that no total is exceeded at any instant; idle connections are closed when another shard asks
// for their permits, or when a request of this shard needs one for another endpoint.
//
// The life of a lease:
//     acquire -> reused                      (a live idle connection)
//             -> connect -> dial() -> connected | connect_failed | connect_abandoned
//             -> wait -> the waiter is woken with one of the above
//             -> none
//     give_back (clean, to be used again) | discard (closed)
// Waiters are served in the order in which they came, per upstream.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "ringway/async/scope.h"
#include "ringway/async/task.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/upstream/connection.h"
#include "ringway/upstream/retry_budget.h"
#include "ringway/upstream/upstream_set.h"

namespace ringway::upstream {

enum class Grant : std::uint8_t {
    reused,   // `connection` is open, clean and leased
    connect,  // `connection` is charged to its endpoint: dial it
    wait,     // not yet: `wake` will be called
    none,     // no endpoint can serve (all down, tried or retired)
    full,     // too many wait already
    closed,   // the shard drains: nobody waits any more
};

// One request's wish for a connection. Belongs to the exchange and stays where it is while it
// waits.
struct LeaseWaiter {
    using Wake = void (*)(LeaseWaiter&);
    explicit LeaseWaiter(Wake how) : wake(how) {}

    Wake wake;  // called from PoolSet::run_waiters when `grant` is no longer `wait`
    std::size_t upstream = 0;
    TriedSet tried = 0;      // endpoints that failed for this request
    std::uint64_t hash = 0;  // of the key that the upstream's balance asks for, if it does
    bool has_hash = false;
    int preferred = -1;   // index within the upstream: the sticky cookie's endpoint
    bool fresh = false;   // an idle connection just failed: open a new one
    net::Address client;  // for hash:client

    Grant grant = Grant::wait;
    Connection* connection = nullptr;
    base::Instant waiting_since{0};
    base::ListLink link;
};

// Why an exchange failed on a lease, for ejection and counters.
enum class ExchangeOutcome : std::uint8_t { success, upstream_error, aborted_by_client };

struct PoolWiring {
    const config::Settings* settings = nullptr;
    UpstreamSet& endpoints;
    net::SocketPools& sockets;
    base::TimerWheel& timers;
    const base::Instant& now;
    stats::ShardStats& stats;
    std::uint64_t connections_max = 0;  // slots: as many as descriptors allow
    std::uint32_t shard = 0;
    std::uint32_t shards = 1;
};

class PoolSet {
  public:
    explicit PoolSet(const PoolWiring& wiring);
    ~PoolSet();
    PoolSet(const PoolSet&) = delete;
    PoolSet& operator=(const PoolSet&) = delete;

    // ---- by exchanges -------------------------------------------------------------------------

    // Never waits. On `reused` and `connect` the connection's socket wakes `wake` from now on.
    Grant acquire(LeaseWaiter& waiter, async::Wake& wake);
    // Any time while it waits; also gives back what it was granted and has not used.
    void stop_waiting(LeaseWaiter& waiter);

    // After Grant::connect. Returns 0, or a negative errno: -ETIMEDOUT after `until`, -ECANCELED
    // when `give_up()` was answered true on a wake-up. All addresses of the endpoint are tried. The
    // caller then calls exactly one of connected, connect_failed, connect_abandoned.
    struct Stop {
        bool (*asked)(void* context);
        void* context;
    };
    async::Task<int> dial(Connection& connection, async::Wake& wake, base::Instant until,
                          Stop stop);
    void connected(Connection& connection);
    void connect_failed(Connection& connection);     // the connection is gone afterwards
    void connect_abandoned(Connection& connection);  // likewise; says nothing about the endpoint

    // The exchange is over. give_back: its last byte was sent and received and both sides may go
    // on. discard: closed, with a reset when `reset`. Neither may be used afterwards.
    void give_back(Connection& connection, ExchangeOutcome outcome);
    void discard(Connection& connection, ExchangeOutcome outcome, bool reset);

    // How long the endpoint took to its first byte: for p2c's moving average.
    static void note_latency(Endpoint& endpoint, base::Duration first_byte);

    RetryBudget& retry_budget(std::size_t upstream);

    // Requests in flight of an upstream: true when one more may begin (then it counts).
    bool begin_request(std::size_t upstream);
    void end_request(std::size_t upstream);

    // ---- by the shard -------------------------------------------------------------------------

    // Keeps idle connections watched, aged and warm; runs until stop(). Spawn it at start.
    async::Task<void> keep();
    // Drain: waiters are answered (Grant::closed) at once, idle connections close now and others
    // when they come back. keep() returns when none is left.
    void stop();
    bool is_empty() const { return connections_.in_use() == 0; }
    // Serves waiters with what came free. Once per turn; cheap when nothing changed.
    void run_waiters();
    // True when the pools that are to be warm at start are warm, or have given up.
    bool is_warm() const;

    // ---- from the coordinator -----------------------------------------------------------------

    // New settings, arranged by config::plan_reload; UpstreamSet was told before. Connections to
    // retired endpoints close when they are idle.
    void reload(const config::Settings& settings);
    // Permits of pool-max, by upstream index; as UpstreamSet's for endpoints.
    void grant_permits(std::size_t upstream, std::uint64_t count);
    std::uint64_t recall_permits(std::size_t upstream, std::uint64_t count);
    bool has_permit_news() const { return permit_news_; }

  private:
    struct Pool;
    base::Slab<Connection> connections_;
    std::vector<std::unique_ptr<Pool>> pools_;
    bool permit_news_ = false;
};

}  // namespace ringway::upstream
