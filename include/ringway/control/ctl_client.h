// `ringway ctl`: sends one command to a running ringway and prints its answer.
#pragma once

#include <span>
#include <string>

namespace ringway::control {

// `arguments` are those behind "ctl": [--control PATH] COMMAND... Returns the exit code: 0; 1 when
// nobody answers or the answer is an error; 2 when the arguments are wrong.
int run_ctl(std::span<const std::string> arguments);

// The exchange alone, for other programs of ours. False: nobody answered, and `reply` says why.
bool ask_control_socket(const std::string& path, const std::string& command, std::string& reply);

}  // namespace ringway::control
