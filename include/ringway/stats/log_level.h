// How much a log line matters. The order is the order of config::LogLevel, so that one casts into
// the other; this layer may not include that one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringway::stats {

enum class LogLevel : std::uint8_t { error, warn, info, debug };

std::string_view name_of(LogLevel level);  // "error", "warn", "info", "debug"
std::optional<LogLevel> parse_log_level(std::string_view name);

}  // namespace ringway::stats
