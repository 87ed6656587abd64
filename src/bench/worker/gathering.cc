#include "gathering.h"

#include <algorithm>

namespace ringway::bench {

namespace {

// No wait for several may be expected to last longer than this.
constexpr double span_max_ns = 250e3;
constexpr double count_max = 64;
// Pairs of periods are compared one by one, and the median pair decides: on a machine that others
// use a single period may be worth nothing. Waiting for twice as many is kept only when it is as
// good, and given up as soon as half as many is better: what is measured goes before what it costs.
constexpr double as_good = 0.99;
constexpr double better = 1.01;

}  // namespace

unsigned Gathering::next(base::Duration passed, std::uint64_t answered, std::size_t under_way) {
    const double rate =
        passed.ns > 0 ? static_cast<double>(answered) / static_cast<double>(passed.ns) : 0;
    // Three quarters of the connections are always left waiting at the target.
    most_ = static_cast<unsigned>(std::clamp(
        std::min(static_cast<double>(under_way) / 4, rate * span_max_ns), 1.0, count_max));
    if (settled_ > most_) {
        // Answers come less densely than they did: what was learned is out of date.
        settled_ = most_;
        begin_trial(true);
        return settled_;
    }
    if (!trial_runs_) {
        settled_rate_ = rate;
    } else {
        if (rate >= settled_rate_ * (tries_more_ ? as_good : better)) ++wins_;
        if (++pairs_ == pairs_per_trial) decide();
    }
    trial_runs_ = !trial_runs_;
    return trial_runs_ ? tried() : settled_;
}

unsigned Gathering::tried() const {
    return tries_more_ ? std::min(settled_ * 2, most_) : std::max(1u, settled_ / 2);
}

void Gathering::decide() {
    const bool keeps = wins_ > pairs_per_trial / 2;
    const bool changes = keeps && tried() != settled_;
    if (changes) settled_ = tried();
    const bool more = changes == tries_more_;  // on in the same direction, or back
    begin_trial(more);
    trial_runs_ = true;  // next() turns it over
}

void Gathering::begin_trial(bool more) {
    tries_more_ = more;
    trial_runs_ = false;
    pairs_ = wins_ = 0;
}

}  // namespace ringway::bench
