// What the machine gives this process: cores, descriptors, identity, directories.
//
// Read once, before anything starts; everything that derives from it takes it as a value, so that
// tests can describe any machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringway::config {

struct Machine {
    std::vector<int> cpus;               // that this process may run on
    std::uint64_t descriptors_soft = 0;  // RLIMIT_NOFILE
    std::uint64_t descriptors_hard = 0;
    std::uint32_t user_id = 0;           // effective
    std::string runtime_directory;       // $RUNTIME_DIRECTORY, as systemd sets it
    std::string user_runtime_directory;  // $XDG_RUNTIME_DIR

    static Machine read();
};

}  // namespace ringway::config
