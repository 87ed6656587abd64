// All endpoints of all upstreams, as one shard uses them: choosing, counting, limits, waiting.
//
// Owned by a shard and touched by its thread alone. Pure: no I/O, no clock, no waiting of its own.
// What the coordinator knows arrives through the methods named after its messages.
//
// The life of one upstream connection:
//     choose -> (at_limit: wait, then granted) -> connected | connect_failed | connect_abandoned
//     connected -> disconnected
// From `chosen` (or granted) on, the endpoint is charged with one connection and one permit;
// exactly one of the four calls above takes the charge back, except connected, which hands it to
// disconnected.
//
// Permits. Each limited endpoint has permits whose total over all shards and the coordinator's
// reserve never changes. This shard holds some: idle ones here, used ones with its connections.
// What it misses and what it gives back is collected until the shard reports it, once per turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/random.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"
#include "ringway/stats/shard_stats.h"
#include "ringway/upstream/balancer.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::upstream {

// A session that waits until an endpoint can take it. It belongs to the session, stays where it is
// while it waits, and is finished either by `wake` or by UpstreamSet::stop_waiting.
struct PermitWaiter {
    using Wake = void (*)(PermitWaiter&);
    explicit PermitWaiter(Wake how) : wake(how) {}

    Wake wake;  // called from UpstreamSet::run_waiters; may call back into it
    std::size_t upstream = 0;
    TriedSet tried = 0;
    net::Address client;
    // When woken: the endpoint that is charged for this session now, or nullptr when none is left
    // to wait for (choose again to see why).
    Endpoint* granted = nullptr;

    base::ListLink link;  // the rest is the UpstreamSet's
    Endpoint* counted_at = nullptr;
};

// What a shard knows of endpoints beside their settings, by slot. What it says of endpoints that
// are known already is not looked at.
struct EndpointWiring {
    // As resolved so far; literal hosts need none.
    const std::vector<std::vector<net::Address>>& addresses;
    // This shard's first permits, where there is a limit.
    const std::vector<std::uint64_t>& permits;
    // Has grown to hold every slot.
    stats::ShardStats& stats;
};

class UpstreamSet {
  public:
    // At start, when an endpoint's slot is its place in the order of all. `shard_index` staggers
    // round robin.
    UpstreamSet(const config::Settings& settings, const EndpointWiring& wiring,
                std::uint32_t shard_index, std::uint64_t random_seed);
    UpstreamSet(const config::Settings& settings,
                const std::vector<std::vector<net::Address>>& addresses,
                const std::vector<std::uint64_t>& permits, stats::ShardStats& stats,
                std::uint32_t shard_index, std::uint64_t random_seed);
    UpstreamSet(const UpstreamSet&) = delete;
    UpstreamSet& operator=(const UpstreamSet&) = delete;

    std::size_t upstream_count() const { return upstreams_.size(); }
    std::size_t endpoint_count() const { return endpoints_.size(); }
    Members endpoints_of(std::size_t upstream) const { return upstreams_[upstream].members; }
    Endpoint& endpoint(std::size_t flat_index);
    static TriedSet tried_bit(const Endpoint& endpoint) { return TriedSet{1} << endpoint.index; }

    // ---- by sessions --------------------------------------------------------------------------

    // `chosen`: the endpoint is charged, start connecting. `at_limit`: wait, if the session can.
    Pick choose(std::size_t upstream, TriedSet tried, const net::Address& client,
                base::Instant now);

    // Which of the endpoint's addresses the next connect goes to: each in turn. The memory stays
    // where it is, though set_addresses may change what it says. Not for Unix sockets.
    const net::Address& next_address(Endpoint& endpoint);

    void connected(Endpoint& endpoint);
    void connect_failed(Endpoint& endpoint, base::Instant now);
    void connect_abandoned(Endpoint& endpoint);  // stopped by ourselves: says nothing about it
    void disconnected(Endpoint& endpoint);

    // After at_limit: first come, first served per upstream. The waiter's upstream, tried and
    // client are set; `pick` is what choose() answered for them.
    void wait(PermitWaiter& waiter, const Pick& pick);
    // Any time; also takes back what a waiter was granted and has not used.
    void stop_waiting(PermitWaiter& waiter);

    // ---- by the shard, once per turn ----------------------------------------------------------

    // Serves waiters with what came free and wakes them. Cheap when nothing changed.
    void run_waiters(base::Instant now);
    // When a back-off ends that somebody waits for: call run_waiters then. never() if nobody does.
    base::Instant next_due() const;

    bool has_permit_news() const { return permit_news_; }
    // Calls ask(flat_index, count) and give_back(flat_index, count) for what is to be told to the
    // coordinator; both return false when they could not, and what they were given is kept.
    template <typename Ask, typename GiveBack>
    void report_permits(Ask ask, GiveBack give_back) {
        if (!permit_news_) return;
        permit_news_ = false;
        for (Endpoint* endpoint : limited_) {
            tell(endpoint->permits_to_ask, endpoint->flat_index, ask);
            tell(endpoint->permits_to_return, endpoint->flat_index, give_back);
        }
    }

    // ---- from the coordinator -----------------------------------------------------------------

    void set_admin_state(std::size_t flat_index, AdminState state);
    void set_healthy(std::size_t flat_index, bool healthy);
    void set_addresses(std::size_t flat_index, const std::vector<net::Address>& addresses);
    void grant_permits(std::size_t flat_index, std::uint64_t count);
    // How many idle permits leave now. What is missing to `count` leaves as connections end and is
    // reported by report_permits.
    std::uint64_t recall_permits(std::size_t flat_index, std::uint64_t count);

    // New settings, arranged by config::plan_reload: they contain every endpoint there is, retired
    // or not. Endpoints stay where they are, with their marks, permits and connections; one whose
    // target is another now begins anew (and needs its addresses). Where a limit begins, `permits`
    // holds the first share; connections from before it are exempt. After it nothing points into
    // the old settings any more.
    void reload(const config::Settings& settings, const EndpointWiring& wiring);

    std::size_t waiting_count(std::size_t upstream) const {
        return upstreams_[upstream].waiting_count;
    }

    // ---- for the PoolSet ----------------------------------------------------------------------

    // Charges an endpoint that has a permit with a connection, without choosing.
    void charge(Endpoint& endpoint, base::Instant now);
    // Raises what this shard has asked for to `target`; what was asked for stands until it is
    // granted.
    void want(Endpoint& endpoint, std::uint64_t target);
    // Grows with everything that somebody who waits for the upstream may use.
    std::uint64_t changes(std::size_t upstream) const { return upstreams_[upstream].changes; }
    // Grows when the coordinator told something about any endpoint.
    std::uint64_t told() const { return told_; }

  private:
    using WaiterList = base::IntrusiveList<PermitWaiter, &PermitWaiter::link>;
    struct UpstreamState {
        const config::Upstream* settings = nullptr;
        std::vector<Endpoint*> members;  // by their index
        bool has_limits = false;
        bool changed = false;  // something that waiters may use
        std::uint64_t changes = 0;
        WaiterList waiting;
        std::size_t waiting_count = 0;
    };

    void add_endpoint(const config::Endpoint& settings, std::size_t slot,
                      std::size_t upstream_index, const EndpointWiring& wiring);
    void update_endpoint(Endpoint& endpoint, const config::Endpoint& settings,
                         const EndpointWiring& wiring);
    void set_target(Endpoint& endpoint, const EndpointWiring& wiring);
    void join_members(Endpoint& endpoint);
    bool is_member(const Endpoint& endpoint) const;
    void find_limited();
    UpstreamState& upstream_of(const Endpoint& endpoint);
    void take_charge_back(Endpoint& endpoint);
    void want_for_waiting(Endpoint& endpoint);
    void want_missing(UpstreamState& upstream, TriedSet tried, const Pick& pick, base::Instant now);
    void serve_waiting(UpstreamState& upstream, base::Instant now);
    base::Instant earliest_trial(base::Instant after) const;
    void leave_queue(UpstreamState& upstream, PermitWaiter& waiter);
    void note_change(const Endpoint& endpoint);

    template <typename Send>
    void tell(std::uint64_t& count, std::size_t flat_index, Send& send) {
        if (count == 0) return;
        if (send(flat_index, count)) {
            count = 0;
        } else {
            permit_news_ = true;
        }
    }

    std::deque<Endpoint> endpoints_;  // by slot; sessions keep pointers into it
    std::deque<UpstreamState> upstreams_;
    std::vector<Endpoint*> limited_;
    std::uint64_t told_ = 0;
    std::uint32_t shard_index_;
    WaiterList served_;  // out of their queue, to be woken
    base::Random random_;
    std::size_t waiting_total_ = 0;
    base::Instant ran_at_{0};
    bool permit_news_ = false;
    bool anything_changed_ = false;
};

}  // namespace ringway::upstream
