#include "ringway/config/validate.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "ringway/config/checked.h"
#include "ringway/config/limits.h"
#include "ringway/config/units.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

// The first thing said twice, or nothing.
template <typename Object, typename Key>
const Object* first_repeated(const std::vector<Object>& objects, Key key) {
    std::set<std::string> seen;
    for (const Object& object : objects) {
        const std::string text = key(object);
        if (!text.empty() && !seen.insert(text).second) return &object;
    }
    return nullptr;
}

bool has_route(const Settings& settings, const Listener& listener) {
    return std::any_of(settings.routes.begin(), settings.routes.end(), [&](const Route& route) {
        return route.match.listener.empty() || route.match.listener == listener.name;
    });
}

std::string check_counts(const Settings& settings) {
    if (settings.listeners.empty()) {
        return refusal_line("--listen", {"there is nothing to listen on: at least one is needed",
                                         "--listen http://127.0.0.1:8080"});
    }
    // Routes that answer themselves need no upstream.
    const bool all_answered = std::all_of(
        settings.listeners.begin(), settings.listeners.end(),
        [&](const Listener& each) { return each.speaks_http() && has_route(settings, each); });
    if (settings.upstreams.empty() && !all_answered) {
        return refusal_line(
            "--upstream", {"there is nowhere to go: at least one is needed",
                           fmt::format("--upstream {}://127.0.0.1:9000",
                                       settings.listeners.front().speaks_http() ? "http" : "tcp")});
    }
    if (settings.listeners.size() > listeners_max) {
        return refusal_line("--listen", fmt::format("{} listeners", settings.listeners.size()),
                            {fmt::format("at most {}", listeners_max), {}});
    }
    if (settings.upstreams.size() > upstreams_max) {
        return refusal_line("--upstream", fmt::format("{} upstreams", settings.upstreams.size()),
                            {fmt::format("at most {}", upstreams_max), {}});
    }
    return {};
}

}  // namespace

std::string validate_names(const Settings& settings) {
    const auto name_of = [](const auto& object) { return object.name; };
    if (const auto* twice = first_repeated(settings.listeners, name_of)) {
        return refusal_line("--listen", twice->name, {"two listeners have this name", {}});
    }
    if (const auto* twice = first_repeated(settings.upstreams, name_of)) {
        return refusal_line("--upstream", twice->name,
                            {"two upstreams have this name",
                             "endpoints of one upstream stand in one list: NAME=URL,URL"});
    }
    for (const Upstream& upstream : settings.upstreams) {
        if (const auto* twice = first_repeated(upstream.endpoints, name_of)) {
            return refusal_line(
                fmt::format("--upstream {}", upstream.name), twice->name,
                {"two endpoints have this name", "?weight=2 gives one endpoint twice the share"});
        }
    }
    return {};
}

namespace {

std::string check_addresses(const Settings& settings) {
    const auto* twice = first_repeated(settings.listeners, [](const Listener& listener) {
        const bool chosen_by_kernel = !is_unix(listener.target.scheme) && listener.target.port == 0;
        return chosen_by_kernel ? std::string{} : listener.target.to_string();
    });
    if (twice != nullptr) {
        return refusal_line("--listen", format_url(twice->target),
                            {"two listeners have this address", {}});
    }
    for (const Listener& listener : settings.listeners) {
        if (is_unix(listener.target.scheme) && listener.target.path == settings.control_path) {
            return refusal_line("--control", settings.control_path,
                                {"a listener has this path", {}});
        }
    }
    return {};
}

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

std::string check_upstream(const Upstream& upstream) {
    const std::string where = fmt::format("--upstream {}", upstream.name);
    const auto& endpoints = upstream.endpoints;
    if (endpoints.size() > endpoints_max) {
        return refusal_line(where, fmt::format("{} endpoints", endpoints.size()),
                            {fmt::format("at most {} in one upstream", endpoints_max), {}});
    }
    if (std::all_of(endpoints.begin(), endpoints.end(), [](auto& each) { return each.backup; })) {
        return refusal_line(where, {"every endpoint is a backup: at least one must not be", {}});
    }
    if (std::all_of(endpoints.begin(), endpoints.end(),
                    [](auto& each) { return each.weight == 0 || each.backup; })) {
        return refusal_line(
            where, {"every endpoint that is no backup has weight 0: one must have more", {}});
    }
    if (upstream.fail_backoff > upstream.fail_backoff_max) {
        return refusal_line(fmt::format("{}: fail-backoff", where),
                            format_duration(upstream.fail_backoff),
                            {fmt::format("at most fail-backoff-max, which is {}",
                                         format_duration(upstream.fail_backoff_max)),
                             {}});
    }
    if (upstream.source_address.empty()) return {};
    for (const Endpoint& endpoint : endpoints) {
        // Names may resolve to either family; those that do not fit are passed over at run time.
        const std::string& host = endpoint.target.host;
        const bool ipv4_literal = host.find_first_not_of("0123456789.") == std::string::npos;
        if (host.empty() || (!ipv4_literal && !is_ipv6(host))) continue;
        if (is_ipv6(host) == is_ipv6(upstream.source_address)) continue;
        return refusal_line(
            fmt::format("{}: source", where), upstream.source_address,
            {fmt::format("an address of the family of {}", endpoint.target.to_string()), {}});
    }
    return {};
}

// What an upstream says that its protocol has not.
std::string check_protocol(const Upstream& upstream) {
    const std::string where = fmt::format("--upstream {}", upstream.name);
    if (upstream.speaks_http()) {
        if (upstream.proxy_protocol == ProxyProtocol::none) return {};
        return refusal_line(fmt::format("{}: proxy-protocol", where),
                            {"a connection to an HTTP upstream carries requests of many clients",
                             "--forwarded tells endpoints who the client is"});
    }
    const Balance balance = upstream.balance;
    if (balance == Balance::least_requests || balance == Balance::hash_header ||
        balance == Balance::hash_cookie) {
        return refusal_line(fmt::format("{}: balance", where),
                            {"least-requests, hash:header and hash:cookie are of HTTP, and this "
                             "upstream speaks tcp",
                             "least-connections and hash:client are of both"});
    }
    if (!upstream.health.path.empty()) {
        return refusal_line(fmt::format("{}: health-check", where), upstream.health.path,
                            {"path= is of HTTP, and this upstream speaks tcp", {}});
    }
    return {};
}

std::string check_pool(const Upstream& upstream) {
    if (upstream.pool.connections_min <= upstream.pool.connections_max) return {};
    return refusal_line(
        fmt::format("--upstream {}: pool-min", upstream.name),
        fmt::format("{}", upstream.pool.connections_min),
        {fmt::format("at most pool-max, which is {}", upstream.pool.connections_max), {}});
}

std::string check_routes(const Settings& settings) {
    if (settings.routes.size() > routes_max) {
        return refusal_line("--route", fmt::format("{} routes", settings.routes.size()),
                            {fmt::format("at most {}", routes_max), {}});
    }
    for (const Route& route : settings.routes) {
        if (!route.header_bytes_max || *route.header_bytes_max <= settings.header_bytes_max) {
            continue;
        }
        return refusal_line(fmt::format("--route {}: max-header-bytes", route.name),
                            format_size(*route.header_bytes_max),
                            {fmt::format("at most that of the process, which is {}",
                                         format_size(settings.header_bytes_max)),
                             {}});
    }
    return {};
}

bool is_whole_seconds(base::Duration duration) { return duration.ns % 1'000'000'000 == 0; }

std::string check_sockets(const std::string& where, const SocketOptions& socket) {
    const std::array<std::pair<std::string_view, base::Duration>, 2> times{
        {{"keepalive-idle", socket.keepalive_idle},
         {"keepalive-interval", socket.keepalive_interval}}};
    for (const auto& [key, duration] : times) {
        if (is_whole_seconds(duration)) continue;
        return refusal_line(fmt::format("{}: {}", where, key), format_duration(duration),
                            {"whole seconds: the kernel counts nothing finer", {}});
    }
    return {};
}

}  // namespace

std::string validate(const Settings& settings) {
    for (const auto check : {check_counts, validate_names, check_addresses, check_routes}) {
        if (std::string problem = check(settings); !problem.empty()) return problem;
    }
    for (const Upstream& upstream : settings.upstreams) {
        for (const auto check : {check_upstream, check_protocol, check_pool}) {
            if (std::string problem = check(upstream); !problem.empty()) return problem;
        }
        std::string problem =
            check_sockets(fmt::format("--upstream {}", upstream.name), upstream.socket);
        if (!problem.empty()) return problem;
    }
    for (const Listener& listener : settings.listeners) {
        std::string problem =
            check_sockets(fmt::format("--listen {}", listener.name), listener.socket);
        if (!problem.empty()) return problem;
    }
    return {};
}

}  // namespace ringway::config
