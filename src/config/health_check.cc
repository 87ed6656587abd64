// The rule of --health-check: a small table of its own within one value.
#include <array>

#include "fields.h"

namespace ringway::config {
namespace {

using base::Duration;

constexpr std::string_view jitter_rule = "a percentage from 0 to 100, such as 10 or 10%";

Complaint set_jitter(HealthCheck& health, const Value& value) {
    std::string_view digits = value.text;
    if (digits.ends_with('%')) digits.remove_suffix(1);
    const auto percent = parse_count(digits);
    if (!percent || *percent > 100) return Refusal{std::string{jitter_rule}, {}};
    health.jitter_percent = static_cast<std::uint32_t>(*percent);
    return {};
}

constexpr auto rows = std::to_array<OptionRow<HealthCheck>>({
    {.name = "interval",
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(10), Duration::seconds(86400)),
     .help = "Time between two checks of one endpoint",
     .set = set_duration<&HealthCheck::interval>,
     .show = show_duration<&HealthCheck::interval>},
    {.name = "timeout",
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(1), Duration::seconds(3600)),
     .help = "How long a check may take",
     .set = set_duration<&HealthCheck::timeout>,
     .show = show_duration<&HealthCheck::timeout>},
    {.name = "rise",
     .placeholder = "N",
     .rule = count_rule(1, 100),
     .help = "Passes in a row that bring an endpoint up",
     .set = set_number<&HealthCheck::rise>,
     .show = show_count<&HealthCheck::rise>},
    {.name = "fall",
     .placeholder = "N",
     .rule = count_rule(1, 100),
     .help = "Failures in a row that take it down",
     .set = set_number<&HealthCheck::fall>,
     .show = show_count<&HealthCheck::fall>},
    {.name = "jitter",
     .placeholder = "PERCENT",
     .rule = text_rule(jitter_rule),
     .help = "How much each interval is varied, so that checks do not march in step",
     .set = set_jitter,
     .show = show_count<&HealthCheck::jitter_percent>},
});

Refusal unknown_part(std::string_view part) {
    std::string known;
    for (const auto& row : rows) known += fmt::format("{}{}=", known.empty() ? "" : ", ", row.name);
    return {fmt::format("\"{}\" is not a part of a health check: on, off, an interval, or {}",
                        printable(part), known),
            {}};
}

// One "key=value" of the long form.
Complaint apply_part(HealthCheck& health, std::string_view part) {
    const std::size_t equals = part.find('=');
    const auto* row = equals == std::string_view::npos
                          ? nullptr
                          : find_option(health_options(), part.substr(0, equals));
    if (row == nullptr) return unknown_part(part);
    const std::string_view given = part.substr(equals + 1);
    auto complaint = apply(*row, health, given);
    if (complaint) complaint->rule = refusal_line(row->name, given, {complaint->rule, {}});
    return complaint;
}

}  // namespace

std::span<const OptionRow<HealthCheck>> health_options() { return rows; }

Checked<HealthCheck> parse_health_check(std::string_view rule) {
    HealthCheck health;
    if (const auto on = parse_switch(rule)) {
        health.enabled = *on;
        return health;
    }
    health.enabled = true;
    bool timeout_given = false;
    if (parse_duration(rule)) {
        if (auto complaint = apply(rows[0], health, rule)) return *complaint;
    } else {
        for (std::string_view rest = rule;;) {
            const std::size_t comma = rest.find(',');
            const std::string_view part = rest.substr(0, comma);
            if (auto complaint = apply_part(health, part)) return *complaint;
            timeout_given = timeout_given || part.starts_with("timeout=");
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    if (!timeout_given) health.timeout = std::min(health.timeout, health.interval);
    if (health.timeout > health.interval) {
        return Refusal{
            fmt::format("the timeout ({}) is not to be longer than the interval ({})",
                        format_duration(health.timeout), format_duration(health.interval)),
            {}};
    }
    return health;
}

std::string format_health_check(const HealthCheck& health) {
    if (!health.enabled) return "off";
    std::string out;
    for (const auto& row : rows) {
        out += fmt::format("{}{}={}", out.empty() ? "" : ",", row.name, row.show(health));
    }
    return out;
}

}  // namespace ringway::config
