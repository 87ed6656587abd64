// A URL of the command line: where to connect, and what to ask for there.
//
// Resolves names, so that no run ever waits for a resolver. Used before runs alone, by the command
// line and by suites that measure a second place (--versus-direct).
#pragma once

#include <string>
#include <string_view>

#include "ringway/bench/plan.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct Place {
    Destination destination;
    std::string target;  // origin-form with its query, "/" where none is written; HTTP alone
};

// http://HOST[:PORT][/PATH][?QUERY], tcp://HOST:PORT, http+unix:/SOCKET[:/PATH][?QUERY] (the colon
// ends the socket's path), tcp+unix:/SOCKET. Of a name with several addresses the first that
// accepts a connection is taken, the first of all when none does.
config::Checked<Place> find_place(std::string_view url);

// An origin-form target: visible ASCII without '#', blanks only within {{placeholders}}.
config::Complaint check_target(std::string_view target);

}  // namespace ringway::bench
