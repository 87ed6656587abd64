// Files that the command line names, read whole.
#pragma once

#include <string>

#include "ringway/config/checked.h"

namespace ringway::bench {

// Refused when it cannot be read, is no file of bytes, or is longer than `bytes_max`.
config::Checked<std::string> read_input(const std::string& file, std::size_t bytes_max);

}  // namespace ringway::bench
