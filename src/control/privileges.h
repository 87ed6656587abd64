// Limits and identity of the process, changed once at start.
#pragma once

#include <cstdint>
#include <string>

namespace ringway::control {

// Raises the soft limit of open files to the hard one; returns what holds now.
std::uint64_t raise_descriptor_limit();

struct Identity {
    unsigned user = 0;
    unsigned group = 0;
    std::string name;
    std::string error;  // one sentence when the user cannot be had
};

// Looks the user up, and says so when this process may not become it.
Identity identity_named(const std::string& name);

// Hands a file over, as far as that works: whoever may not do it may not need it either.
void give_file(const std::string& path, const Identity& identity);

// Becomes that user, with its groups and without a way back. Every thread changes. Returns one
// sentence on failure.
std::string become(const Identity& identity);

}  // namespace ringway::control
