// Settings and flags as text: the effective settings, --help, and the reference in docs/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ringway/config/settings.h"

namespace ringway::config {

// TOML that gives the same settings when read with --config: what `ringway check` prints and the
// control socket serves.
std::string render_settings(const Settings& settings);

// `text` in lines of at most `width` characters, each after `indent` blanks.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

// `ringway COMMAND --help`.
std::string help_text(std::string_view command);

// The part of docs/OPERATIONS.md that is generated, between its two markers.
std::string markdown_reference();

}  // namespace ringway::config
