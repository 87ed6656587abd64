// The `ringway mock` subcommand.
#pragma once

#include <span>
#include <string>

namespace ringway::mock {

// Runs origins until TERM or INT arrives; `arguments` are what follows the word "mock".
// Returns the exit code: 0 stopped, 1 the machine refused, 2 the arguments are wrong.
// Must be called before the process has other threads: it blocks the signals it waits for.
int run(std::span<const std::string> arguments);

}  // namespace ringway::mock
