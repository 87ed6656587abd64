#include "reload_progress.h"

#include <algorithm>

#include "ringway/base/assert.h"

namespace ringway::control {

void ReloadProgress::begin(std::uint64_t generation, const std::vector<std::size_t>& asked,
                           base::Instant now, base::Instant patience_until) {
    RW_ASSERT(!running_);
    running_ = true;
    generation_ = generation;
    began_ = now;
    patience_until_ = patience_until;
    std::fill(missing_.begin(), missing_.end(), false);
    for (const std::size_t shard : asked) missing_.at(shard) = true;
}

void ReloadProgress::taken(std::size_t shard, std::uint64_t generation) {
    if (generation == generation_) missing_.at(shard) = false;
}

bool ReloadProgress::complete() const {
    return running_ && std::none_of(missing_.begin(), missing_.end(), [](bool is) { return is; });
}

std::vector<std::size_t> ReloadProgress::missing() const {
    std::vector<std::size_t> shards;
    for (std::size_t shard = 0; shard < missing_.size(); ++shard) {
        if (missing_[shard]) shards.push_back(shard);
    }
    return shards;
}

}  // namespace ringway::control
