// Listening sockets that a service manager opened for us (sd_listen_fds(3)).
//
// Reading the environment is pure; take_inherited_sockets() is the part that touches descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/settings.h"

namespace ringway::control {

struct InheritedSocket {
    int fd = -1;
    std::string name;     // from $LISTEN_FDNAMES, empty when it gives none
    std::string address;  // as Target::to_string() writes it, empty when it cannot be told
};

// What the three variables say; empty unless $LISTEN_PID is ours.
std::vector<InheritedSocket> parse_listen_variables(const char* pid, const char* fds,
                                                    const char* names, std::int64_t own_pid);

// Index into `sockets` for each listener, or -1: by name first, then by address. Each socket serves
// at most one listener.
std::vector<int> match_inherited(const std::vector<InheritedSocket>& sockets,
                                 const std::vector<config::Listener>& listeners);

// Reads the environment (and clears it, so that no child believes it), sets close-on-exec and finds
// the addresses. Sockets that do not listen are closed and named in `complaints`.
std::vector<InheritedSocket> take_inherited_sockets(std::vector<std::string>& complaints);

}  // namespace ringway::control
