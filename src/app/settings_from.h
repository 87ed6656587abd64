// The first lines of every command that takes the server's flags.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "ringway/config/settings.h"
#include "ringway/control/serve.h"

namespace ringway::app {

struct Loaded {
    config::Settings settings;
    std::vector<std::string> warnings;
    // The same flags and the same environment, and the file as it is then.
    std::function<control::Reread()> reread;
};

// Parses the flags, the environment and the file, and asks the machine whether it can do what they
// name. Prints help or the one line of a refusal itself; then `exit_code` is set and nothing comes
// back. `built_in` is TOML of lowest precedence.
std::optional<Loaded> load_settings(Arguments arguments, std::string_view command, int& exit_code,
                                    std::string built_in = {});

// Empty, or one line: a user or a congestion control that this machine does not have.
std::string refused_by_machine(const config::Settings& settings);

}  // namespace ringway::app
