// The settings of the whole process. The order of rows is the order of --help within a group.
#include <array>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/limits.h"
#include "ringway/config/url.h"

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

constexpr std::array<std::string_view, 4> forwarded_names{"x-forwarded", "forwarded", "both",
                                                          "off"};
constexpr std::array<std::string_view, 4> access_log_format_names{"native", "combined", "json",
                                                                  "haproxy"};
constexpr std::string_view via_name_rule =
    "1 to 64 letters, digits, '_', '-' and '.', beginning with a letter";
constexpr std::string_view request_id_rule =
    "the name of a field that ringway does not write for itself, or off";
constexpr std::string_view error_page_rule =
    "STATUS=FILE, where STATUS is from 400 to 599 and given once, and FILE has at most 32 KiB";

Complaint set_via_name(Settings& settings, const Value& value) {
    if (!is_object_name(value.text)) return Refusal{std::string{via_name_rule}, {}};
    settings.via_name = value.text;
    return {};
}

Complaint set_request_id(Settings& settings, const Value& value) {
    if (value.text == "off") {
        settings.request_id_name.clear();
        return {};
    }
    const bool good =
        value.text.size() <= name_bytes_max && is_token(value.text) && !refusal_to_edit(value.text);
    if (!good) return Refusal{std::string{request_id_rule}, "x-request-id is widely understood"};
    settings.request_id_name = value.text;
    return {};
}
std::string show_request_id(const Settings& settings) {
    return settings.request_id_name.empty() ? "off" : settings.request_id_name;
}

Complaint add_error_page(Settings& settings, const Value& value) {
    const std::size_t equals = value.text.find('=');
    const auto status = parse_count(value.text.substr(0, equals));
    const std::string_view path =
        equals == std::string_view::npos ? std::string_view{} : value.text.substr(equals + 1);
    if (!status || *status < 400 || *status > 599 || path.empty() || !is_one_line(path)) {
        return Refusal{std::string{error_page_rule}, "503=/etc/ringway/503.html"};
    }
    for (const ErrorPage& page : settings.error_pages) {
        if (page.status == static_cast<int>(*status)) {
            return Refusal{std::string{error_page_rule}, {}};
        }
    }
    settings.error_pages.push_back({.status = static_cast<int>(*status),
                                    .path = std::string{path},
                                    .body = {},
                                    .content_type = content_type_of(path)});
    return {};
}
std::string show_error_pages(const Settings& settings) {
    std::string out;
    for (const ErrorPage& page : settings.error_pages) {
        out += fmt::format("{}{}={}", out.empty() ? "" : "\n", page.status, page.path);
    }
    return out;
}

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

constexpr auto http = std::to_array<OptionRow<Settings>>({
    {.name = "max-header-bytes",
     .group = Group::http,
     .placeholder = "SIZE",
     .rule = size_rule(header_bytes_min, header_bytes_max),
     .help = "The longest head of a request (then 431) and of a response (then 502)",
     .fixed = true,
     .set = set_number<&Settings::header_bytes_max>,
     .show = show_size<&Settings::header_bytes_max>},
    {.name = "max-target-bytes",
     .group = Group::http,
     .placeholder = "SIZE",
     .rule = size_rule(target_bytes_min, header_bytes_max),
     .help = "The longest target in a request's first line; then 414",
     .set = set_number<&Settings::target_bytes_max>,
     .show = show_size<&Settings::target_bytes_max>},
    {.name = "max-body-bytes",
     .group = Group::http,
     .placeholder = "SIZE",
     .rule = or_off(size_rule(1, body_bytes_max)),
     .help = "The longest body of a request; then 413",
     .set = set_number<&Settings::body_bytes_max>,
     .show = show_size_or_off<&Settings::body_bytes_max>},
    {.name = "max-requests-per-connection",
     .group = Group::http,
     .placeholder = "N",
     .rule = or_off(count_rule(1, UINT32_MAX)),
     .help = "Close a client's connection after this many requests",
     .set = set_number<&Settings::keepalive_requests_max>,
     .show = show_count_or_off<&Settings::keepalive_requests_max>},
    {.name = "max-connection-age",
     .group = Group::http,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(10), Duration::seconds(30 * 86400))),
     .help = "Close a client's connection after the response during which it gets this old",
     .set = set_duration<&Settings::keepalive_age_max>,
     .show = show_duration<&Settings::keepalive_age_max>},
    {.name = "forwarded",
     .group = Group::http,
     .placeholder = "FIELDS",
     .rule = choice_rule(forwarded_names),
     .help = "How endpoints are told who the client is: X-Forwarded-For, -Proto, -Host and -Port, "
             "Forwarded (RFC 7239), both, or not at all",
     .set = set_choice<&Settings::forwarded>,
     .show = show_choice<&Settings::forwarded, forwarded_names>},
    {.name = "trusted-proxies",
     .group = Group::http,
     .placeholder = "CIDR",
     .rule = text_rule(cidr_rule),
     .help = "Clients whose forwarded fields are kept and added to; those of others are replaced",
     .default_text = "nobody",
     .repeat = true,
     .clear = clear_list<&Settings::trusted_proxies>,
     .set = add_cidr<&Settings::trusted_proxies>,
     .show = show_cidr<&Settings::trusted_proxies>},
    {.name = "via",
     .group = Group::http,
     .rule = switch_rule,
     .help = "Add a Via field to requests and responses",
     .set = set_switch<&Settings::via>,
     .show = show_switch<&Settings::via>},
    {.name = "via-name",
     .group = Group::http,
     .placeholder = "NAME",
     .rule = text_rule(via_name_rule),
     .help = "What ringway calls itself in Via and Proxy-Status",
     .set = set_via_name,
     .show = show_text<&Settings::via_name>},
    {.name = "request-id",
     .group = Group::http,
     .placeholder = "NAME",
     .rule = text_rule(request_id_rule),
     .help = "The field that carries a request's id: kept where a client sends one, else made, and "
             "sent back in the response",
     .set = set_request_id,
     .show = show_request_id},
    {.name = "error-page",
     .group = Group::http,
     .placeholder = "STATUS=FILE",
     .rule = text_rule(error_page_rule),
     .help =
         "What ringway answers with this status in place of its own words; read at start and at "
         "a reload, its kind told by the file's extension",
     .default_text = "one sentence, as JSON where the client prefers it",
     .repeat = true,
     .clear = clear_list<&Settings::error_pages>,
     .set = add_error_page,
     .show = show_error_pages},
});

constexpr auto joined = [] {
    std::array<OptionRow<Settings>, threads.size() + moving_bytes.size() + timeouts.size() +
                                        operations.size() + http.size()>
        rows;
    std::size_t next = 0;
    for (const auto& row : threads) rows[next++] = row;
    for (const auto& row : moving_bytes) rows[next++] = row;
    for (const auto& row : timeouts) rows[next++] = row;
    for (const auto& row : operations) rows[next++] = row;
    for (const auto& row : http) rows[next++] = row;
    return rows;
}();

}  // namespace

std::span<const OptionRow<Settings>> process_options() { return joined; }

}  // namespace ringway::config
