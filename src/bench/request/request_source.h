// The requests of one thread, as bytes, in the order in which they are to be sent.
//
// Owned by one worker and used by its thread alone. A request without placeholders is made once and
// handed out again and again; one with placeholders is written into the caller's buffer. Chooses
// among kinds by weight (deterministic from the seed), or follows a replayed log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/bench/plan.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct OutgoingRequest {
    std::string_view bytes;  // head and body; stays until the next call with the same buffer
    std::uint32_t kind = 0;  // index into RunPlan::kinds (0 for a replay)
    bool is_head = false;    // HEAD: the response has no body
    // Replay with keep_times: when to begin it, after the run's start.
    base::Duration offset{};
};

class RequestSource {
  public:
    // `thread` of `threads`: ids that placeholders make are unique over all threads of a run; a
    // replayed log is dealt out in turns.
    RequestSource(const RunPlan& plan, unsigned thread, unsigned threads);
    ~RequestSource();
    RequestSource(const RequestSource&) = delete;
    RequestSource& operator=(const RequestSource&) = delete;

    // `buffer` belongs to the connection that will send; grows once, then stays.
    OutgoingRequest next(std::string& buffer, std::uint32_t connection);
    // All requests are the same bytes: the caller may keep what next() gave.
    bool is_constant() const;
    // A log that is not repeated has been used up.
    bool is_exhausted() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Names the first placeholder that is none, or whose argument is wrong; for the command line.
config::Complaint check_templates(const RequestKind& kind);

}  // namespace ringway::bench
