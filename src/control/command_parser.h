// The words of the control socket: one line in, one request or one sentence of refusal out.
//
// Pure. Whatever bytes arrive, the answer is a request or a reason; nothing a client sends is
// trusted, asserted on, or echoed back unescaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "ringway/config/settings.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::control {

inline constexpr std::size_t command_bytes_max = 4096;
inline constexpr std::size_t connection_rows_default = 100;
inline constexpr std::size_t connection_rows_max = 100'000;

enum class Verb : std::uint8_t {
    info,
    stats,
    connections,
    upstreams,
    settings,
    set_endpoint,
    set_log_level,
    reset_peaks,
    drain,
    reload,
    help,
    quit,
};

struct Request {
    Verb verb = Verb::help;
    bool json = false;
    bool per_shard = false;
    std::size_t rows_max = connection_rows_default;
    std::string target;  // set upstream: NAME or NAME/ENDPOINT
    upstream::AdminState state = upstream::AdminState::ready;
    config::LogLevel level = config::LogLevel::info;
};

struct Refusal {
    std::string sentence;  // without "error: "
};

std::variant<Request, Refusal> parse_command(std::string_view line);

// What `help` answers: one line per command.
std::string_view help_text();

std::string_view name_of(upstream::AdminState state);
std::string_view name_of(config::LogLevel level);

// What a client sent, fit to be shown: control bytes and bytes beyond ASCII as '?', cut when long.
std::string shown(std::string_view text);

}  // namespace ringway::control
