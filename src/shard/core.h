// Everything one shard owns, in the order in which it must be built and torn down.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "accept_loop.h"
#include "ringway/async/runtime.h"
#include "ringway/async/scope.h"
#include "ringway/base/slab.h"
#include "ringway/base/timer_wheel.h"
#include "ringway/net/pipe_pool.h"
#include "ringway/net/relay.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/context.h"
#include "ringway/proxy/http_session.h"
#include "ringway/proxy/session.h"
#include "ringway/ring/buffer_group.h"
#include "ringway/ring/ring.h"
#include "ringway/shard/shard.h"

namespace ringway::shard {

// The shard's share of --max-connections: permits that are idle, and those asked for.
struct ConnectionPermits {
    std::int64_t idle = 0;
    bool asked = false;  // a WantPermits is under way
    // What one turn may bring over all listeners that accept many at a time: so much must be idle.
    std::int64_t many_margin = 0;
    std::uint64_t recalled = 0;     // to be answered when no accept is under way
    base::Instant singly_until{0};  // others need what is idle here: accept one by one
};

struct Core : private proxy::PermitReturn, private ring::Op {
    explicit Core(ShardWiring given);
    ~Core();

    base::Result<void> start();
    bool turn(base::Instant wait_until);

    // ---- for the accept loops ------------------------------------------------------------------
    void begin_session(std::uint32_t listener, int fd);
    void hand_over(std::uint32_t listener, int fd);
    void ask_for_permits();
    bool may_accept_many() const {
        return permits.idle >= permits.many_margin && now >= permits.singly_until;
    }

    ShardWiring wiring;
    base::Instant now;
    async::Runtime runtime;
    base::TimerWheel timers;
    base::Random random;
    ConnectionPermits permits;
    bool draining = false;

    std::unique_ptr<ring::Ring> ring;
    std::unique_ptr<ring::BufferGroup> buffers;
    std::unique_ptr<net::SlicePool> slices;
    net::BlockPool blocks;
    net::SendVectorPool vectors;
    net::PipePool pipes;
    std::unique_ptr<net::SocketPools> sockets;
    std::unique_ptr<std::byte[]> scratch;
    net::RelaySettings relay_settings;
    std::unique_ptr<net::RelayContext> relay;
    proxy::Generations generations;
    upstream::UpstreamSet upstreams;
    stats::Log log;
    base::Slab<proxy::Session> slots;
    base::Slab<proxy::HttpSession> http_slots;
    base::Slab<proxy::Exchange> exchanges;
    base::Slab<proxy::Introduction> introductions;
    proxy::Ticker ticker;
    proxy::Traffic traffic;
    proxy::IdleClients idle_clients;
    proxy::HttpDate date;
    std::unique_ptr<upstream::PoolSet> pools;
    async::TaskScope upkeep;  // of the pools
    async::TaskScope sessions;
    async::TaskScope drain_begun;  // has no tasks: cancelled when draining begins
    std::unique_ptr<proxy::Context> context;
    async::TaskScope accepting;
    std::vector<std::unique_ptr<AcceptLoop>> accept_loops;

  private:
    base::Result<void> open_ring();
    base::Result<void> build_pools();
    upstream::PoolWiring pool_wiring();
    void arrange_traffic(const config::Settings& settings, const PermitShares& shares);
    void send(Event event);
    void flush_outbox();
    void run_commands();
    void run(Command& command);
    void start_accepting();
    void begin_drain(base::Instant deadline);
    void cut_off();
    bool has_drained() const;
    void set_admin(const SetEndpoint& change);
    void grant(const GrantPermits& given);
    void recall(const RecallPermits& wanted);
    void recall_connections(const RecallPermits& wanted);
    void answer_recall();
    bool accepts_many() const;
    void reload(const ReloadPlan& plan);
    ConnectionRow row_of(proxy::Accepted& session) const;
    void list_connections(const ListConnections& wanted);
    void report_permits();
    template <typename Message>
    auto tell(PermitKind kind);
    void wake_accept_loops();
    void publish();
    base::Instant next_wait(base::Instant wait_until);

    static void on_wake(ring::Op& op, const ring::Completion& completion);
    static void on_permit(proxy::PermitReturn& self);

    struct DrainTimer : base::Timer {
        explicit DrainTimer(Core& owner);
        Core& core;
    };
    DrainTimer drain_timer_;
    std::deque<Event> outbox_;  // what did not fit into the mailbox yet
    std::uint64_t next_session_id_ = 1;
    bool mail_ = false;  // the wake descriptor was signalled
    bool reported_drained_ = false;
    bool accepts_ = false;
    base::Instant cpu_read_at_{0};
};

}  // namespace ringway::shard
