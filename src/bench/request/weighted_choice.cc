#include "weighted_choice.h"

#include <algorithm>
#include <cmath>

namespace ringway::bench {

WeightedChoice::WeightedChoice(std::span<const double> weights) : columns_(weights.size()) {
    std::vector<double> share(weights.begin(), weights.end());
    double sum = 0;
    for (double& weight : share) {
        weight = std::isfinite(weight) ? std::max(weight, 0.0) : 0.0;
        sum += weight;
    }
    const auto count = static_cast<double>(share.size());
    if (!(sum > 0)) {
        std::fill(share.begin(), share.end(), 1.0);
        sum = count;
    }
    // Shares of a column each: those that fill less than one are topped up by one that has more.
    std::vector<std::uint32_t> small, large;
    for (std::uint32_t i = 0; i < share.size(); ++i) {
        share[i] = share[i] / sum * count;
        columns_[i].other = i;
        (share[i] < 1 ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
        const std::uint32_t little = small.back(), much = large.back();
        small.pop_back();
        columns_[little].threshold = static_cast<std::uint64_t>(std::ldexp(share[little], 64));
        columns_[little].other = much;
        share[much] -= 1 - share[little];
        if (share[much] >= 1) continue;
        large.pop_back();
        small.push_back(much);
    }
    // What is left over is a full column but for rounding; `other` is itself.
}

}  // namespace ringway::bench
