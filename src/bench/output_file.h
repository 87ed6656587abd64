// Files that a report is written to: complete or not at all.
#pragma once

#include <string>
#include <string_view>

namespace ringway::bench {

// Why FILE could not be written later on, or nothing; asked before a long measurement begins.
// "-" is standard output.
std::string problem_of_output(const std::string& file);

// Written beside its place and then moved there, so that a reader never sees half of it; what is
// no regular file (a pipe, /dev/null) is written to directly. Gives the reason when it failed.
std::string write_output(const std::string& file, std::string_view text);

}  // namespace ringway::bench
