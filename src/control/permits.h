// Who holds the permits of each limit: the ledger behind --max-connections and endpoint limits.
//
// A permit is the right to hold one connection. Every permit of a pool is at any instant either
// with one shard (idle or used: only the shard knows) or in the reserve here, so a limit is exact
// at every instant without shards sharing a counter. Pure: decides, and leaves the sending to the
// coordinator. Must never create or lose a permit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "ringway/base/clock.h"

namespace ringway::control {

// What the coordinator is to send to a shard.
struct PermitAction {
    enum class Kind : std::uint8_t { grant, recall };
    Kind kind = Kind::grant;
    std::size_t shard = 0;
    std::size_t pool = 0;
    std::uint64_t count = 0;
};

class PermitLedger {
  public:
    // How many permits of a pool a shard seems to use, from its statistics. A hint that saves
    // waking shards that have nothing idle; a wrong one costs time, never correctness.
    using InUseHint = std::function<std::uint64_t(std::size_t shard, std::size_t pool)>;

    explicit PermitLedger(std::size_t shards, InUseHint hint = {});

    // What a shard that was granted less than it wanted still waits for.
    enum class Wants : std::uint8_t {
        standing,  // the rest
        anew,      // nothing: any grant will do, and when it is used up the shard asks again
    };

    // Adds a pool and deals every shard its first share; what does not divide stays in reserve. A
    // total of 0 is a pool without a limit, for which no shard ever asks.
    std::size_t add_pool(std::uint64_t total, Wants wants = Wants::standing);
    std::uint64_t first_share(std::size_t pool) const;

    // A shard asks for `count` more.
    void want(std::size_t shard, std::size_t pool, std::uint64_t count, base::Instant now);
    // A shard gave back `count`, possibly 0: the answer to a recall, or of its own accord.
    void give_back(std::size_t shard, std::size_t pool, std::uint64_t count, base::Instant now);
    // A permit in use goes from shard to shard, together with the connection it stands for.
    void move_used(std::size_t pool, std::size_t from, std::size_t to);
    // A shard has ended and holds no connection: all its permits come back.
    void shard_gone(std::size_t shard, base::Instant now);
    // Asks again where nothing idle was found the last time. Call at next_due().
    void tick(base::Instant now);
    base::Instant next_due() const;

    // Hands every waiting action to `send(const PermitAction&)`, in order.
    template <typename Send>
    void take_actions(Send send) {
        for (const PermitAction& action : actions_) send(action);
        actions_.clear();
    }

    std::uint64_t total(std::size_t pool) const { return pools_[pool].total; }
    std::uint64_t reserve(std::size_t pool) const { return pools_[pool].reserve; }
    std::uint64_t held(std::size_t pool, std::size_t shard) const {
        return pools_[pool].shards[shard].held;
    }
    bool anybody_waits() const;

    // How soon a shard is asked again for permits that it did not have idle.
    static constexpr base::Duration retry_interval = base::Duration::milliseconds(2);
    // Every so many retries, shards are asked whatever the hint says.
    static constexpr unsigned rounds_per_blind_recall = 16;

  private:
    struct ShardAccount {
        std::uint64_t held = 0;
        std::uint64_t wanted = 0;  // asked for and not yet granted
        bool gone = false;
    };
    struct Pool {
        std::uint64_t total = 0;
        std::uint64_t reserve = 0;
        Wants wants = Wants::standing;
        std::vector<ShardAccount> shards;
        std::vector<std::size_t> waiting;  // shards that want, first come first served
        bool recalling = false;            // one recall is under way ...
        std::size_t recalled_shard = 0;    // ... at this shard ...
        std::uint64_t recalled_count = 0;  // ... for so many
        std::size_t next_shard = 0;        // where the round goes on
        std::size_t left_in_round = 0;     // shards not asked yet in this round
        std::uint64_t step = 1;            // doubles while recalls are answered in full
        unsigned rounds = 0;
        base::Instant retry_at = base::Instant::never();
    };

    void serve_waiting(std::size_t pool, base::Instant now);
    void recall_next(std::size_t pool, base::Instant now);
    bool worth_asking(std::size_t pool, std::size_t shard) const;
    void check_conserved(const Pool& pool) const;

    const std::size_t shard_count_;
    InUseHint in_use_hint_;
    std::vector<Pool> pools_;
    std::vector<PermitAction> actions_;
};

}  // namespace ringway::control
