// What a reload may change, and where everything is afterwards.
#pragma once

#include "ringway/config/checked.h"
#include "ringway/config/settings.h"

namespace ringway::config {

// Gives every endpoint and route of fresh settings its slot, in order. Called once, at start.
void assign_slots(Settings& settings);

// The settings to run on after a reload: `fresh`, as parse_settings gives them, arranged so that
// what was there before keeps its index (listeners, upstreams) and slot (endpoints, routes), by
// name; what is gone stays as `retired` and finds its place again when it returns. The live
// endpoints of an upstream come first, and the live routes as they were given. What was derived
// from the machine stays as it is.
//
// Refused when something changed that is fixed while the process runs (options with `fixed`,
// listeners but for who may connect, an upstream's protocol): the rule names all of it.
Checked<Settings> plan_reload(const Settings& running, Settings fresh);

}  // namespace ringway::config
