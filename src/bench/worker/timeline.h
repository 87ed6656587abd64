// The measured window, second by second, from what the workers count.
//
// Used by the run's thread alone. Reads the workers' tallies as they are and takes differences:
// a cell ends when it is read, and says how long it was.
#pragma once

#include <vector>

#include "ringway/bench/result.h"
#include "ringway/stats/histogram.h"
#include "tally.h"

namespace ringway::bench {

class Timeline {
  public:
    explicit Timeline(std::vector<const Tally*> tallies) : tallies_(std::move(tallies)) {}

    // The counts since the last call (or the beginning) become those of `cell`.
    void fill(TimelineCell& cell);

  private:
    struct Reading {
        std::uint64_t answered = 0;
        std::uint64_t errors = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        stats::HistogramReading latency;
        stats::HistogramReading lateness;
    };
    Reading read() const;

    std::vector<const Tally*> tallies_;
    Reading last_;
};

}  // namespace ringway::bench
