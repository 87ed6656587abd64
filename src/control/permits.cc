#include "permits.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::control {

PermitLedger::PermitLedger(std::size_t shards, InUseHint hint)
    : shard_count_(shards), in_use_hint_(std::move(hint)) {
    RW_ASSERT(shards > 0);
}

std::size_t PermitLedger::add_pool(std::uint64_t total, Wants wants) {
    Pool pool;
    pool.total = total;
    pool.wants = wants;
    pool.shards.resize(shard_count_);
    pool.waiting.reserve(shard_count_);
    const std::uint64_t share = total / shard_count_;
    for (ShardAccount& account : pool.shards) account.held = share;
    pool.reserve = total - share * shard_count_;
    check_conserved(pool);
    pools_.push_back(std::move(pool));
    return pools_.size() - 1;
}

std::uint64_t PermitLedger::first_share(std::size_t pool) const {
    return pools_[pool].total / shard_count_;
}

void PermitLedger::want(std::size_t shard, std::size_t pool_index, std::uint64_t count,
                        base::Instant now) {
    RW_ASSERT(pool_index < pools_.size());
    RW_ASSERT(shard < shard_count_);
    Pool& pool = pools_[pool_index];
    ShardAccount& account = pool.shards[shard];
    // A pool without a limit has no permits to wait for; an ended shard needs none.
    if (count == 0 || pool.total == 0 || account.gone) return;
    if (account.wanted == 0) pool.waiting.push_back(shard);
    // Nobody can use more than all of them, so a shard that keeps asking does not grow its claim.
    account.wanted = std::min(account.wanted + count, pool.total);
    serve_waiting(pool_index, now);
}

void PermitLedger::give_back(std::size_t shard, std::size_t pool_index, std::uint64_t count,
                             base::Instant now) {
    RW_ASSERT(pool_index < pools_.size());
    RW_ASSERT(shard < shard_count_);
    Pool& pool = pools_[pool_index];
    ShardAccount& account = pool.shards[shard];
    if (account.gone) return;  // everything came back when it ended
    RW_ASSERT(count <= account.held);
    account.held -= count;
    pool.reserve += count;
    if (pool.recalling && pool.recalled_shard == shard) {
        pool.recalling = false;
        const bool in_full = count >= pool.recalled_count;
        pool.step =
            in_full ? std::min(pool.step * 2, std::max<std::uint64_t>(1, pool.total / 4)) : 1;
    }
    check_conserved(pool);
    serve_waiting(pool_index, now);
}

void PermitLedger::move_used(std::size_t pool_index, std::size_t from, std::size_t to) {
    Pool& pool = pools_.at(pool_index);
    if (pool.total == 0 || from == to) return;
    RW_ASSERT(pool.shards.at(from).held > 0);
    RW_ASSERT(!pool.shards.at(to).gone);
    --pool.shards[from].held;
    ++pool.shards[to].held;
    check_conserved(pool);
}

void PermitLedger::shard_gone(std::size_t shard, base::Instant now) {
    RW_ASSERT(shard < shard_count_);
    for (std::size_t index = 0; index < pools_.size(); ++index) {
        Pool& pool = pools_[index];
        ShardAccount& account = pool.shards[shard];
        if (account.gone) continue;
        account.gone = true;
        account.wanted = 0;
        std::erase(pool.waiting, shard);
        pool.reserve += std::exchange(account.held, 0);
        if (pool.recalled_shard == shard) pool.recalling = false;
        check_conserved(pool);
        serve_waiting(index, now);
    }
}

void PermitLedger::tick(base::Instant now) {
    for (std::size_t index = 0; index < pools_.size(); ++index) {
        if (pools_[index].retry_at <= now) {
            pools_[index].retry_at = base::Instant::never();
            serve_waiting(index, now);
        }
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

void PermitLedger::serve_waiting(std::size_t pool_index, base::Instant now) {
    Pool& pool = pools_[pool_index];
    while (!pool.waiting.empty() && pool.reserve > 0) {
        const std::size_t shard = pool.waiting.front();
        ShardAccount& account = pool.shards[shard];
        // Never all of a large reserve: the next one shall not have to recall.
        const std::uint64_t part = std::max<std::uint64_t>(1, pool.reserve / shard_count_);
        const std::uint64_t count = std::min(account.wanted, part);
        account.wanted = pool.wants == Wants::standing ? account.wanted - count : 0;
        account.held += count;
        pool.reserve -= count;
        actions_.push_back({PermitAction::Kind::grant, shard, pool_index, count});
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
    if (!pool.recalling && pool.retry_at.is_never()) recall_next(pool_index, now);
}

bool PermitLedger::worth_asking(std::size_t pool_index, std::size_t shard) const {
    const Pool& pool = pools_[pool_index];
    const ShardAccount& account = pool.shards[shard];
    if (account.gone || account.held == 0) return false;
    if (!in_use_hint_ || pool.rounds % rounds_per_blind_recall == 0) return true;
    return in_use_hint_(shard, pool_index) < account.held;
}

// One shard after the other: asking all at once would strip every shard of its idle permits for the
// sake of one connection.
void PermitLedger::recall_next(std::size_t pool_index, base::Instant now) {
    Pool& pool = pools_[pool_index];
    if (pool.left_in_round == 0) pool.left_in_round = shard_count_;
    while (pool.left_in_round > 0) {
        const std::size_t shard = pool.next_shard;
        pool.next_shard = (pool.next_shard + 1) % shard_count_;
        --pool.left_in_round;
        if (!worth_asking(pool_index, shard)) continue;
        const std::uint64_t needed = pool.shards[pool.waiting.front()].wanted;
        pool.recalling = true;
        pool.recalled_shard = shard;
        // Half of what it holds at most: it may be about to need the rest.
        const std::uint64_t half = (pool.shards[shard].held + 1) / 2;
        pool.recalled_count = std::min({needed, pool.step, half});
        actions_.push_back({PermitAction::Kind::recall, shard, pool_index, pool.recalled_count});
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
    RW_ASSERT(held + pool.reserve == pool.total);
}

}  // namespace ringway::control
