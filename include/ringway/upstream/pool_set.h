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
// Waiters are served in the order in which they came, per upstream; a newcomer takes only what none
// of them can use.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "ringway/async/deadline.h"
#include "ringway/async/scope.h"
#include "ringway/async/task.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/stats/http_stats.h"
#include "ringway/upstream/connection.h"
#include "ringway/upstream/permit_holder.h"
#include "ringway/upstream/retry_budget.h"
#include "ringway/upstream/upstream_set.h"

namespace ringway::upstream {

enum class Grant : std::uint8_t {
    reused,   // `connection` is open, clean and leased
    connect,  // `connection` is charged to its endpoint: dial it
    wait,     // not yet: `wake` will be called
    none,     // no endpoint can serve (all down, tried or retired)
    full,     // too many wait already
    closed,   // it would have to wait, and the shard drains
};

// One request's wish for a connection. Belongs to the exchange and stays where it is while it
// waits. Whoever uses what was granted takes it out of `connection` (std::exchange with nullptr):
// what is still there goes back with stop_waiting.
struct LeaseWaiter {
    using Wake = void (*)(LeaseWaiter&);
    explicit LeaseWaiter(Wake how) : wake(how) {}

    Wake wake;  // called from PoolSet::run_waiters when `grant` is no longer `wait`
    std::size_t upstream = 0;
    TriedSet tried = 0;      // endpoints that failed for this request
    std::uint64_t hash = 0;  // of the key that the upstream's balance asks for, if it does
    bool has_hash = false;
    int preferred = -1;   // Endpoint::index of the sticky cookie's endpoint
    bool fresh = false;   // an idle connection just failed: open a new one
    net::Address client;  // for hash:client

    Grant grant = Grant::wait;
    Connection* connection = nullptr;
    std::uint32_t queued_before = 0;  // that waited already when this one last began to wait
    // The PoolSet's alone.
    base::Instant waiting_since{0};
    async::Wake* socket_wake = nullptr;
    base::ListLink link;
};

// Why an exchange failed on a lease, for ejection and counters.
enum class ExchangeOutcome : std::uint8_t { success, upstream_error, aborted_by_client };

// The value of a sticky cookie that names an endpoint without telling its name.
using StickyValue = std::array<char, 16>;

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
    // First shares by upstream index: of pool.connections_max, and of requests_max.
    std::vector<std::uint64_t> connection_permits;
    std::vector<std::uint64_t> request_permits;
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
    // Any time; also gives back what it was granted and has not used.
    void stop_waiting(LeaseWaiter& waiter);

    // After Grant::connect. Returns 0, or a negative errno: -ETIMEDOUT after `until`, -ECANCELED
    // when `asked` was answered true on a wake-up. All addresses of the endpoint are tried, with an
    // equal part of the time each. The caller then calls exactly one of connected, connect_failed,
    // connect_abandoned. `connected` also arms the receive.
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
    // on; one that turns out not to be clean is closed. discard: closed, with a reset when `reset`.
    // The connection may not be used afterwards, and nothing of the caller's may be in flight on
    // it.
    void give_back(Connection& connection, ExchangeOutcome outcome);
    void discard(Connection& connection, ExchangeOutcome outcome, bool reset);

    // How long the endpoint took to its first byte: for p2c's moving average.
    void note_latency(Endpoint& endpoint, base::Duration first_byte);

    static StickyValue sticky_value(const Endpoint& endpoint);
    // LeaseWaiter::preferred for a cookie's value; -1 when it names no endpoint.
    int preferred_by(std::size_t upstream, std::string_view cookie_value) const;

    RetryBudget& retry_budget(std::size_t upstream);

    // Requests in flight of an upstream: true when one more may begin (then it counts).
    bool begin_request(std::size_t upstream);
    void end_request(std::size_t upstream);

    // ---- by the shard -------------------------------------------------------------------------

    // Keeps idle connections watched, aged and warm; runs until stop(). Spawn it at start.
    async::Task<void> keep();
    // Drain: waiters are answered (Grant::closed) at once and nobody waits any more, idle
    // connections close now and others when they come back. Requests that need no waiting are still
    // served.
    void stop();
    // After stop(), when nobody will acquire any more: keep() returns when no connection is left.
    void finish();
    bool is_empty() const { return connections_.in_use() == 0; }
    // Serves waiters with what came free. Once per turn; cheap when nothing changed.
    void run_waiters();
    // True when the pools that are to be warm at start are warm, or have given up.
    bool is_warm() const;

    // ---- from the coordinator -----------------------------------------------------------------

    // New settings, arranged by config::plan_reload; UpstreamSet was told before. Connections to
    // retired endpoints close when they are idle. Shares, by upstream index, count where a limit
    // begins. After it nothing points into the old settings.
    void reload(const config::Settings& settings,
                const std::vector<std::uint64_t>& connection_permits,
                const std::vector<std::uint64_t>& request_permits);
    // Permits of pool.connections_max and of requests_max, by upstream index. What is recalled and
    // held by idle connections is freed: it follows within a turn or two as returned.
    void grant_permits(std::size_t upstream, std::uint64_t count);
    std::uint64_t recall_permits(std::size_t upstream, std::uint64_t count);
    void grant_request_permits(std::size_t upstream, std::uint64_t count);
    std::uint64_t recall_request_permits(std::size_t upstream, std::uint64_t count);
    // Instead of UpstreamSet::recall_permits: also closes idle connections that hold them.
    std::uint64_t recall_endpoint_permits(std::size_t slot, std::uint64_t count);

    bool has_permit_news() const { return permit_news_; }
    // Calls ask(upstream, count) and give_back(upstream, count) for what is to be told of
    // connections, and the other two for requests. Each returns false when it could not, and what
    // it was given is kept.
    template <typename Ask, typename GiveBack, typename AskRequests, typename GiveBackRequests>
    void report_permits(Ask ask, GiveBack give_back, AskRequests ask_requests,
                        GiveBackRequests give_back_requests) {
        if (!permit_news_) return;
        permit_news_ = false;
        for (std::size_t i = 0; i < limits_.size(); ++i) {
            report(limits_[i].connections, i, ask, give_back);
            report(limits_[i].requests, i, ask_requests, give_back_requests);
        }
    }

  private:
    struct Pool;
    using ConnectionList = base::IntrusiveList<Connection, &Connection::link>;
    using WaiterList = base::IntrusiveList<LeaseWaiter, &LeaseWaiter::link>;

    // The two limits of an upstream.
    struct Limits {
        PermitHolder connections;
        PermitHolder requests;
    };
    // The connections to one endpoint that nobody uses. The next to be handed out is the first.
    struct Shelf {
        ConnectionList idle;
        std::uint32_t idle_count = 0;
        std::uint32_t closing_count = 0;
    };
    // What could be done for a request now.
    struct Offer {
        enum class Kind : std::uint8_t { none, lease, blocked };
        Kind kind = Kind::none;
        Endpoint* endpoint = nullptr;  // of a lease
        // What is in the way: endpoints that lack a permit of their own (by index), and whether one
        // of the pool's would do.
        std::uint64_t at_limit = 0;
        bool lacks_room = false;
    };

    template <typename Ask, typename GiveBack>
    void report(PermitHolder& holder, std::size_t upstream, Ask& ask, GiveBack& give_back) {
        if (!holder.has_news()) return;
        holder.report([&](std::uint64_t count) { return ask(upstream, count); },
                      [&](std::uint64_t count) { return give_back(upstream, count); });
        if (holder.has_news()) permit_news_ = true;
    }

    // pool_choice.cc: whom a request gets, who waits.
    Offer find(Pool& pool, const LeaseWaiter& waiter);
    bool has_room(const Pool& pool) const;
    Connection* first_fit(Pool& pool, Endpoint& endpoint);
    void clear_the_way(Pool& pool, const LeaseWaiter& waiter, const Offer& offer,
                       std::uint64_t& coming);
    Connection& shelf_end(Endpoint& endpoint);
    Connection* oldest_idle(Pool& pool);
    bool needs_look(const Pool& pool) const;
    void serve_waiting(Pool& pool);
    void leave_queue(Pool& pool, LeaseWaiter& waiter);

    // pool_set.cc: what happens to a connection.
    void load(const std::vector<std::uint64_t>& connection_permits,
              const std::vector<std::uint64_t>& request_permits);
    void take_lease(Pool& pool, LeaseWaiter& waiter, Endpoint& endpoint);
    void end_request_on(Connection& connection, ExchangeOutcome outcome);
    Connection& open(Pool& pool, Endpoint& endpoint, async::Wake& wake);
    void end_connecting(Connection& connection);
    void settle(Connection& connection);
    void take_from_shelf(Connection& connection);
    bool is_fit(const Pool& pool, const Connection& connection) const;
    static void count_unfit(Pool& pool, const Connection& connection);
    void close_idle(Connection& connection);
    void evict(Connection& connection);
    void close(Connection& connection, bool reset);
    void finish_closing(Connection& connection);
    void remove(Connection& connection);
    void note_news(const PermitHolder& holder);
    Pool& pool_of(const Connection& connection);

    // pool_upkeep.cc: what nobody asked for.
    void wake_by(base::Instant at);
    std::uint64_t count_ejected(const Pool& pool) const;
    void look_after();
    base::Instant look_after_idle(Pool& pool, Shelf& shelf);
    base::Instant expiry_of(const Pool& pool, const Connection& connection) const;
    std::uint32_t warm_target(const Pool& pool) const;
    Endpoint* coldest(const Pool& pool);
    base::Instant keep_warm(Pool& pool);
    async::Task<void> warm_up(Connection& connection);
    static bool is_stopping(void* self) { return static_cast<PoolSet*>(self)->stopping_; }

    PoolWiring wiring_;
    base::Slab<Connection> connections_;
    std::vector<std::unique_ptr<Pool>> pools_;
    std::deque<Limits> limits_;  // by upstream
    std::deque<Shelf> shelves_;  // by the endpoint's slot
    async::Wake wake_;           // of keep(): idle and closing connections, news
    async::Deadline deadline_;   // of keep()
    async::TaskScope warming_;
    ConnectionList opening_;  // by ourselves
    ConnectionList closing_;
    WaiterList served_;  // out of their queue, to be woken
    base::Random random_;
    std::size_t waiting_total_ = 0;
    std::uint64_t told_ = 0;  // UpstreamSet::told() as keep() saw it last
    bool short_of_slots_ = false;
    bool permit_news_ = false;
    bool stopping_ = false;
    bool finishing_ = false;
};

}  // namespace ringway::upstream
