// The command line, split and sorted by flag.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "layer.h"

namespace ringway::config {

struct CommandLine {
    Layer layer;
    std::optional<Raw> config_path;
    bool help_asked = false;
};

Checked<CommandLine, Problem> read_command_line(std::span<const std::string> arguments);

}  // namespace ringway::config
