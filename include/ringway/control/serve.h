// The server from valid settings to its exit code.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ringway/config/settings.h"
#include "ringway/stats/snapshot.h"

namespace ringway::control {

// What flags, environment and file say now.
struct Reread {
    config::Settings settings;
    std::vector<std::string> warnings;
    std::string refusal;  // one line; not empty: nothing else counts
};

struct ServeOptions {
    // For the log, once it is open: what parsing the settings found odd.
    std::vector<std::string> warnings{};
    // Called once, when every shard accepts: the listeners with the ports they were given.
    std::function<void(std::span<const stats::ListenerRow>)> on_ready{};
    // Reads the settings once more, for a reload. Empty: reloads are refused.
    std::function<Reread()> reread{};
};

// Runs until drained (0), until the machine refuses something (1, after one line on standard error)
// or until a second signal (1). `settings` are derived and valid. Takes over the process: signals,
// limits, identity. Threads that the caller started before must have the signals blocked.
int serve(const config::Settings& settings, const ServeOptions& options = {});

// Blocks the signals that serve() reads; for callers that start threads before it.
void block_signals();

}  // namespace ringway::control
