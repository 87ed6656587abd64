// The rule of --health-check: a small table of its own within one value.
#include <algorithm>
#include <array>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/url.h"

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

constexpr std::string_view path_rule = "a path such as /healthz, with a query or without";
constexpr std::string_view status_rule =
    "a status or a range of them, from 100 to 599, such as 200 or 200-299";
constexpr std::string_view body_rule =
    "up to 256 bytes of text, in which %2C is a comma and %25 a %";
constexpr std::string_view host_rule = "a host, with a port or without";

Complaint set_path(HealthCheck& health, const Value& value) {
    const bool good = value.text.starts_with('/') && is_one_line(value.text) &&
                      value.text.find_first_of(" #") == std::string_view::npos;
    if (!good) return Refusal{std::string{path_rule}, {}};
    health.path = value.text;
    return {};
}

Complaint set_status(HealthCheck& health, const Value& value) {
    const std::size_t dash = value.text.find('-');
    const auto lowest = parse_count(value.text.substr(0, dash));
    const auto highest =
        dash == std::string_view::npos ? lowest : parse_count(value.text.substr(dash + 1));
    if (!lowest || !highest || *lowest < 100 || *highest > 599 || *lowest > *highest) {
        return Refusal{std::string{status_rule}, {}};
    }
    health.status_min = static_cast<std::uint16_t>(*lowest);
    health.status_max = static_cast<std::uint16_t>(*highest);
    return {};
}
std::string show_status(const HealthCheck& health) {
    if (health.status_min == health.status_max) return fmt::format("{}", health.status_min);
    return fmt::format("{}-{}", health.status_min, health.status_max);
}

Complaint set_body(HealthCheck& health, const Value& value) {
    const auto text = percent_decoded(value.text);
    constexpr std::size_t bytes_max = 256;
    if (!text || text->empty() || text->size() > bytes_max) {
        return Refusal{std::string{body_rule}, {}};
    }
    health.body = *text;
    return {};
}
std::string show_body(const HealthCheck& health) { return escaped_part(health.body); }

Complaint set_host(HealthCheck& health, const Value& value) {
    if (!is_authority(value.text)) return Refusal{std::string{host_rule}, {}};
    health.host = value.text;
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
    {.name = "path",
     .placeholder = "PATH",
     .rule = text_rule(path_rule),
     .help = "HTTP: what is asked for with GET",
     .default_text = "none: connecting is all",
     .set = set_path,
     .show = show_text<&HealthCheck::path>},
    {.name = "status",
     .placeholder = "STATUS[-STATUS]",
     .rule = text_rule(status_rule),
     .help = "Which answers pass",
     .set = set_status,
     .show = show_status},
    {.name = "body",
     .placeholder = "TEXT",
     .rule = text_rule(body_rule),
     .help = "What the answer's first 64 KiB must contain",
     .default_text = "anything",
     .set = set_body,
     .show = show_body},
    {.name = "host",
     .placeholder = "HOST",
     .rule = text_rule(host_rule),
     .help = "The Host field",
     .default_text = "the endpoint's address",
     .set = set_host,
     .show = show_text<&HealthCheck::host>},
});

// The parts that say how the answer to a GET is judged.
bool is_of_path(std::string_view name) {
    return name == "status" || name == "body" || name == "host";
}

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
    std::string_view of_path;
    if (parse_duration(rule)) {
        if (auto complaint = apply(rows[0], health, rule)) return *complaint;
    } else {
        for (std::string_view rest = rule;;) {
            const std::size_t comma = rest.find(',');
            const std::string_view part = rest.substr(0, comma);
            if (auto complaint = apply_part(health, part)) return *complaint;
            timeout_given = timeout_given || part.starts_with("timeout=");
            if (is_of_path(part.substr(0, part.find('=')))) of_path = part;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    if (!of_path.empty() && health.path.empty()) {
        return Refusal{
            fmt::format("\"{}\" needs path=, which says what is asked for", printable(of_path)),
            "path=/healthz"};
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
        const std::string shown = row.show(health);
        if (shown.empty() || (health.path.empty() && is_of_path(row.name))) continue;
        out += fmt::format("{}{}={}", out.empty() ? "" : ",", row.name, shown);
    }
    return out;
}

std::string escaped_part(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '%' || c == ',' || static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("%{:02X}", c);
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace ringway::config
