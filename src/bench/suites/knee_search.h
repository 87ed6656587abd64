// Which level of load is the knee, and which levels are worth a look beside it.
//
// The score of a level is Kleinrock's power: rate over mean latency, as shares of the best level's,
// so that 1 is the best. In a closed loop it is highest where the servers are just busy; in an open
// loop where one more request costs as much, in share, as it brings. Plain functions on summaries.
#pragma once

#include <optional>
#include <vector>

#include "levels.h"

namespace ringway::bench {

struct KneeChoice {
    std::vector<double> scores;  // of each level, 0..1; 0 for levels that are not usable
    std::size_t index = 0;       // of the knee
    double margin = 0;           // how much below the best a score still counts as a tie
};

// The lowest usable level whose score is within the margin of the best one: 3 %, or half the best
// level's spread over rounds where that is more, never above 10 %. Nothing when no level is usable.
std::optional<KneeChoice> choose_knee(const std::vector<LevelSummary>& levels);

// Levels between the knee and its neighbours that have not been measured: geometric means, whole
// numbers, none where the neighbour is at most 10 % away.
std::vector<double> levels_to_refine(const std::vector<LevelSummary>& levels, std::size_t knee);

}  // namespace ringway::bench
