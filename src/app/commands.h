// The subcommands of the one binary. Each gets the words behind its name and gives the exit code.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ringway::app {

using Arguments = std::span<const std::string>;

int run_serve(Arguments arguments);
int run_demo(Arguments arguments);
int run_check(Arguments arguments);
int run_doctor(Arguments arguments);
int print_overview(Arguments arguments);
int print_version(Arguments arguments);
int print_versions(Arguments arguments);

// Finds the command that `arguments` begin with and runs it; flags alone mean serve.
int run(Arguments arguments);

}  // namespace ringway::app
