// The settings of listeners, upstreams, their sockets, and endpoints.
#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/limits.h"
#include "ringway/config/suggest.h"

namespace ringway::config {
namespace {

using base::Duration;

// Those without a key of their own, in the order of the enumerators.
constexpr std::array<std::string_view, 5> balance_names{"round-robin", "least-connections",
                                                        "least-requests", "p2c", "hash:client"};
constexpr std::string_view balance_rule =
    "one of round-robin, least-connections, least-requests, p2c, hash:client, hash:header=NAME, "
    "hash:cookie=NAME";
constexpr std::string_view hash_header = "hash:header=";
constexpr std::string_view hash_cookie = "hash:cookie=";

Complaint set_balance(Upstream& upstream, const Value& value) {
    const auto known = std::find(balance_names.begin(), balance_names.end(), value.text);
    if (known != balance_names.end()) {
        upstream.balance = static_cast<Balance>(known - balance_names.begin());
        upstream.hash_key.clear();
        return {};
    }
    const bool by_header = value.text.starts_with(hash_header);
    if (!by_header && !value.text.starts_with(hash_cookie)) {
        std::vector<std::string_view> names(balance_names.begin(), balance_names.end());
        names.insert(names.end(), {hash_header, hash_cookie});
        return Refusal{std::string{balance_rule}, did_you_mean(value.text, names)};
    }
    const std::string_view key = value.text.substr(hash_header.size());
    if (!is_token(key)) {
        return Refusal{std::string{balance_rule}, "a NAME has letters, digits and !#$%&'*+-.^_`|~"};
    }
    upstream.balance = by_header ? Balance::hash_header : Balance::hash_cookie;
    upstream.hash_key = key;
    return {};
}
std::string show_balance(const Upstream& upstream) {
    switch (upstream.balance) {
        case Balance::hash_header: return std::string{hash_header} + upstream.hash_key;
        case Balance::hash_cookie: return std::string{hash_cookie} + upstream.hash_key;
        default: return std::string{balance_names.at(static_cast<std::size_t>(upstream.balance))};
    }
}
static_assert(hash_header.size() == hash_cookie.size());
constexpr std::array<std::string_view, 3> proxy_protocol_names{"off", "v1", "v2"};

constexpr std::string_view congestion_rule =
    "the name of a congestion control such as cubic, reno or bbr, or default";

Complaint set_congestion(SocketOptions& socket, const Value& value) {
    const bool plausible = !value.text.empty() && value.text.size() < 16 &&
                           std::all_of(
                               value.text.begin(), value.text.end(),
                               [](char letter) {
                                   return (letter >= 'a' && letter <= 'z') ||
                                          (letter >= '0' && letter <= '9') || letter == '_' ||
                                          letter == '-';
                               });
    if (!plausible) {
        return Refusal{std::string{congestion_rule},
                       "see /proc/sys/net/ipv4/tcp_available_congestion_control"};
    }
    socket.congestion = value.text == "default" ? "" : value.text;
    return {};
}

constexpr std::string_view source_rule = "an IPv4 or IPv6 address of this machine, or off";

Complaint set_source(Upstream& upstream, const Value& value) {
    if (value.text == "off") {
        upstream.source_address.clear();
        return {};
    }
    const std::string text{value.text};
    in6_addr address{};
    if (inet_pton(AF_INET, text.c_str(), &address) != 1 &&
        inet_pton(AF_INET6, text.c_str(), &address) != 1) {
        return Refusal{std::string{source_rule}, {}};
    }
    upstream.source_address = text;
    return {};
}

constexpr std::string_view mode_rule = "up to four octal digits such as 0660";

Complaint set_mode(Listener& listener, const Value& value) {
    const auto mode = parse_file_mode(value.text);
    if (!mode) return Refusal{std::string{mode_rule}, {}};
    listener.unix_mode = *mode;
    return {};
}
std::string show_mode(const Listener& listener) {
    return fmt::format("{:04o}", listener.unix_mode);
}

constexpr std::string_view health_rule =
    "on, off, an interval such as 5s, or "
    "interval=T,timeout=T,rise=N,fall=N,jitter=PERCENT,path=PATH,status=RANGE,body=TEXT,host=HOST";

Complaint set_health(Upstream& upstream, const Value& value) {
    auto health = parse_health_check(value.text);
    if (!health) return health.reason();
    upstream.health = *health;
    return {};
}
std::string show_health(const Upstream& upstream) { return format_health_check(upstream.health); }

constexpr auto of_listeners = std::to_array<OptionRow<Listener>>({
    {.name = "backlog",
     .group = Group::limits,
     .placeholder = "N",
     .rule = count_rule(1, 1 << 20),
     .help = "Connections that may wait to be accepted, per listener and shard; the kernel caps it "
             "at net.core.somaxconn",
     .fixed = true,
     .set = set_number<&Listener::backlog>,
     .show = show_count<&Listener::backlog>},
    {.name = "allow",
     .group = Group::access,
     .placeholder = "CIDR",
     .rule = text_rule(cidr_rule),
     .help = "Clients that may connect; all others are refused. Behind accept-proxy-protocol it is "
             "the announced client that counts",
     .default_text = "everybody",
     .repeat = true,
     .clear = clear_list<&Listener::allow>,
     .set = add_cidr<&Listener::allow>,
     .show = show_cidr<&Listener::allow>},
    {.name = "deny",
     .group = Group::access,
     .placeholder = "CIDR",
     .rule = text_rule(cidr_rule),
     .help = "Clients that may not connect, also where --allow has them",
     .default_text = "nobody",
     .repeat = true,
     .clear = clear_list<&Listener::deny>,
     .set = add_cidr<&Listener::deny>,
     .show = show_cidr<&Listener::deny>},
    {.name = "accept-proxy-protocol",
     .group = Group::access,
     .placeholder = "CIDR",
     .rule = text_rule(cidr_rule),
     .help = "Clients that must begin with a PROXY protocol preamble (v1 or v2), and are believed; "
             "from others it is data",
     .default_text = "nobody",
     .repeat = true,
     .clear = clear_list<&Listener::accept_proxy_protocol>,
     .set = add_cidr<&Listener::accept_proxy_protocol>,
     .show = show_cidr<&Listener::accept_proxy_protocol>},
    {.name = "unix-mode",
     .group = Group::access,
     .placeholder = "MODE",
     .rule = text_rule(mode_rule),
     .help = "Permissions of the socket file of a Unix listener",
     .fixed = true,
     .set = set_mode,
     .show = show_mode},
});

constexpr auto of_upstreams = std::to_array<OptionRow<Upstream>>({
    {.name = "balance",
     .group = Group::upstreams,
     .placeholder = "RULE",
     .rule = text_rule(balance_rule),
     .help = "Which endpoint takes the next connection or request; least-requests, hash:header and "
             "hash:cookie are of HTTP",
     .set = set_balance,
     .show = show_balance},
    {.name = "proxy-protocol",
     .group = Group::upstreams,
     .placeholder = "VERSION",
     .rule = choice_rule(proxy_protocol_names),
     .help = "Tell endpoints who the client is, in a PROXY protocol preamble",
     .set = set_choice<&Upstream::proxy_protocol>,
     .show = show_choice<&Upstream::proxy_protocol, proxy_protocol_names>},
    {.name = "health-check",
     .group = Group::upstreams,
     .placeholder = "RULE",
     .rule = text_rule(health_rule),
     .help = "Connect to every endpoint now and then, and use none that fails; on is every 30s, a "
             "duration sets the interval, the long form is parts with commas between, of which "
             "path= makes it an HTTP request",
     .set = set_health,
     .show = show_health},
    {.name = "fail-threshold",
     .group = Group::upstreams,
     .placeholder = "N",
     .rule = count_rule(1, 1000),
     .help = "Failed connects in a row after which an endpoint is left alone for a while",
     .set = set_number<&Upstream::fail_threshold>,
     .show = show_count<&Upstream::fail_threshold>},
    {.name = "fail-backoff",
     .group = Group::upstreams,
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(1), Duration::seconds(3600)),
     .help = "For how long it is left alone at first; doubled at each further failure",
     .set = set_duration<&Upstream::fail_backoff>,
     .show = show_duration<&Upstream::fail_backoff>},
    {.name = "fail-backoff-max",
     .group = Group::upstreams,
     .placeholder = "T",
     .rule = duration_rule(Duration::milliseconds(1), Duration::seconds(86400)),
     .help = "For how long it is left alone at most",
     .set = set_duration<&Upstream::fail_backoff_max>,
     .show = show_duration<&Upstream::fail_backoff_max>},
    {.name = "source",
     .group = Group::upstreams,
     .placeholder = "ADDRESS",
     .rule = text_rule(source_rule),
     .help = "The address that connections to endpoints come from",
     .default_text = "the kernel's choice",
     .set = set_source,
     .show = show_text<&Upstream::source_address>},
});

constexpr auto of_sockets = std::to_array<OptionRow<SocketOptions>>({
    {.name = "nodelay",
     .group = Group::sockets,
     .rule = switch_rule,
     .help = "Send small pieces at once (TCP_NODELAY)",
     .set = set_switch<&SocketOptions::no_delay>,
     .show = show_switch<&SocketOptions::no_delay>},
    {.name = "congestion",
     .group = Group::sockets,
     .placeholder = "NAME",
     .rule = text_rule(congestion_rule),
     .help = "Congestion control (TCP_CONGESTION)",
     .default_text = "the machine's",
     .set = set_congestion,
     .show = show_text<&SocketOptions::congestion>},
    {.name = "keepalive",
     .group = Group::sockets,
     .rule = switch_rule,
     .help = "Probe silent peers (SO_KEEPALIVE)",
     .set = set_switch<&SocketOptions::keepalive>,
     .show = show_switch<&SocketOptions::keepalive>},
    {.name = "keepalive-idle",
     .group = Group::sockets,
     .placeholder = "T",
     .rule = duration_rule(Duration::seconds(1), Duration::seconds(32767)),
     .help = "Silence before the first probe, in whole seconds",
     .set = set_duration<&SocketOptions::keepalive_idle>,
     .show = show_duration<&SocketOptions::keepalive_idle>},
    {.name = "keepalive-interval",
     .group = Group::sockets,
     .placeholder = "T",
     .rule = duration_rule(Duration::seconds(1), Duration::seconds(32767)),
     .help = "Time between probes, in whole seconds",
     .set = set_duration<&SocketOptions::keepalive_interval>,
     .show = show_duration<&SocketOptions::keepalive_interval>},
    {.name = "keepalive-probes",
     .group = Group::sockets,
     .placeholder = "N",
     .rule = count_rule(1, 127),
     .help = "Probes without an answer after which the peer is gone",
     .set = set_number<&SocketOptions::keepalive_probes>,
     .show = show_count<&SocketOptions::keepalive_probes>},
    {.name = "receive-buffer",
     .group = Group::sockets,
     .placeholder = "SIZE",
     .rule = or_off(size_rule(4096, 1 << 30)),
     .help = "The kernel's receive buffer of each socket (SO_RCVBUF); off leaves it to the kernel",
     .set = set_number<&SocketOptions::receive_buffer_bytes>,
     .show = show_size_or_off<&SocketOptions::receive_buffer_bytes>},
    {.name = "send-buffer",
     .group = Group::sockets,
     .placeholder = "SIZE",
     .rule = or_off(size_rule(4096, 1 << 30)),
     .help = "The kernel's send buffer of each socket (SO_SNDBUF); off leaves it to the kernel",
     .set = set_number<&SocketOptions::send_buffer_bytes>,
     .show = show_size_or_off<&SocketOptions::send_buffer_bytes>},
});

constexpr std::string_view name_rule = "a name without blanks and control characters";

Complaint set_endpoint_name(Endpoint& endpoint, const Value& value) {
    const bool good = !value.text.empty() && value.text.size() <= name_bytes_max &&
                      std::all_of(value.text.begin(), value.text.end(), [](char letter) {
                          return static_cast<unsigned char>(letter) > 0x20 && letter != 0x7f;
                      });
    if (!good) return Refusal{std::string{name_rule}, {}};
    endpoint.name = value.text;
    return {};
}

constexpr auto of_endpoints = std::to_array<OptionRow<Endpoint>>({
    {.name = "name",
     .placeholder = "NAME",
     .rule = text_rule(name_rule),
     .help = "What statistics and ringway ctl call it",
     .default_text = "its address",
     .set = set_endpoint_name,
     .show = show_text<&Endpoint::name>},
    {.name = "weight",
     .placeholder = "N",
     .rule = count_rule(0, 65535),
     .help = "Its share of new connections beside the others'; 0 gives it none",
     .set = set_number<&Endpoint::weight>,
     .show = show_count<&Endpoint::weight>},
    {.name = "backup",
     .rule = switch_rule,
     .help = "Used only while no other endpoint can serve",
     .set = set_switch<&Endpoint::backup>,
     .show = show_switch<&Endpoint::backup>},
    {.name = "max-connections",
     .placeholder = "N",
     .rule = or_off(count_rule(1, 1 << 24)),
     .help = "Connections to it at once, over all shards; clients beyond wait for one",
     .set = set_number<&Endpoint::connections_max>,
     .show = show_count_or_off<&Endpoint::connections_max>},
});

}  // namespace

std::span<const OptionRow<Listener>> listener_options() { return of_listeners; }
std::span<const OptionRow<Upstream>> upstream_options() { return of_upstreams; }
std::span<const OptionRow<SocketOptions>> socket_options() { return of_sockets; }
std::span<const OptionRow<Endpoint>> endpoint_options() { return of_endpoints; }

Complaint add_ranges(std::vector<Cidr>& ranges, std::string_view text) {
    while (true) {
        const std::size_t comma = text.find(',');
        const auto range = Cidr::parse(text.substr(0, comma));
        if (!range) return Refusal{std::string{cidr_rule}, {}};
        ranges.push_back(*range);
        if (comma == std::string_view::npos) return {};
        text.remove_prefix(comma + 1);
    }
}

std::string show_ranges(const std::vector<Cidr>& ranges) {
    std::string out;
    for (const Cidr& range : ranges) {
        if (!out.empty()) out += '\n';
        out += range.to_string();
    }
    return out;
}

std::string_view title_of(Group group) {
    switch (group) {
        case Group::objects: return "What listens, and where it goes";
        case Group::threads: return "Threads";
        case Group::moving_bytes: return "Moving bytes";
        case Group::timeouts: return "Time limits";
        case Group::limits: return "Limits";
        case Group::access: return "Who may connect";
        case Group::http: return "HTTP";
        case Group::upstreams: return "Upstreams";
        case Group::http_upstreams: return "HTTP upstreams: connections, retries, ejection";
        case Group::sockets: return "Sockets, of clients and of endpoints";
        case Group::operations: return "Operation";
    }
    return "";
}

}  // namespace ringway::config
