// From a command line, an environment and a file to Settings: the one entrance of this layer.
//
// A flag goes before the environment, the environment before the file, the file before the default.
// Throws nothing, prints nothing, exits nowhere: the caller does what the outcome says.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/machine.h"
#include "ringway/config/settings.h"

namespace ringway::config {

inline constexpr int exit_machine_refused = 1;
inline constexpr int exit_wrong_settings = 2;

struct ParseOutcome {
    enum class Kind : std::uint8_t {
        settings,  // `settings` are valid and complete; `warnings` are for the log
        help,      // --help: `text` is for standard output, exit 0
        failed,    // `text` is one line for standard error, exit `exit_code`
    };
    Kind kind = Kind::failed;
    Settings settings;
    std::vector<std::string> warnings;
    std::string text;
    int exit_code = 0;
};

struct ParseInput {
    std::vector<std::string> arguments;    // without the program and the subcommand
    std::vector<std::string> environment;  // "NAME=value", as in environ
    Machine machine;
    std::string command = "serve";  // whose --help it is
    // Settings that hold where nobody says otherwise, as if written in a file of lowest precedence
    // (TOML). `ringway demo` brings its listeners this way.
    std::string built_in{};
};

ParseOutcome parse_settings(const ParseInput& input);

std::vector<std::string> environment_of(char** environ_block);

}  // namespace ringway::config
