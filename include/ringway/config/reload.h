// What a reload may change, and where everything is afterwards.
#pragma once

#include "ringway/config/checked.h"
#include "ringway/config/settings.h"

namespace ringway::config {

// Gives every endpoint and route of fresh settings its slot, in order. Called once, at start.
void assign_slots(Settings& settings);

// The settings to run on after a reload: `fresh`, arranged so that what was there before keeps its
// index (upstreams) and slot (endpoints, routes), by name; what is gone stays as `retired`. Refused
// when something changed that is fixed while the process runs (listeners, shards, buffers,
// max-connections, the control socket, user, ...): the rule names all of them.
Checked<Settings> plan_reload(const Settings& running, Settings fresh);

}  // namespace ringway::config
