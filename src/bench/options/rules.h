// Short ways to write the rules of the flag tables.
#pragma once

#include "ringway/base/clock.h"
#include "ringway/config/value.h"

namespace ringway::bench {

constexpr config::ValueRule count_rule(std::uint64_t min, std::uint64_t max) {
    return {.kind = config::ValueKind::count, .min = min, .max = max};
}
constexpr config::ValueRule size_rule(std::uint64_t min, std::uint64_t max) {
    return {.kind = config::ValueKind::size, .min = min, .max = max};
}
constexpr config::ValueRule duration_rule(base::Duration min, base::Duration max) {
    return {.kind = config::ValueKind::duration,
            .min = static_cast<std::uint64_t>(min.ns),
            .max = static_cast<std::uint64_t>(max.ns)};
}
constexpr config::ValueRule text_rule(std::string_view description) {
    return {.kind = config::ValueKind::text, .description = description};
}
inline constexpr config::ValueRule switch_rule{.kind = config::ValueKind::toggle};

inline constexpr base::Duration one_hour = base::Duration::seconds(3600);
inline constexpr base::Duration one_day = base::Duration::seconds(24 * 3600);

}  // namespace ringway::bench
