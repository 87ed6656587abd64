// Opening the control socket: a Unix listener that replaces a dead one and never a living one.
#pragma once

#include <string>

namespace ringway::control {

struct ControlListener {
    int fd = -1;
    std::string error;  // one sentence when fd is -1
};

// Creates the directory when it is missing and binds with mode 0660. A socket file on which nobody
// answers is replaced; one that answers, or a file of another kind, is left alone and refused.
ControlListener open_control_listener(const std::string& path);

// Removes the file that open_control_listener() made.
void remove_control_file(const std::string& path);

}  // namespace ringway::control
