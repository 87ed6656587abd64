// The bounds of every size and number, and how they must relate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::config {

inline constexpr std::uint64_t shards_max = 1024;
inline constexpr std::uint64_t connections_max = std::uint64_t{1} << 24;
// Slots are reserved at start, so the default stays modest where the limit of open files is huge.
inline constexpr std::uint64_t derived_connections_max = std::uint64_t{1} << 18;

inline constexpr std::uint64_t buffer_bytes_min = 4096;
inline constexpr std::uint64_t buffer_bytes_max = 1 << 20;
inline constexpr std::uint64_t buffers_min = 4;
inline constexpr std::uint64_t buffers_max = 1 << 15;  // the kernel's bound of one buffer ring
inline constexpr std::uint64_t held_bytes_min = 4096;
inline constexpr std::uint64_t held_bytes_max = 64 << 20;
inline constexpr std::uint64_t pipe_bytes_min = 4096;
inline constexpr std::uint64_t pipe_bytes_max = 1 << 20;  // the kernel's default bound for users
inline constexpr std::uint64_t pipes_min = 1;
inline constexpr std::uint64_t pipes_max = 4096;

// The same bound as upstream::endpoints_per_upstream_max, which a session's tried-set sets.
inline constexpr std::size_t endpoints_max = 64;
inline constexpr std::size_t listeners_max = 256;
inline constexpr std::size_t upstreams_max = 256;
inline constexpr std::size_t name_bytes_max = 64;

// HTTP.
inline constexpr std::uint64_t header_bytes_min = 1024;
inline constexpr std::uint64_t header_bytes_max = 1 << 20;
inline constexpr std::uint64_t target_bytes_min = 256;
inline constexpr std::uint64_t body_bytes_max = std::uint64_t{1} << 50;
inline constexpr std::uint64_t in_flight_max = std::uint64_t{1} << 24;
inline constexpr std::uint64_t pool_connections_max = std::uint64_t{1} << 16;
inline constexpr std::uint64_t retries_max = 16;
inline constexpr std::size_t routes_max = 1024;
inline constexpr std::size_t reply_bytes_max = 32 << 10;  // a fixed reply, an error page
// With what reloads left over: statistics keep a place for each.
inline constexpr std::size_t upstream_places_max = 4 * upstreams_max;
inline constexpr std::size_t endpoint_slots_max = 1 << 15;
inline constexpr std::size_t route_slots_max = 1 << 13;
inline constexpr std::size_t unix_path_bytes_max = 107;  // sun_path less its closing zero

inline constexpr std::string_view control_path_rule =
    "the path of a Unix socket, 1 to 107 bytes long";

// Descriptors: two for every TCP connection (client and endpoint), one for every HTTP client and
// one for every connection of a pool, two for every pipe, and these.
inline constexpr std::uint64_t process_descriptors =
    64;                                                // logs, control socket and its clients, ...
inline constexpr std::uint64_t shard_descriptors = 8;  // ring, wake-up, timer, spare ones

static_assert(
    buffer_bytes_min * buffers_min >= held_bytes_min,
    "the smallest pool must be able to hold what the smallest cap lets one direction hold");
static_assert(buffer_bytes_max <= UINT32_MAX && pipe_bytes_max <= UINT32_MAX);
static_assert(buffer_bytes_max * buffers_max / buffers_max == buffer_bytes_max);
static_assert(derived_connections_max <= connections_max);
static_assert(held_bytes_max <= UINT32_MAX);

}  // namespace ringway::config
