// Chooses among things by their weights in constant time (the alias method of Walker and Vose).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ringway/base/random.h"

namespace ringway::bench {

class WeightedChoice {
  public:
    // Weights of 0 and less are never chosen; when none is positive, all are equal. At least one.
    explicit WeightedChoice(std::span<const double> weights);

    std::uint32_t choose(base::Random& random) const {
        const auto column = static_cast<std::uint32_t>(random.below(columns_.size()));
        const Column& here = columns_[column];
        return random.next() < here.threshold ? column : here.other;
    }

  private:
    struct Column {
        std::uint64_t threshold = ~std::uint64_t{0};  // below it: the column's own
        std::uint32_t other = 0;
    };
    std::vector<Column> columns_;
};

}  // namespace ringway::bench
