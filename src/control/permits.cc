#include "permits.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::control {

PermitLedger::PermitLedger(std::size_t shards, InUseHint hint)
    : shard_count_(shards), in_use_hint_(std::move(hint)) {
    RW_ASSERT(shards > 0);
}

// ---- pools --------------------------------------------------------------------------------------

std::uint32_t PermitLedger::place_of(PermitPool pool) const {
    const auto& places = places_[static_cast<std::size_t>(pool.kind)];
    return pool.index < places.size() ? places[pool.index] : nowhere;
}

const PermitLedger::Pool& PermitLedger::at(PermitPool pool) const {
    const std::uint32_t place = place_of(pool);
    RW_ASSERT(place != nowhere);
    return pools_[place];
}

PermitLedger::Pool& PermitLedger::at(PermitPool pool) {
    return const_cast<Pool&>(std::as_const(*this).at(pool));
}

void PermitLedger::add_pool(PermitPool id, std::uint64_t total, Wants wants) {
    RW_ASSERT(!has_pool(id));
    auto& places = places_[static_cast<std::size_t>(id.kind)];
    if (places.size() <= id.index) places.resize(id.index + 1, nowhere);
    places[id.index] = static_cast<std::uint32_t>(pools_.size());
    Pool pool;
    pool.id = id;
    pool.total = total;
    pool.wants = wants;
    pool.shards.resize(shard_count_);
    if (!pools_.empty()) {
        // Who has ended has ended for the pools of a reload as well.
        for (std::size_t i = 0; i < shard_count_; ++i) {
            pool.shards[i].gone = pools_.front().shards[i].gone;
        }
    }
    pool.waiting.reserve(shard_count_);
    deal_first_shares(pool);
    pools_.push_back(std::move(pool));
}

void PermitLedger::deal_first_shares(Pool& pool) {
    const std::uint64_t share = pool.total / shard_count_;
    pool.reserve = pool.total;
    for (ShardAccount& account : pool.shards) {
        account.held = account.gone ? 0 : share;
        pool.reserve -= account.held;
    }
    check_conserved(pool);
}

bool PermitLedger::set_total(PermitPool id, std::uint64_t total, base::Instant now) {
    Pool& pool = at(id);
    const std::uint64_t before = std::exchange(pool.total, total);
    if (before == total) return false;
    if (before == 0 || total == 0) {
        // With or without a limit: nothing that was held or wanted has a meaning any more.
        for (ShardAccount& account : pool.shards) {
            account.held = 0;
            account.wanted = 0;
        }
        pool.reserve = 0;
        pool.excess = 0;
        pool.waiting.clear();
        pool.recalling = false;
        pool.left_in_round = 0;
        pool.retry_at = base::Instant::never();
        deal_first_shares(pool);
        return total != 0;
    }
    if (total > before) {
        // What was to be taken away stays; only the rest is new.
        const std::uint64_t raised = total - before;
        const std::uint64_t stays = std::min(raised, pool.excess);
        pool.excess -= stays;
        pool.reserve += raised - stays;
    } else {
        lower(pool, before - total);
    }
    serve_waiting(pool, now);
    return false;
}

// Every shard is asked for all that is too much: the first that has it idle gives it, and whoever
// has it in use gives it back when it is free. What comes beyond that serves who needs it.
void PermitLedger::lower(Pool& pool, std::uint64_t by) {
    const std::uint64_t from_reserve = std::min(pool.reserve, by);
    pool.reserve -= from_reserve;
    pool.excess += by - from_reserve;
    if (pool.excess == 0) return;
    for (std::size_t shard = 0; shard < shard_count_; ++shard) {
        const std::uint64_t count = std::min(pool.shards[shard].held, pool.excess);
        if (count == 0) continue;
        actions_.push_back({PermitAction::Kind::recall, shard, pool.id, count});
    }
}

// ---- what shards say ----------------------------------------------------------------------------

void PermitLedger::want(std::size_t shard, PermitPool id, std::uint64_t count, base::Instant now) {
    RW_ASSERT(shard < shard_count_);
    Pool& pool = at(id);
    ShardAccount& account = pool.shards[shard];
    // A pool without a limit has no permits to wait for; an ended shard needs none.
    if (count == 0 || pool.total == 0 || account.gone) return;
    if (account.wanted == 0) pool.waiting.push_back(shard);
    // Nobody can use more than all of them, so a shard that keeps asking does not grow its claim.
    account.wanted = std::min(account.wanted + count, pool.total);
    serve_waiting(pool, now);
}

void PermitLedger::give_back(std::size_t shard, PermitPool id, std::uint64_t count,
                             base::Instant now) {
    RW_ASSERT(shard < shard_count_);
    Pool& pool = at(id);
    ShardAccount& account = pool.shards[shard];
    // Everything came back when the shard ended, or lost its meaning when the limit was lifted.
    if (account.gone || pool.total == 0) return;
    RW_ASSERT(count <= account.held);
    account.held -= count;
    take_in(pool, count);
    if (pool.recalling && pool.recalled_shard == shard) {
        pool.recalling = false;
        const bool in_full = count >= pool.recalled_count;
        pool.step =
            in_full ? std::min(pool.step * 2, std::max<std::uint64_t>(1, pool.total / 4)) : 1;
    }
    check_conserved(pool);
    serve_waiting(pool, now);
}

// What is beyond the total ends here; the rest goes into the reserve.
void PermitLedger::take_in(Pool& pool, std::uint64_t count) {
    const std::uint64_t ends = std::min(pool.excess, count);
    pool.excess -= ends;
    pool.reserve += count - ends;
}

void PermitLedger::move_used(PermitPool id, std::size_t from, std::size_t to) {
    Pool& pool = at(id);
    if (pool.total == 0 || from == to) return;
    RW_ASSERT(pool.shards.at(from).held > 0);
    RW_ASSERT(!pool.shards.at(to).gone);
    --pool.shards[from].held;
    ++pool.shards[to].held;
    check_conserved(pool);
}

void PermitLedger::shard_gone(std::size_t shard, base::Instant now) {
    RW_ASSERT(shard < shard_count_);
    for (Pool& pool : pools_) {
        ShardAccount& account = pool.shards[shard];
        if (account.gone) continue;
        account.gone = true;
        account.wanted = 0;
        std::erase(pool.waiting, shard);
        take_in(pool, std::exchange(account.held, 0));
        if (pool.recalled_shard == shard) pool.recalling = false;
        check_conserved(pool);
        serve_waiting(pool, now);
    }
}

// ---- who waits ----------------------------------------------------------------------------------

void PermitLedger::tick(base::Instant now) {
    for (Pool& pool : pools_) {
        if (pool.retry_at > now) continue;
        pool.retry_at = base::Instant::never();
        serve_waiting(pool, now);
    }
}

base::Instant PermitLedger::next_due() const {
    base::Instant due = base::Instant::never();
    for (const Pool& pool : pools_) due = std::min(due, pool.retry_at);
    return due;
}

bool PermitLedger::anybody_waits() const {
    return std::any_of(pools_.begin(), pools_.end(),
                       [](const Pool& pool) { return !pool.waiting.empty(); });
}

void PermitLedger::serve_waiting(Pool& pool, base::Instant now) {
    while (!pool.waiting.empty() && pool.reserve > 0) {
        const std::size_t shard = pool.waiting.front();
        ShardAccount& account = pool.shards[shard];
        // Never all of a large reserve: the next one shall not have to recall.
        const std::uint64_t part = std::max<std::uint64_t>(1, pool.reserve / shard_count_);
        const std::uint64_t count = std::min(account.wanted, part);
        account.wanted = pool.wants == Wants::standing ? account.wanted - count : 0;
        account.held += count;
        pool.reserve -= count;
        actions_.push_back({PermitAction::Kind::grant, shard, pool.id, count});
        // Whoever got only a part waits again behind the others.
        pool.waiting.erase(pool.waiting.begin());
        if (account.wanted > 0) pool.waiting.push_back(shard);
    }
    check_conserved(pool);
    if (pool.waiting.empty()) {
        pool.retry_at = base::Instant::never();
        pool.left_in_round = 0;
        pool.rounds = 0;
        return;
    }
    if (!pool.recalling && pool.retry_at.is_never()) recall_next(pool, now);
}

bool PermitLedger::worth_asking(const Pool& pool, std::size_t shard) const {
    const ShardAccount& account = pool.shards[shard];
    if (account.gone || account.held == 0) return false;
    if (!in_use_hint_ || pool.rounds % rounds_per_blind_recall == 0) return true;
    return in_use_hint_(shard, pool.id) < account.held;
}

// One shard after the other: asking all at once would strip every shard of its idle permits for the
// sake of one connection.
void PermitLedger::recall_next(Pool& pool, base::Instant now) {
    if (pool.left_in_round == 0) pool.left_in_round = shard_count_;
    while (pool.left_in_round > 0) {
        const std::size_t shard = pool.next_shard;
        pool.next_shard = (pool.next_shard + 1) % shard_count_;
        --pool.left_in_round;
        // Those that wait are asked as well: what they free goes round, and a wish that stands
        // though the shard has helped itself meanwhile ends this way.
        if (!worth_asking(pool, shard)) continue;
        const std::uint64_t needed = pool.shards[pool.waiting.front()].wanted;
        pool.recalling = true;
        pool.recalled_shard = shard;
        // Half of what it holds at most: it may be about to need the rest.
        const std::uint64_t half = (pool.shards[shard].held + 1) / 2;
        pool.recalled_count = std::min({needed, pool.step, half});
        actions_.push_back({PermitAction::Kind::recall, shard, pool.id, pool.recalled_count});
        // The end of a round is followed by a pause, whatever this last answer brings.
        if (pool.left_in_round == 0) {
            ++pool.rounds;
            pool.retry_at = now + retry_interval;
        }
        return;
    }
    ++pool.rounds;
    pool.step = 1;
    pool.retry_at = now + retry_interval;
}

void PermitLedger::check_conserved(const Pool& pool) const {
    std::uint64_t held = 0;
    for (const ShardAccount& account : pool.shards) held += account.held;
    RW_ASSERT(held + pool.reserve == pool.total + pool.excess);
    RW_ASSERT(pool.excess == 0 || pool.reserve == 0);
}

}  // namespace ringway::control
