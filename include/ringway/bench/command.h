// The `ringway bench` subcommand.
#pragma once

#include <span>
#include <string>

namespace ringway::bench {

// Exit codes: 0 done, 1 the machine or the target refused, 2 the arguments are wrong, 3 an SLO was
// breached or a comparison found a regression, 4 done, but with errors in the answers or without
// any.
int run_command(std::span<const std::string> arguments);

// Every flag, for the reference (docs/BENCH.md).
std::string markdown_reference();

}  // namespace ringway::bench
