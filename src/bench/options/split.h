// The words of a command line, sorted: flags with their values, other words, and what follows `--`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "flag_table.h"

namespace ringway::bench {

struct SplitLine {
    std::vector<GivenFlag> flags;
    std::vector<std::string> words;
    std::vector<std::string> behind;  // the `--`
    bool help_asked = false;
};

// Refused with the whole line for people: unknown flags, missing values, a flag given twice.
config::Checked<SplitLine, std::string> split_line(std::span<const std::string> arguments);

}  // namespace ringway::bench
