// One run: a seed's machine, ringway's shards on it, the traffic, and the verdict.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coordinator.h"
#include "http_world.h"
#include "kernel.h"
#include "network.h"
#include "peer.h"
#include "ringway/shard/shard.h"
#include "ringway/stats/log_ring.h"
#include "ringway/stats/shard_stats.h"
#include "scenario.h"

namespace ringway::sim {

class Run {
  public:
    Run(const Scenario& scenario, bool trace);
    ~Run();

    // True when every promise was kept. After a failure the object must not be destroyed: what went
    // wrong may have left requests in flight.
    bool carry_out();

    const std::string& failure() const { return kernel_.failure(); }
    const FaultCounts& fault_counts() { return kernel_.faults().counts(); }
    std::uint64_t operations() const { return kernel_.operations; }
    // What ringway was brought to do, beyond the faults: a run of many seeds must reach all of it.
    struct Reach {
        std::string_view name;
        std::uint64_t count;
    };
    std::vector<Reach> reached() const;
    std::uint64_t connections() const { return network_.accepted; }
    std::uint64_t bytes() const { return network_.sent_upstream + network_.sent_downstream; }

  private:
    void build_servers();
    void build_shards();
    void start_clients(std::size_t count, base::Duration within);
    void start_client();
    void start_tcp_client(const AddressKey& from, const AddressKey& to, const PeerPlan& plan,
                          std::string source);
    std::uint64_t peers_open() const;
    void hurry();
    std::string straggler() const;
    void give_preamble(PeerPlan& plan, std::uint32_t ip, std::uint16_t port, std::string& source);
    void active_phase();
    void quiet_phase();
    void final_phase();
    void step();
    void turn_shards();
    void stir();
    void stir_endpoints();
    void begin_drain();
    void watch_drain();
    void advance_clock();
    bool all_done() const;

    // HTTP (run_http.cc).
    void build_http();
    void serve_http(Socket& accepted);
    void start_http_client(const AddressKey& from, const AddressKey& to, std::string ip,
                           bool gone_early);
    void hurry_http();
    std::string http_straggler() const;
    void judge_pool(const AddressKey& address);
    bool http_is_healthy() const;
    bool excused(const HttpExchange& exchange) const;
    bool may_be_denied(const HttpExchange& exchange) const;
    void judge_http();
    void judge_exchanges();
    void judge_http_counters();
    void add_http_reach(std::vector<Reach>& list) const;

    // The oracles (verdict.cc).
    void judge();
    void judge_peers();
    void judge_pair(const Peer& client);
    void judge_ends();
    void judge_counters();
    void judge_limits();
    bool excused_unserved(const Peer& client) const;
    std::uint64_t closed(stats::CloseReason reason) const;
    std::uint64_t cut_allowed() const;

    Scenario scenario_;
    Kernel kernel_;
    Network network_;
    Cast cast_;
    base::Random random_;
    std::unique_ptr<HttpWorld> http_;                // in runs of HTTP
    std::map<AddressKey, std::size_t> upstream_of_;  // likewise: by address, spare ones too
    bool socket_errors_ = false;                     // errors are put on sockets
    std::vector<std::unique_ptr<Server>> servers_;   // per endpoint, then the spare ones
    std::unique_ptr<Coordinator> coordinator_;
    std::vector<std::unique_ptr<stats::ShardStats>> stats_;
    std::vector<std::unique_ptr<stats::LogRing>> logs_;
    std::vector<std::unique_ptr<shard::Shard>> shards_;
    std::vector<bool> done_;
    std::vector<base::Instant> stalled_until_;
    base::Instant started_{0};
    std::size_t clients_due_ = 0;
    std::uint32_t next_client_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t idle_turns_ = 0;
    std::uint64_t listings_asked_ = 0;
    bool draining_ = false;
    base::Instant drain_deadline_ = base::Instant::never();
    base::Instant overdue_since_ = base::Instant::never();
    std::uint64_t overdue_steps_ = 0;
    bool quiet_ = false;
    std::uint64_t cut_ = 0;         // orderly connections that were not completed
    std::uint64_t false_ends_ = 0;  // ends that nobody sent
};

}  // namespace ringway::sim
