// CPU and memory of a watched process, of this one, and of the cores: /proc read once a second.
//
// Used by the run's own thread, never by a worker. Reads nothing that costs the watched process
// time it would notice (smaps_rollup takes its memory lock: once a second, no more).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ringway/bench/plan.h"
#include "ringway/bench/result.h"

namespace ringway::bench {

class Watch {
  public:
    // `watched_pid` 0: nobody. `own_cores`: those on which the workers run, empty when not pinned.
    // The thread that calls is taken to be no worker.
    Watch(int watched_pid, std::vector<int> own_cores);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    void begin();  // the measured window begins
    // One cell's worth since begin() or the last call. `foreign_share` is what the workers waited
    // for a core while they were ready to run, without what waking up takes by itself, and what the
    // hypervisor took from `own_cores`: it hurts whatever was running, and what ran while the
    // workers slept did not.
    void tick(TimelineCell& cell);
    // Fills own, watched, cores and the busiest threads; warns when the watched process is not
    // there, went away, or hides its memory.
    void end(RunResult& result);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// What the generator itself did wrong, in words, from a finished result: saturated (its busiest
// thread above 95 % of a core while the target was not limited by its own), behind its schedule
// (lateness, requests overdue), disturbed by others on its cores. Appends to result.warnings.
void judge_generator(const RunPlan& plan, RunResult& result);

}  // namespace ringway::bench
