// Everything a user can choose, as plain values: what flags, environment and file are turned into.
//
// Immutable once the server runs; a reload makes a new one. Code reads Settings, never flags.
// Ranges and defaults live in one table (config/flags.h) and are not repeated here except as
// initial values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/config/cidr.h"

namespace ringway::config {

enum class Scheme : std::uint8_t { tcp, tcp_unix, http, http_unix };
constexpr bool is_unix(Scheme scheme) {
    return scheme == Scheme::tcp_unix || scheme == Scheme::http_unix;
}
constexpr bool is_http(Scheme scheme) {
    return scheme == Scheme::http || scheme == Scheme::http_unix;
}

// Where a URL points: `tcp://host:port`, `tcp+unix:/path`, and the same with http. Names are
// resolved by the coordinator.
struct Target {
    Scheme scheme = Scheme::tcp;
    std::string host;  // a name, an IPv4 or an IPv6 literal without brackets; empty for Unix
    std::uint16_t port = 0;
    std::string path;               // Unix sockets; a leading '@' names an abstract one
    std::string to_string() const;  // "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock"

    bool operator==(const Target&) const = default;
};

struct SocketOptions {
    bool no_delay = true;
    std::string congestion;  // empty: the machine's default
    bool keepalive = false;  // SO_KEEPALIVE
    base::Duration keepalive_idle = base::Duration::seconds(60);
    base::Duration keepalive_interval = base::Duration::seconds(10);
    std::uint32_t keepalive_probes = 6;
    std::uint32_t receive_buffer_bytes = 0;  // SO_RCVBUF; 0: the kernel's tuning
    std::uint32_t send_buffer_bytes = 0;     // SO_SNDBUF

    bool operator==(const SocketOptions&) const = default;
};

enum class RelayMode : std::uint8_t { automatic, copy, splice };
enum class Balance : std::uint8_t {
    round_robin,
    least_connections,
    least_requests,
    p2c,  // the better of two at random: by connections for TCP, by latency and load for HTTP
    hash_client,
    hash_header,  // Upstream::hash_key names it
    hash_cookie,
};
enum class ProxyProtocol : std::uint8_t { none, v1, v2 };

struct Listener {
    std::string name;  // unique; given, or "listener1", "listener2", ...
    Target target;
    SocketOptions socket;
    std::uint32_t backlog = 4096;
    std::vector<Cidr> allow;  // empty: everybody
    std::vector<Cidr> deny;
    std::vector<Cidr> accept_proxy_protocol;  // the preamble is required from these, data elsewhere
    std::uint32_t unix_mode = 0660;
    std::size_t upstream = 0;  // TCP: index into Settings::upstreams, from routes or equal names
    bool speaks_http() const { return is_http(target.scheme); }

    bool operator==(const Listener&) const = default;
};

struct Endpoint {
    std::string name;  // unique within its upstream: given, or its address
    Target target;
    std::uint32_t weight = 1;           // 0: takes no new connections
    bool backup = false;                // used only when no other endpoint can serve
    std::uint32_t connections_max = 0;  // total over shards; 0: no limit
    // Its place in every array that goes by endpoint, over all upstreams. Stays the same over
    // reloads; the place of an endpoint that is gone is not used by another.
    std::size_t slot = 0;
    bool retired = false;  // left over from before a reload: serves nobody new
    // Its upstream went as a whole: requests that began before may still need it.
    bool retired_with_upstream = false;

    bool operator==(const Endpoint&) const = default;
};

struct HealthCheck {
    bool enabled = false;
    base::Duration interval = base::Duration::seconds(30);
    base::Duration timeout = base::Duration::seconds(2);
    std::uint32_t rise = 2;  // passes in a row that bring an endpoint up
    std::uint32_t fall = 3;  // failures in a row that take it down
    std::uint32_t jitter_percent = 10;
    // HTTP upstreams: GET `path` must answer with a status in the range, and a body (its first
    // 64 KiB) that contains `body`. An empty path only connects.
    std::string path;
    std::string host;  // the Host field; empty: the endpoint's address
    std::uint16_t status_min = 200;
    std::uint16_t status_max = 399;
    std::string body;

    bool operator==(const HealthCheck&) const = default;
};

enum class PoolOrder : std::uint8_t { lifo, fifo };

// Connections to an HTTP upstream, kept open between requests.
struct PoolSettings {
    std::uint32_t connections_min = 0;    // kept warm, over all endpoints and shards
    std::uint32_t connections_max = 256;  // never exceeded, over all endpoints and shards
    base::Duration idle_timeout = base::Duration::seconds(60);
    base::Duration wait_timeout = base::Duration::seconds(5);  // for a connection, then 503
    bool warm = false;  // open connections_min (at least one per endpoint) before listening
    PoolOrder order = PoolOrder::lifo;
    base::Duration age_max = base::Duration::forever();
    std::uint32_t requests_max = 0;    // per connection; 0: no limit
    std::uint32_t waiters_max = 1024;  // per shard; more get 503 at once

    bool operator==(const PoolSettings&) const = default;
};

struct Upstream {
    std::string name;
    std::vector<Endpoint> endpoints;
    Balance balance = Balance::round_robin;
    SocketOptions socket;
    std::string source_address;  // bind upstream connections to it; empty: the kernel chooses
    ProxyProtocol proxy_protocol = ProxyProtocol::none;
    HealthCheck health;
    std::uint32_t fail_threshold = 3;  // failed connects in a row that mark an endpoint down
    base::Duration fail_backoff = base::Duration::seconds(1);  // doubled on each further failure
    base::Duration fail_backoff_max = base::Duration::seconds(30);

    // HTTP alone from here on.
    std::string hash_key;       // the header or cookie of hash:header=X, hash:cookie=X
    std::string sticky_cookie;  // empty: none; its value is set by ringway and names an endpoint
    PoolSettings pool;
    std::uint32_t requests_max = 0;  // in flight at once, over all shards; 0: no limit
    // Passive ejection beside failed connects: so many failed exchanges in a row, or such a share
    // of at least 20 in 10 s (0: off), and never more than this share of the endpoints.
    std::uint32_t eject_errors = 5;
    std::uint32_t eject_error_percent = 50;
    std::uint32_t eject_share_percent = 50;
    // Retries: at most this share of requests, with a floor per second (RFC 9110, 9.2.2).
    std::uint32_t retry_percent = 20;
    std::uint32_t retry_floor_per_second = 10;
    std::uint32_t retries_max = 2;  // per request

    bool retired = false;  // left over from before a reload
    bool speaks_http() const {
        return !endpoints.empty() && is_http(endpoints.front().target.scheme);
    }

    bool operator==(const Upstream&) const = default;
};

// One change of a head on its way through.
struct HeaderEdit {
    enum class Action : std::uint8_t { set, add, remove };
    Action action = Action::set;
    std::string name;
    std::string value;  // empty for remove

    bool operator==(const HeaderEdit&) const = default;
};

struct HeaderCondition {
    std::string name;
    std::optional<std::string> value;  // nullopt: the field must be there

    bool operator==(const HeaderCondition&) const = default;
};

// All of them must hold; an empty one always does.
struct RouteMatch {
    std::string listener;  // a listener's name
    std::string host;      // "api.example.com" or "*.example.com", lower case
    // As normalized paths are: "/v1" exactly; with path_is_prefix "/v1/*": "/v1" itself and what
    // begins with "/v1/". Empty: any, which as a prefix is "/*".
    std::string path;
    bool path_is_prefix = false;
    std::vector<std::string> methods;
    std::vector<HeaderCondition> headers;  // names in lower case

    bool operator==(const RouteMatch&) const = default;
};

enum class RouteAction : std::uint8_t { forward, redirect, reply };
enum class HostPolicy : std::uint8_t { keep, endpoint, literal };

struct Route {
    std::string name;  // unique; given, or made of its conditions
    RouteMatch match;
    RouteAction action = RouteAction::forward;
    std::size_t upstream = 0;  // forward: index into Settings::upstreams
    int status = 0;            // redirect, reply
    std::string location;      // redirect; may contain {host}, {path}, {query}
    std::string body;          // reply
    std::string content_type = "text/plain";

    // What replaces the matched prefix (without a '/' at its end: what follows the prefix begins
    // with one; both empty make "/"), or the exact path.
    std::optional<std::string> rewrite;
    HostPolicy host_policy = HostPolicy::keep;
    std::string host;  // of HostPolicy::literal
    std::vector<HeaderEdit> request_headers;
    std::vector<HeaderEdit> response_headers;

    // Where set, instead of the process's.
    std::optional<base::Duration> first_byte_timeout;
    std::optional<base::Duration> idle_timeout;
    std::optional<base::Duration> request_timeout;
    std::optional<std::uint64_t> body_bytes_max;
    std::optional<std::uint32_t> header_bytes_max;  // smaller than the process's
    std::uint32_t requests_max = 0;                 // in flight at once, over all shards
    bool connect_allowed = false;                   // CONNECT becomes a tunnel to the upstream

    std::size_t slot = 0;  // as Endpoint::slot, among routes
    bool retired = false;

    bool operator==(const Route&) const = default;
};

enum class ForwardedFields : std::uint8_t { x_forwarded, forwarded, both, off };
enum class AccessLogFormat : std::uint8_t { native, combined, json, haproxy };

// A body that replaces the one ringway answers with itself: `--error-page 503=FILE`.
struct ErrorPage {
    int status = 0;
    std::string path;
    std::string body;  // read when the settings are, so that a missing file is found then
    std::string content_type;

    bool operator==(const ErrorPage&) const = default;
};

// Which settings nobody chose: they were derived from the machine. A reload keeps them as they
// were. What was chosen and what was derived to the same value are the same settings.
struct DerivedSettings {
    bool shards = false;
    bool pin = false;
    bool connections_max = false;
    bool pipes_max = false;
    bool control_path = false;

    bool operator==(const DerivedSettings&) const { return true; }
};

enum class LogLevel : std::uint8_t { error, warn, info, debug };
enum class LogFormat : std::uint8_t { text, json };

struct Settings {
    std::vector<Listener> listeners;
    std::vector<Upstream> upstreams;
    // Of HTTP listeners, as given; most specific first is the route table's work. A listener that
    // belongs to one upstream by name, or to the only one, has a route made for it. After a reload
    // the routes that are gone stand last, retired.
    std::vector<Route> routes;

    // Threads and memory.
    std::uint32_t shards = 0;              // 0 until derived: the cores this process may use
    std::optional<bool> pin;               // default: pinned while shards <= cores
    std::uint64_t connections_max = 0;     // total over shards; 0 until derived from the fd limit
    std::uint32_t buffer_bytes = 65536;    // one provided buffer
    std::uint32_t buffers = 64;            // per shard, a power of two
    std::uint32_t pipe_bytes = 262144;     // one splice pipe
    std::uint32_t pipes_max = 64;          // per shard
    std::uint32_t held_bytes_max = 65536;  // per direction of a connection, copy mode

    RelayMode relay = RelayMode::automatic;

    // One timeout per phase; Duration::forever() is "off".
    base::Duration connect_timeout = base::Duration::seconds(5);
    base::Duration header_timeout = base::Duration::seconds(10);  // PROXY preamble, request head
    base::Duration idle_timeout = base::Duration::seconds(3600);  // TCP
    // HTTP: between requests, and while a body should flow. The same flag: --idle-timeout.
    base::Duration http_idle_timeout = base::Duration::seconds(300);
    base::Duration first_byte_timeout = base::Duration::seconds(300);  // of a response's head
    base::Duration request_timeout = base::Duration::forever();  // head complete to response sent
    base::Duration drain_timeout = base::Duration::seconds(30);
    base::Duration resolve_interval = base::Duration::seconds(30);
    base::Duration stats_window = base::Duration::seconds(60);

    // HTTP.
    std::uint32_t header_bytes_max = 32768;  // of a request's or a response's head
    std::uint32_t target_bytes_max = 8192;
    std::uint64_t body_bytes_max = 0;          // of a request; 0: no limit
    std::uint32_t keepalive_requests_max = 0;  // per client connection; 0: no limit
    base::Duration keepalive_age_max = base::Duration::forever();
    ForwardedFields forwarded = ForwardedFields::x_forwarded;
    bool via = true;
    std::string via_name = "ringway";              // who we are in Via and Proxy-Status
    std::string request_id_name = "x-request-id";  // empty: no request ids
    std::vector<Cidr> trusted_proxies;
    std::vector<ErrorPage> error_pages;
    AccessLogFormat access_log_format = AccessLogFormat::native;

    std::string user;          // drop root to this user after binding
    std::string control_path;  // empty until derived from the runtime directory
    std::string access_log;    // empty: off; "-": standard output
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;

    std::string config_path;
    DerivedSettings derived;

    bool operator==(const Settings&) const = default;
};

}  // namespace ringway::config
