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

enum class Scheme : std::uint8_t { tcp, tcp_unix };

// Where a URL points: `tcp://host:port` or `tcp+unix:/path`. Names are resolved by the coordinator.
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
enum class Balance : std::uint8_t { round_robin, least_connections, p2c, hash_client };
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
    std::size_t upstream = 0;  // index into Settings::upstreams, from routes or equal names

    bool operator==(const Listener&) const = default;
};

struct Endpoint {
    std::string name;  // unique within its upstream: given, or its address
    Target target;
    std::uint32_t weight = 1;           // 0: takes no new connections
    bool backup = false;                // used only when no other endpoint can serve
    std::uint32_t connections_max = 0;  // total over shards; 0: no limit

    bool operator==(const Endpoint&) const = default;
};

struct HealthCheck {
    bool enabled = false;
    base::Duration interval = base::Duration::seconds(30);
    base::Duration timeout = base::Duration::seconds(2);
    std::uint32_t rise = 2;  // passes in a row that bring an endpoint up
    std::uint32_t fall = 3;  // failures in a row that take it down
    std::uint32_t jitter_percent = 10;

    bool operator==(const HealthCheck&) const = default;
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

    bool operator==(const Upstream&) const = default;
};

enum class LogLevel : std::uint8_t { error, warn, info, debug };
enum class LogFormat : std::uint8_t { text, json };

struct Settings {
    std::vector<Listener> listeners;
    std::vector<Upstream> upstreams;

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
    base::Duration header_timeout = base::Duration::seconds(10);  // the PROXY preamble
    base::Duration idle_timeout = base::Duration::seconds(3600);
    base::Duration drain_timeout = base::Duration::seconds(30);
    base::Duration resolve_interval = base::Duration::seconds(30);
    base::Duration stats_window = base::Duration::seconds(60);

    std::string user;          // drop root to this user after binding
    std::string control_path;  // empty until derived from the runtime directory
    std::string access_log;    // empty: off; "-": standard output
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;

    std::string config_path;

    bool operator==(const Settings&) const = default;
};

}  // namespace ringway::config
