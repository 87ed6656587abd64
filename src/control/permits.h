// Who holds the permits of each limit: the ledger behind --max-connections, pools and all other
// totals over shards.
//
// A permit is the right to hold one connection, or to have one request in flight. Every permit of a
// pool is at any instant either with one shard (idle or used: only the shard knows) or in the
// reserve here, so a limit is exact at every instant without shards sharing a counter. Pure:
// decides, and leaves the sending to the coordinator. Must never create or lose a permit, except
// when told that a limit has changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/shard/messages.h"

namespace ringway::control {

using shard::PermitKind;
using shard::PermitPool;

// What the coordinator is to send to a shard.
struct PermitAction {
    enum class Kind : std::uint8_t { grant, recall };
    Kind kind = Kind::grant;
    std::size_t shard = 0;
    PermitPool pool;
    std::uint64_t count = 0;
};

class PermitLedger {
  public:
    // How many permits of a pool a shard seems to use, from its statistics. A hint that saves
    // waking shards that have nothing idle; a wrong one costs time, never correctness.
    using InUseHint = std::function<std::uint64_t(std::size_t shard, PermitPool pool)>;

    explicit PermitLedger(std::size_t shards, InUseHint hint = {});

    // What a shard that was granted less than it wanted still waits for.
    enum class Wants : std::uint8_t {
        standing,  // the rest
        anew,      // nothing: any grant will do, and when it is used up the shard asks again
    };

    // Adds a pool, which must be new, and deals every shard its first share; what does not divide
    // stays in reserve. A total of 0 is a pool without a limit, for which no shard ever asks.
    void add_pool(PermitPool pool, std::uint64_t total, Wants wants = Wants::standing);
    bool has_pool(PermitPool pool) const { return place_of(pool) != nowhere; }
    std::uint64_t first_share(PermitPool pool) const { return at(pool).total / shard_count_; }

    // A reload changed the limit. A higher one serves who waits at once. Of a lower one, what lies
    // in reserve goes now, and what shards hold as it comes back: no total ever exceeds the larger
    // of both, and no more than the lower one is left in the end. Every shard must have heard of
    // the change before the next one. True where a limit is new: then first shares were dealt as by
    // add_pool, which shards have to be told.
    bool set_total(PermitPool pool, std::uint64_t total, base::Instant now);

    // A shard asks for `count` more.
    void want(std::size_t shard, PermitPool pool, std::uint64_t count, base::Instant now);
    // A shard gave back `count`, possibly 0: the answer to a recall, or of its own accord.
    void give_back(std::size_t shard, PermitPool pool, std::uint64_t count, base::Instant now);
    // A permit in use goes from shard to shard, together with the connection it stands for.
    void move_used(PermitPool pool, std::size_t from, std::size_t to);
    // A shard has ended and holds nothing: all its permits come back.
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

    // Every pool there is, in the order in which they were added.
    template <typename Visit>
    void for_each_pool(Visit visit) const {
        for (const Pool& pool : pools_) visit(pool.id);
    }
    std::uint64_t total(PermitPool pool) const { return at(pool).total; }
    std::uint64_t reserve(PermitPool pool) const { return at(pool).reserve; }
    // How many still have to come back before the total holds.
    std::uint64_t excess(PermitPool pool) const { return at(pool).excess; }
    std::uint64_t held(PermitPool pool, std::size_t shard) const {
        return at(pool).shards[shard].held;
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
        PermitPool id;
        std::uint64_t total = 0;
        std::uint64_t reserve = 0;
        std::uint64_t excess = 0;  // with shards beyond the total since it was lowered
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
    static constexpr std::uint32_t nowhere = UINT32_MAX;

    std::uint32_t place_of(PermitPool pool) const;
    const Pool& at(PermitPool pool) const;
    Pool& at(PermitPool pool);
    void deal_first_shares(Pool& pool);
    void take_in(Pool& pool, std::uint64_t count);
    void lower(Pool& pool, std::uint64_t by);
    void serve_waiting(Pool& pool, base::Instant now);
    void recall_next(Pool& pool, base::Instant now);
    bool worth_asking(const Pool& pool, std::size_t shard) const;
    void check_conserved(const Pool& pool) const;

    const std::size_t shard_count_;
    InUseHint in_use_hint_;
    std::vector<Pool> pools_;
    std::array<std::vector<std::uint32_t>, shard::permit_kind_count> places_;  // into pools_
    std::vector<PermitAction> actions_;
};

}  // namespace ringway::control
