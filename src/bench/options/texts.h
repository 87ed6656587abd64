// Values of flags that are lists of parts: levels, matrices, cores, status codes, shares.
//
// Each says what is wrong in the words of the rule; nothing is guessed and nothing is rounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "../options.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

inline constexpr std::uint64_t connections_max = std::uint64_t{1} << 20;
inline constexpr std::uint64_t rate_max = 100'000'000;  // per second
inline constexpr std::size_t levels_max = 64;

// A decimal number without sign and exponent.
std::optional<double> parse_decimal(std::string_view text);

// "0.1%", "5%": a share of one, 0.001 and 0.05.
std::optional<double> parse_share(std::string_view text);

inline constexpr std::string_view levels_rule =
    "connections=N,N,... or rate=N,N,..., at most 64 whole numbers, each larger than the one "
    "before";
config::Checked<Levels> parse_levels(std::string_view text);

inline constexpr std::string_view matrix_rule =
    "sizes=SIZE,SIZE,...;connections=N,N,..., each list rising";
config::Complaint parse_matrix(std::string_view text, Options& options);

inline constexpr std::string_view throttle_rule =
    "parts of rate=SIZE (a second), delay=D, jitter=D, loss=P%, rto=D, separated by commas";
config::Checked<ThrottleOptions> parse_throttle(std::string_view text);

inline constexpr std::string_view cores_rule = "numbers of cores and ranges of them, as in 0,2-3";
config::Checked<std::vector<int>> parse_cores(std::string_view text);

inline constexpr std::string_view status_rule =
    "status codes from 100 to 599 and ranges of them, as in 200,301-308";
config::Checked<std::vector<std::uint16_t>> parse_status_list(std::string_view text);

// "100..5000": from one rate to another.
inline constexpr std::string_view ramp_rate_rule =
    "A..B, two different whole numbers from 1 to 100000000, requests per second";
config::Complaint parse_ramp_rate(std::string_view text, RunPlan& plan);

// "0.5x" or "2": how many times as fast.
std::optional<double> parse_factor(std::string_view text);

inline constexpr std::string_view header_rule =
    "a field is NAME: VALUE, its name a token and its value without control characters";
config::Checked<HeaderField> parse_header(std::string_view text);
bool is_token(std::string_view text);

}  // namespace ringway::bench
