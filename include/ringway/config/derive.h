// Fills in what a user left to ringway: shards, pinning, connections, the control socket's path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ringway/config/machine.h"
#include "ringway/config/settings.h"

namespace ringway::config {

// Descriptors that the process needs beside its connections.
std::uint64_t descriptors_beside_connections(const Settings& settings);
// Descriptors for all of it; the coordinator raises the soft limit to this or the hard limit.
std::uint64_t descriptors_needed(const Settings& settings);

// $RUNTIME_DIRECTORY, else /run/ringway for root, else $XDG_RUNTIME_DIR/ringway, else
// /tmp/ringway-UID; and ringway.sock in it. Nothing is created here.
std::string default_control_path(const Machine& machine);

struct Derived {
    Settings settings;                  // shards, pin, connections_max and control_path are set
    std::vector<std::string> warnings;  // things that will work, but hardly as meant
    std::string refusal;                // not empty: this machine cannot run these settings
};
Derived derive(Settings settings, const Machine& machine);

}  // namespace ringway::config
