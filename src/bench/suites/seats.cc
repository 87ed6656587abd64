#include "seats.h"

#include <algorithm>
#include <cstddef>

namespace ringway::bench {

Seats seats_for(const std::vector<int>& cores, unsigned shards, unsigned generator_threads) {
    Seats seats;
    const std::size_t taken = std::min<std::size_t>(shards, cores.size());
    const auto first_free = cores.begin() + static_cast<std::ptrdiff_t>(taken);
    seats.proxy.assign(cores.begin(), first_free);
    seats.apart = std::size_t{shards} + generator_threads <= cores.size();
    if (!seats.apart) return seats;
    const auto first_of_generator = cores.end() - static_cast<std::ptrdiff_t>(generator_threads);
    seats.generator.assign(first_of_generator, cores.end());
    seats.origin.assign(first_free, first_of_generator);
    if (seats.origin.empty()) seats.origin = seats.generator;
    return seats;
}

std::vector<unsigned> shard_counts(unsigned shards_max) {
    constexpr unsigned one_by_one_max = 8;
    std::vector<unsigned> counts;
    for (unsigned count = 1; count < shards_max;
         count = shards_max <= one_by_one_max ? count + 1 : count * 2) {
        counts.push_back(count);
    }
    counts.push_back(std::max(shards_max, 1u));
    return counts;
}

}  // namespace ringway::bench
