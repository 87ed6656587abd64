// What `ringway doctor` looks at beside the kernel's ring (ring/probe.h), as lines of its kind.
#pragma once

#include <string>
#include <vector>

#include "ringway/config/machine.h"
#include "ringway/ring/probe.h"

namespace ringway::app {

std::vector<ring::ProbeLine> examine_cores(const config::Machine& machine);
std::vector<ring::ProbeLine> examine_limits(const config::Machine& machine);
std::vector<ring::ProbeLine> examine_network();
std::vector<ring::ProbeLine> examine_confinement();
ring::ProbeLine examine_control_directory(const config::Machine& machine);

}  // namespace ringway::app
