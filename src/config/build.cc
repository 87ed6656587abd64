// Layers into Settings: values by precedence, then the objects on top of the defaults they share.
#include <algorithm>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "fields.h"
#include "ringway/config/limits.h"
#include "ringway/config/suggest.h"
#include "ringway/config/url.h"
#include "ringway/config/validate.h"
#include "routes.h"

namespace ringway::config {
namespace {

// "--listen tcp://127.0.0.1:80: backlog".
std::string where_of(const Raw& url, std::string_view key) {
    const std::string_view bare = std::string_view{url.text}.substr(0, url.text.find('?'));
    return fmt::format("{} {}: {}", url.where, printable(bare), key);
}

// True for options that a Unix socket cannot heed.
bool needs_tcp(std::string_view key) {
    return find_option(socket_options(), key) != nullptr && key != "receive-buffer" &&
           key != "send-buffer";
}

MaybeProblem apply_listener_option(Listener& listener, const RawOption& option, Said& said) {
    const bool unix_socket = is_unix(listener.target.scheme);
    if (unix_socket && needs_tcp(option.key)) {
        return refusal_line(option.value.where, {"is of TCP, and this is a Unix socket", {}});
    }
    if (unix_socket && (option.key == "allow" || option.key == "deny")) {
        return refusal_line(option.value.where, {"clients of a Unix socket have no address",
                                                 "unix-mode says who may connect"});
    }
    if (!unix_socket && option.key == "unix-mode") {
        return refusal_line(option.value.where, {"is of Unix sockets, and this is TCP", {}});
    }
    if (const auto* row = find_option(listener_options(), option.key)) {
        return apply_option(*row, listener, option, said);
    }
    if (const auto* row = find_option(socket_options(), option.key)) {
        return apply_option(*row, listener.socket, option, said);
    }
    std::vector<std::string_view> known;
    add_names(known, listener_options());
    add_names(known, socket_options());
    return unknown_option(option, "a listener", known);
}

MaybeProblem apply_upstream_option(Upstream& upstream, const RawOption& option, Said& said) {
    for (const auto rows : {upstream_options(), http_upstream_options()}) {
        const auto* row = find_option(rows, option.key);
        if (row != nullptr) return apply_option(*row, upstream, option, said);
    }
    if (const auto* row = find_option(pool_options(), option.key)) {
        return apply_option(*row, upstream.pool, option, said);
    }
    if (const auto* row = find_option(socket_options(), option.key)) {
        return apply_option(*row, upstream.socket, option, said);
    }
    std::vector<std::string_view> known;
    add_names(known, upstream_options());
    add_names(known, http_upstream_options());
    add_names(known, pool_options());
    add_names(known, socket_options());
    add_names(known, endpoint_options());
    if (find_option(endpoint_options(), option.key) != nullptr) {
        return refusal_line(option.value.where, {"is an option of an endpoint, not of the upstream",
                                                 fmt::format("tcp://HOST:PORT?{}={}", option.key,
                                                             printable(option.value.text))});
    }
    return unknown_option(option, "an upstream", known);
}

// The options within a URL and those beside it, in this order.
std::vector<RawOption> options_of(const RawPlace& place, const Url& url) {
    std::vector<RawOption> options;
    for (const UrlOption& option : url.options) {
        options.push_back({option.key, {option.value, where_of(place.url, option.key)}});
    }
    options.insert(options.end(), place.options.begin(), place.options.end());
    return options;
}

bool is_literal(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

class Builder {
  public:
    explicit Builder(std::span<const Layer> layers) : layers_(layers) {}

    // What is wrong within these layers, be it hidden by a higher one or not.
    MaybeProblem check_values_and_objects() {
        for (auto step : {&Builder::apply_values, &Builder::build_upstreams,
                          &Builder::build_listeners, &Builder::build_routes}) {
            if (auto problem = (this->*step)()) return problem;
        }
        return {};
    }

    Checked<Settings, Problem> build() {
        if (auto problem = check_values_and_objects()) return *problem;
        // Routes go by name.
        if (std::string problem = validate_names(draft_.settings); !problem.empty()) return problem;
        if (auto problem = resolve_routes(draft_.settings, std::move(routes_), given_)) {
            return *problem;
        }
        return std::move(draft_.settings);
    }

  private:
    MaybeProblem apply_values() {
        for (const Flag& flag : all_flags()) {
            if (!flag.apply) continue;
            const auto layer = std::find_if(layers_.begin(), layers_.end(), [&](const Layer& each) {
                return each.values.contains(flag.name);
            });
            if (layer == layers_.end()) continue;
            const std::vector<Raw>& values = layer->values.at(flag.name);
            // Of a flag given twice, the last one counts; repeatable ones add up.
            for (std::size_t i = flag.repeat ? 0 : values.size() - 1; i < values.size(); ++i) {
                if (auto complaint = flag.apply(draft_, values[i].text)) {
                    return refusal_line(values[i].where, values[i].text, *complaint);
                }
            }
        }
        return {};
    }

    // The objects of one kind, from the first layer that has any.
    template <typename Raws>
    const Raws& first_of(Raws Layer::* kind) const {
        static const Raws none;
        for (const Layer& layer : layers_) {
            if (!(layer.*kind).empty()) return layer.*kind;
        }
        return none;
    }

    MaybeProblem build_listeners() {
        const auto& raws = first_of(&Layer::listeners);
        for (const RawPlace& raw : raws) {
            auto url = parse_url(raw.url.text);
            if (!url) return refusal_line(raw.url.where, raw.url.text, url.reason());
            Listener listener = draft_.listener;
            listener.name = raw.name;
            listener.target = url->target;
            if (auto problem = check_listening_place(listener, raw.url)) return problem;
            Said said;
            for (const RawOption& option : options_of(raw, *url)) {
                if (auto problem = apply_listener_option(listener, option, said)) return problem;
            }
            draft_.settings.listeners.push_back(std::move(listener));
        }
        name_the_nameless(draft_.settings.listeners, "listener");
        for (std::size_t i = 0; i < raws.size(); ++i) {
            given_.listeners.push_back(!raws[i].name.empty());
        }
        return {};
    }

    // Defaults for clients with addresses, and for sockets that are TCP.
    static void forget_tcp(Listener& listener) {
        listener.allow.clear();
        listener.deny.clear();
        SocketOptions of_unix;
        of_unix.receive_buffer_bytes = listener.socket.receive_buffer_bytes;
        of_unix.send_buffer_bytes = listener.socket.send_buffer_bytes;
        listener.socket = of_unix;
    }

    // Listeners bind: nothing is resolved for them but the one name that everybody types.
    static MaybeProblem check_listening_place(Listener& listener, const Raw& url) {
        if (is_unix(listener.target.scheme)) {
            forget_tcp(listener);
            return {};
        }
        listener.unix_mode = Listener{}.unix_mode;
        if (listener.target.host == "localhost") listener.target.host = "127.0.0.1";
        if (is_literal(listener.target.host)) return {};
        return refusal_line(url.where, url.text,
                            {"a listener has an address, not a name",
                             "0.0.0.0 and [::] are every IPv4 and IPv6 address of this machine"});
    }

    MaybeProblem build_upstreams() {
        for (const RawUpstream& raw : first_of(&Layer::upstreams)) {
            Upstream upstream = draft_.upstream;
            upstream.name = raw.name;
            given_.upstreams.push_back(!raw.name.empty());
            Said said;
            for (const RawOption& option : raw.options) {
                if (auto problem = apply_upstream_option(upstream, option, said)) return problem;
            }
            for (const RawPlace& place : raw.endpoints) {
                if (auto problem = add_endpoint(upstream, place, said)) return problem;
            }
            if (auto problem = check_protocol(upstream, said)) return problem;
            draft_.settings.upstreams.push_back(std::move(upstream));
        }
        name_the_nameless(draft_.settings.upstreams, "upstream");
        return {};
    }

    // What only HTTP upstreams have: refused where it is said of another, and not there where it is
    // said of all.
    static MaybeProblem check_protocol(Upstream& upstream, const Said& said) {
        if (upstream.speaks_http()) return {};
        for (const auto& [key, value] : said) {
            if (find_option(http_upstream_options(), key) == nullptr &&
                find_option(pool_options(), key) == nullptr) {
                continue;
            }
            return refusal_line(value.where,
                                {"is of HTTP, and the endpoints of this upstream are TCP", {}});
        }
        forget_http(upstream);
        return {};
    }

    static MaybeProblem add_endpoint(Upstream& upstream, const RawPlace& raw, Said& upstream_said) {
        auto url = parse_url(raw.url.text);
        if (!url) return refusal_line(raw.url.where, raw.url.text, url.reason());
        Endpoint endpoint;
        endpoint.target = url->target;
        if (!is_unix(endpoint.target.scheme) && endpoint.target.port == 0) {
            return refusal_line(raw.url.where, raw.url.text,
                                {"an endpoint has a port from 1 to 65535", {}});
        }
        if (!upstream.endpoints.empty() &&
            upstream.speaks_http() != is_http(endpoint.target.scheme)) {
            return refusal_line(raw.url.where, raw.url.text,
                                {"the endpoints of one upstream speak one protocol: all http or "
                                 "all tcp",
                                 {}});
        }
        Said said;
        for (const RawOption& option : options_of(raw, *url)) {
            const auto* row = find_option(endpoint_options(), option.key);
            auto problem = row != nullptr ? apply_option(*row, endpoint, option, said)
                                          : apply_upstream_option(upstream, option, upstream_said);
            if (problem) return problem;
        }
        if (endpoint.name.empty()) endpoint.name = endpoint.target.to_string();
        upstream.endpoints.push_back(std::move(endpoint));
        return {};
    }

    // "listener1", "listener2", ... in order of appearance, passing over names that are taken.
    template <typename Object>
    static void name_the_nameless(std::vector<Object>& objects, std::string_view prefix) {
        for (std::size_t i = 0; i < objects.size(); ++i) {
            if (!objects[i].name.empty()) continue;
            for (std::size_t number = i + 1;; ++number) {
                std::string name = fmt::format("{}{}", prefix, number);
                const bool taken = std::any_of(objects.begin(), objects.end(),
                                               [&](const auto& o) { return o.name == name; });
                if (taken) continue;
                objects[i].name = std::move(name);
                break;
            }
        }
    }

    MaybeProblem build_routes() {
        for (const RawRoute& raw : first_of(&Layer::routes)) {
            auto route = build_route(raw);
            if (!route) return route.reason();
            routes_.push_back(std::move(*route));
        }
        return {};
    }

    std::span<const Layer> layers_;
    Draft draft_;
    std::vector<BuiltRoute> routes_;
    GivenNames given_;
};

}  // namespace

Checked<Settings, Problem> build_settings(std::span<const Layer> layers) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
        Builder alone(layers.subspan(i, 1));
        if (auto problem = alone.check_values_and_objects()) return *problem;
    }
    return Builder(layers).build();
}

}  // namespace ringway::config
