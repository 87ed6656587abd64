// One core: its ring, buffers, pipes, timers, connection slots, upstream state and statistics.
//
// Built on the coordinator's thread, started and run on its own. Everything in it belongs to that
// thread; the only ways in and out are the two mailboxes, the published statistics and the log
// ring. Must never block but in Ring::turn, and never touch another shard.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "ringway/base/result.h"
#include "ringway/config/settings.h"
#include "ringway/shard/messages.h"
#include "ringway/stats/log_ring.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::shard {

// What a shard is given. All references outlive the shard.
struct ShardWiring {
    // Those it is started with: immutable, derived values filled in. A reload brings others, but
    // what is fixed while the process runs is read here.
    std::shared_ptr<const config::Settings> settings;
    std::uint32_t index = 0;
    int cpu = -1;  // -1: not pinned
    // One per Settings::listeners: a listening descriptor of this shard's own (it closes it), or -1
    // where another shard accepts for it.
    std::vector<int> listener_fds;
    // Per listener: true when accepted descriptors go to the coordinator (HandOver), which deals
    // them out; used for Unix listeners and sockets inherited from systemd.
    std::vector<bool> hands_over;
    // Addresses per endpoint (flat index), as resolved at start; empty where unknown.
    std::vector<std::vector<net::Address>> addresses;
    std::uint64_t connection_permits = 0;  // this shard's first share
    PermitShares shares;                   // and those of the other limits
    int wake_fd = -1;                      // ring::sys::make_wake_fd(), polled by the shard
    CommandBox& commands;
    EventBox& events;
    stats::ShardStats& stats;
    stats::LogRing& log;
    std::uint64_t random_seed = 1;
};

struct Core;  // src/shard/core.h: everything a shard owns

class Shard {
  public:
    explicit Shard(ShardWiring wiring);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // On the shard's thread: opens the ring, fills the pools, starts accepting. Sends Started.
    base::Result<void> start();

    // One turn of the loop: run what is ready, submit and wait (at most until `wait_until`), take
    // all completions. False when the shard has drained and nothing is left.
    bool turn(base::Instant wait_until = base::Instant::never());

  private:
    std::unique_ptr<Core> core_;
};

// The thread around a Shard: pins itself, starts it, turns until it has drained.
std::thread run_shard_thread(ShardWiring wiring);

}  // namespace ringway::shard
