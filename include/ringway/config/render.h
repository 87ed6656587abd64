// Settings and flags as text: the effective settings, --help, and the reference in docs/.
#pragma once

#include <string>
#include <string_view>

#include "ringway/config/settings.h"

namespace ringway::config {

// TOML that gives the same settings when read with --config: what `ringway check` prints and the
// control socket serves.
std::string render_settings(const Settings& settings);

// `ringway COMMAND --help`.
std::string help_text(std::string_view command);

// The part of docs/OPERATIONS.md that is generated, between its two markers.
std::string markdown_reference();

}  // namespace ringway::config
