#include "listing.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::control {

void Listing::begin(const std::vector<std::size_t>& asked, std::size_t rows_max,
                    base::Instant deadline) {
    RW_ASSERT(!running_);
    running_ = true;
    rows_max_ = rows_max;
    deadline_ = deadline;
    outcome_ = {};
    gave_up_on_.clear();
    for (const std::size_t shard : asked) answered_.at(shard) = false;
}

void Listing::take(std::size_t shard, shard::Connections&& answer) {
    if (late_.at(shard) > 0) {
        --late_[shard];
        return;
    }
    if (!running_ || answered_[shard]) return;
    answered_[shard] = true;
    outcome_.total += answer.total;
    std::move(answer.rows.begin(), answer.rows.end(), std::back_inserter(outcome_.rows));
}

void Listing::shard_gone(std::size_t shard) {
    answered_.at(shard) = true;
    late_[shard] = 0;
}

void Listing::give_up() {
    for (std::size_t shard = 0; shard < answered_.size(); ++shard) {
        if (answered_[shard]) continue;
        answered_[shard] = true;
        gave_up_on_.push_back(shard);
        ++late_[shard];
    }
}

bool Listing::complete() const {
    return running_ && std::find(answered_.begin(), answered_.end(), false) == answered_.end();
}

std::vector<std::size_t> Listing::missing() const {
    std::vector<std::size_t> shards;
    for (std::size_t shard = 0; shard < answered_.size(); ++shard) {
        if (!answered_[shard]) shards.push_back(shard);
    }
    return shards;
}

Listing::Outcome Listing::finish() {
    RW_ASSERT(complete());
    running_ = false;
    // The longest-lived first: they are what somebody looks for when not all are shown.
    std::sort(outcome_.rows.begin(), outcome_.rows.end(),
              [](const auto& a, const auto& b) { return a.age_ms > b.age_ms; });
    if (outcome_.rows.size() > rows_max_) outcome_.rows.resize(rows_max_);
    return std::exchange(outcome_, {});
}

}  // namespace ringway::control
