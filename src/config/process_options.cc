// The settings of the whole process. The order of rows is the order of --help within a group.
#include <array>
#include <vector>

#include "fields.h"
#include "ringway/config/limits.h"

namespace ringway::config {
namespace {

using base::Duration;

constexpr std::array<std::string_view, 3> relay_names{"auto", "copy", "splice"};
constexpr std::array<std::string_view, 4> log_level_names{"error", "warn", "info", "debug"};
constexpr std::array<std::string_view, 2> log_format_names{"text", "json"};

Complaint set_pin(Settings& settings, const Value& value) {
    settings.pin = value.on;
    return {};
}
std::string show_pin(const Settings& settings) {
    if (!settings.pin) return {};
    return *settings.pin ? "on" : "off";
}

Complaint set_control(Settings& settings, const Value& value) {
    if (value.text.empty() || value.text.size() > unix_path_bytes_max) {
        return Refusal{std::string{control_path_rule}, {}};
    }
    settings.control_path = value.text;
    return {};
}

Complaint set_access_log(Settings& settings, const Value& value) {
    if (value.text.empty()) return Refusal{"a file, - for standard output, or off", {}};
    settings.access_log = value.text == "off" ? "" : value.text;
    return {};
}

// One flag, two protocols whose defaults differ: what differs was not set.
Complaint set_idle_timeout(Settings& settings, const Value& value) {
    settings.idle_timeout = value.duration;
    settings.http_idle_timeout = value.duration;
    return {};
}
std::string show_idle_timeout(const Settings& settings) {
    if (settings.idle_timeout != settings.http_idle_timeout) return {};
    return format_duration(settings.idle_timeout);
}

constexpr std::array<std::string_view, 4> access_log_format_names{"native", "combined", "json",
                                                                  "haproxy"};
// A derived number is shown once it is derived; before that the default text says how.
template <auto Member>
std::string show_derived(const Settings& settings) {
    return settings.*Member == 0 ? std::string{} : fmt::format("{}", settings.*Member);
}

constexpr auto threads = std::to_array<OptionRow<Settings>>({
    {.name = "shards",
     .group = Group::threads,
     .placeholder = "N",
     .rule = count_rule(1, shards_max),
     .help = "Threads that carry connections, one per core",
     .default_text = "the cores this process may use",
     .hint = "leave it out for one per core",
     .fixed = true,
     .set = set_number<&Settings::shards>,
     .show = show_derived<&Settings::shards>},
    {.name = "pin",
     .group = Group::threads,
     .rule = switch_rule,
     .help = "Pin every shard to a core of its own",
     .default_text = "on while there are no more shards than cores",
     .fixed = true,
     .set = set_pin,
     .show = show_pin},
    {.name = "user",
     .group = Group::operations,
     .placeholder = "NAME",
     .rule = text_rule("the name of a user of this machine"),
     .help = "Give up root for this user after binding",
     .default_text = "stay who started it",
     .fixed = true,
     .set = set_text<&Settings::user>,
     .show = show_text<&Settings::user>},
});

constexpr auto moving_bytes = std::to_array<OptionRow<Settings>>({
    {.name = "relay",
     .group = Group::moving_bytes,
     .placeholder = "MODE",
     .rule = choice_rule(relay_names),
     .help = "How bytes move: copied through buffers, spliced through pipes, or as each direction "
             "of a connection needs it",
     .fixed = true,
     .set = set_choice<&Settings::relay>,
     .show = show_choice<&Settings::relay, relay_names>},
    {.name = "buffer-size",
     .group = Group::moving_bytes,
     .placeholder = "SIZE",
     .rule = power_rule(ValueKind::size, buffer_bytes_min, buffer_bytes_max),
     .help = "Size of one receive buffer",
     .fixed = true,
     .set = set_number<&Settings::buffer_bytes>,
     .show = show_size<&Settings::buffer_bytes>},
    {.name = "buffers",
     .group = Group::moving_bytes,
     .placeholder = "N",
     .rule = power_rule(ValueKind::count, buffers_min, buffers_max),
     .help = "Receive buffers of each shard, shared by its connections",
     .fixed = true,
     .set = set_number<&Settings::buffers>,
     .show = show_count<&Settings::buffers>},
    {.name = "max-held-bytes",
     .group = Group::moving_bytes,
     .placeholder = "SIZE",
     .rule = size_rule(held_bytes_min, held_bytes_max),
     .help = "Bytes that one direction of a connection may hold for a slow reader before the "
             "other side is read no further",
     .fixed = true,
     .set = set_number<&Settings::held_bytes_max>,
     .show = show_size<&Settings::held_bytes_max>},
    {.name = "pipe-size",
     .group = Group::moving_bytes,
     .placeholder = "SIZE",
     .rule = power_rule(ValueKind::size, pipe_bytes_min, pipe_bytes_max),
     .help = "Size of one splice pipe",
     .fixed = true,
     .set = set_number<&Settings::pipe_bytes>,
     .show = show_size<&Settings::pipe_bytes>},
    {.name = "pipes",
     .group = Group::moving_bytes,
     .placeholder = "N",
     .rule = count_rule(pipes_min, pipes_max),
     .help = "Splice pipes that each shard may have; directions that find none are copied",
     .fixed = true,
     .set = set_number<&Settings::pipes_max>,
     .show = show_count<&Settings::pipes_max>},
});

constexpr auto timeouts = std::to_array<OptionRow<Settings>>({
    {.name = "connect-timeout",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(1), Duration::seconds(600)),
     .help = "For one connect to an endpoint; then the next endpoint is tried",
     .set = set_duration<&Settings::connect_timeout>,
     .show = show_duration<&Settings::connect_timeout>},
    {.name = "header-timeout",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(1), Duration::seconds(600)),
     .help = "For a whole request head from its first byte on (then 408), and for the PROXY "
             "protocol preamble of a client that must send one",
     .set = set_duration<&Settings::header_timeout>,
     .show = show_duration<&Settings::header_timeout>},
    {.name = "idle-timeout",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(1), Duration::seconds(30 * 86400))),
     .help = "Close a connection on which no byte has moved either way for this long: between "
             "requests, within a message, and of TCP",
     .default_text = "5m for HTTP, 1h for TCP",
     .set = set_idle_timeout,
     .show = show_idle_timeout},
    {.name = "first-byte-timeout",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(1), Duration::seconds(30 * 86400))),
     .help =
         "How long an endpoint may take to begin its response once it has the request; then 504",
     .set = set_duration<&Settings::first_byte_timeout>,
     .show = show_duration<&Settings::first_byte_timeout>},
    {.name = "request-timeout",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(1), Duration::seconds(30 * 86400))),
     .help = "For a whole exchange, from the end of the request's head to the end of the response; "
             "cuts long streams",
     .set = set_duration<&Settings::request_timeout>,
     .show = show_duration<&Settings::request_timeout>},
    {.name = "drain-timeout",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration{}, Duration::seconds(7 * 86400))),
     .help = "How long live connections may go on after TERM or INT before they are closed",
     .set = set_duration<&Settings::drain_timeout>,
     .show = show_duration<&Settings::drain_timeout>},
    {.name = "resolve-interval",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(100), Duration::seconds(86400))),
     .help = "How often the names of endpoints are resolved again",
     .set = set_duration<&Settings::resolve_interval>,
     .show = show_duration<&Settings::resolve_interval>},
    {.name = "stats-window",
     .group = Group::timeouts,
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(100), Duration::seconds(86400)),
     .help = "The window over which average and peak latency are told",
     .fixed = true,
     .set = set_duration<&Settings::stats_window>,
     .show = show_duration<&Settings::stats_window>},
});

constexpr auto operations = std::to_array<OptionRow<Settings>>({
    {.name = "max-connections",
     .group = Group::limits,
     .placeholder = "N",
     .rule = count_rule(1, connections_max),
     .help = "Client connections at once, over all shards; further ones wait in the backlog",
     .default_text = "what the limit of open files allows",
     .hint = "leave it out to use what the limit of open files allows",
     .fixed = true,
     .set = set_number<&Settings::connections_max>,
     .show = show_derived<&Settings::connections_max>},
    {.name = "control",
     .group = Group::operations,
     .placeholder = "PATH",
     .rule = text_rule(control_path_rule),
     .help = "The control socket, for ringway ctl",
     .default_text = "ringway.sock in the runtime directory",
     .fixed = true,
     .set = set_control,
     .show = show_text<&Settings::control_path>},
    {.name = "access-log",
     .group = Group::operations,
     .placeholder = "FILE",
     .rule = text_rule("a file, - for standard output, or off"),
     .help = "One line per request and per TCP connection when it ends, to a file or (-) to "
             "standard output",
     .default_text = "off",
     .fixed = true,
     .set = set_access_log,
     .show = show_text<&Settings::access_log>},
    {.name = "access-log-format",
     .group = Group::operations,
     .placeholder = "FORMAT",
     .rule = choice_rule(access_log_format_names),
     .help = "How the access log writes requests: key=value as --log-format has it, as web servers "
             "do, as JSON, or with the timers of HAProxy",
     .set = set_choice<&Settings::access_log_format>,
     .show = show_choice<&Settings::access_log_format, access_log_format_names>},
    {.name = "log-level",
     .group = Group::operations,
     .placeholder = "LEVEL",
     .rule = choice_rule(log_level_names),
     .help = "The least important messages that are logged to standard error",
     .set = set_choice<&Settings::log_level>,
     .show = show_choice<&Settings::log_level, log_level_names>},
    {.name = "log-format",
     .group = Group::operations,
     .placeholder = "FORMAT",
     .rule = choice_rule(log_format_names),
     .help = "How log lines and the access log are written",
     .fixed = true,
     .set = set_choice<&Settings::log_format>,
     .show = show_choice<&Settings::log_format, log_format_names>},
});

std::vector<OptionRow<Settings>> all_rows() {
    std::vector<OptionRow<Settings>> rows;
    const auto add = [&](std::span<const OptionRow<Settings>> some) {
        rows.insert(rows.end(), some.begin(), some.end());
    };
    add(threads);
    add(moving_bytes);
    add(timeouts);
    add(operations);
    add(http_process_options());
    return rows;
}

}  // namespace

std::span<const OptionRow<Settings>> process_options() {
    static const std::vector<OptionRow<Settings>> rows = all_rows();
    return rows;
}

}  // namespace ringway::config
