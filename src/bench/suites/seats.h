// Who runs on which cores while a suite measures a proxy that it started itself.
//
// Decisions only; the processes are started elsewhere.
#pragma once

#include <vector>

namespace ringway::bench {

struct Seats {
    std::vector<int> proxy;      // one for each shard, as far as there are any
    std::vector<int> generator;  // empty: wherever the kernel puts it
    std::vector<int> origin;     // never one of the proxy's while there is another
    // No shard shares its core with the generator: only then does a rate say what shards can do.
    bool apart = false;
};

// Shards sit at the front, as `ringway serve --pin` puts them, the generator's threads at the back,
// the origin between them or, where nothing is left, beside the generator. When shards and
// generator exceed the cores, both of the latter sit anywhere.
Seats seats_for(const std::vector<int>& cores, unsigned shards, unsigned generator_threads);

// 1 to `shards_max` one by one; from 9 on in steps of two to the power of n, the last one always.
std::vector<unsigned> shard_counts(unsigned shards_max);

}  // namespace ringway::bench
