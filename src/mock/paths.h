// Which of the origin's paths a request asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::mock {

enum class PathKind : std::uint8_t {
    other,
    bytes,
    status,
    slow,
    echo,
    mirror,
    events,
    messages,
    completions,
    stats,
    reset,
};
inline constexpr std::size_t path_kinds = 11;
std::string_view name_of(PathKind kind);

struct Path {
    PathKind kind = PathKind::other;
    bool has_number = false;
    std::uint64_t number = 0;  // of /bytes/N, /status/N, /slow/MS, /events/N
    std::string_view query;    // without the '?'
};

// `target` as it stands in the request line; the query stays a part of it.
Path classify(std::string_view target);

}  // namespace ringway::mock
