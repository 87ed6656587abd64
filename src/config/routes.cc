#include "routes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ringway/config/limits.h"
#include "ringway/config/validate.h"

namespace ringway::config {
namespace {

constexpr std::size_t nowhere = SIZE_MAX;

// What routes that answer themselves may say beside their conditions.
constexpr auto of_answers = std::to_array<std::string_view>(
    {"name", "redirect", "reply", "status", "content-type", "response-header"});

std::string problem_of(const BuiltRoute& route, std::string_view key, std::string rule,
                       std::string hint = {}) {
    const auto found = route.said.find(key);
    if (found == route.said.end()) {
        return refusal_line(route.where, {std::move(rule), std::move(hint)});
    }
    return refusal_line(found->second.where, found->second.text,
                        {std::move(rule), std::move(hint)});
}

bool says(const BuiltRoute& route, std::string_view key) { return route.said.contains(key); }

MaybeProblem check_answer(BuiltRoute& built) {
    Route& route = built.draft.route;
    const bool redirects = route.action == RouteAction::redirect;
    for (const auto& [key, value] : built.said) {
        const bool fits = find_option(route_conditions(), key) != nullptr ||
                          std::find(of_answers.begin(), of_answers.end(), key) != of_answers.end();
        if (!fits) return problem_of(built, key, "is of routes that lead to an upstream");
    }
    if (redirects && says(built, "content-type")) {
        return problem_of(built, "content-type", "is of routes that reply");
    }
    if (route.status == 0) route.status = redirects ? 302 : 200;
    constexpr auto redirecting = std::to_array<int>({301, 302, 303, 307, 308});
    if (redirects &&
        std::find(redirecting.begin(), redirecting.end(), route.status) == redirecting.end()) {
        return problem_of(built, "status", "a redirect is 301, 302, 303, 307 or 308");
    }
    if (!redirects && (route.status == 204 || route.status == 304) && !route.body.empty()) {
        return problem_of(built, "reply", fmt::format("a {} has no body", route.status));
    }
    return {};
}

MaybeProblem check_forward(BuiltRoute& built) {
    Route& route = built.draft.route;
    for (const std::string_view key : {"status", "content-type"}) {
        if (says(built, key)) {
            return problem_of(built, key, "is of routes that redirect or reply");
        }
    }
    if (!route.rewrite) return {};
    if (!says(built, "path")) {
        return problem_of(built, "rewrite", "replaces what path= matched, and there is none",
                          "path=/*");
    }
    // What follows the prefix begins with a slash of its own.
    if (route.match.path_is_prefix && route.rewrite->ends_with('/')) route.rewrite->pop_back();
    return {};
}

template <typename Object>
std::size_t index_of(const std::vector<Object>& objects, std::string_view name) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (objects[i].name == name) return i;
    }
    return nowhere;
}

// "host=api.example.com,path=/v1/*".
std::string name_from(const RouteMatch& match) {
    const RouteDraft draft{.route = {.name = {}, .match = match}, .upstream = {}};
    std::string name;
    for (const auto& row : route_conditions()) {
        std::string shown = row.show(draft);
        if (shown.empty()) continue;
        std::replace(shown.begin(), shown.end(), '\n', ',');
        if (const std::size_t blank = shown.find(": "); blank != std::string::npos) {
            shown.erase(blank + 1, 1);
        }
        name += fmt::format("{}{}={}", name.empty() ? "" : ",", row.name, shown);
    }
    return name.empty() ? "default" : name;
}

std::string_view protocol_of(bool http) { return http ? "http" : "tcp"; }

class Resolver {
  public:
    Resolver(Settings& settings, const GivenNames& given)
        : settings_(settings), given_(given), own_(settings.listeners.size(), nowhere) {}

    MaybeProblem resolve(std::vector<BuiltRoute> routes) {
        for (BuiltRoute& route : routes) {
            if (auto problem = add(route)) return problem;
        }
        for (std::size_t i = 0; i < settings_.listeners.size(); ++i) {
            const bool http = settings_.listeners[i].speaks_http();
            if (auto problem = http ? complete_http(i) : complete_tcp(i)) return problem;
        }
        return name_routes();
    }

  private:
    template <typename Object>
    static MaybeProblem look_up(const BuiltRoute& route, std::string_view kind,
                                std::string_view name, const std::vector<Object>& objects,
                                std::size_t& index) {
        index = index_of(objects, name);
        if (index != nowhere) return {};
        std::vector<std::string_view> known;
        for (const auto& object : objects) known.push_back(object.name);
        return problem_of(route, kind, fmt::format("no {} has this name", kind),
                          did_you_mean(name, known));
    }

    MaybeProblem add(BuiltRoute& built) {
        Route& route = built.draft.route;
        std::size_t listener = nowhere;
        if (!route.match.listener.empty()) {
            auto problem =
                look_up(built, "listener", route.match.listener, settings_.listeners, listener);
            if (problem) return problem;
        }
        const bool forwards = route.action == RouteAction::forward;
        if (forwards) {
            auto problem = look_up(built, "upstream", built.draft.upstream, settings_.upstreams,
                                   route.upstream);
            if (problem) return problem;
        }
        const bool to_http = !forwards || settings_.upstreams[route.upstream].speaks_http();
        if (listener != nowhere && settings_.listeners[listener].speaks_http() != to_http) {
            return mismatch(built.where, settings_.listeners[listener],
                            forwards ? settings_.upstreams[route.upstream].name : "");
        }
        return to_http ? add_http(built) : add_tcp(built, listener);
    }

    static Problem mismatch(std::string_view where, const Listener& listener,
                            std::string_view upstream) {
        const std::string_view ours = protocol_of(listener.speaks_http());
        const std::string_view theirs = protocol_of(!listener.speaks_http());
        if (upstream.empty()) {
            return refusal_line(where, {fmt::format("listener {} speaks tcp, and redirects and "
                                                    "replies are of http",
                                                    listener.name),
                                        {}});
        }
        return refusal_line(
            where, {fmt::format("listener {} speaks {}, and upstream {} speaks {}: both must speak "
                                "the same",
                                listener.name, ours, upstream, theirs),
                    fmt::format("{}:// on both sides", ours)});
    }

    Problem repeated(const BuiltRoute& built, std::string what, const std::string& upstream) {
        const bool forwards = built.draft.route.action == RouteAction::forward;
        return problem_of(
            built, forwards ? "upstream" : "status",
            fmt::format("{} {} already", what,
                        upstream.empty() ? "is answered" : fmt::format("goes to {}", upstream)));
    }

    MaybeProblem add_http(BuiltRoute& built) {
        Route& route = built.draft.route;
        for (const Route& other : settings_.routes) {
            if (!(other.match == route.match)) continue;
            const bool forwards = other.action == RouteAction::forward;
            return repeated(built, name_from(route.match),
                            forwards ? settings_.upstreams[other.upstream].name : "");
        }
        settings_.routes.push_back(std::move(route));
        return {};
    }

    MaybeProblem add_tcp(const BuiltRoute& built, std::size_t listener) {
        for (const auto& [key, value] : built.said) {
            if (key == "listener" || key == "upstream") continue;
            return problem_of(
                built, key,
                fmt::format("is of HTTP, and upstream {} speaks tcp", built.draft.upstream));
        }
        std::size_t& from = listener == nowhere ? for_others_ : own_[listener];
        if (from != nowhere) {
            return repeated(
                built,
                listener == nowhere ? "every other listener" : built.draft.route.match.listener,
                settings_.upstreams[from].name);
        }
        from = built.draft.route.upstream;
        return {};
    }

    // An upstream with the same given name.
    std::size_t namesake_of(std::size_t listener) const {
        if (!given_.listeners[listener]) return nowhere;
        const std::size_t upstream =
            index_of(settings_.upstreams, settings_.listeners[listener].name);
        return upstream != nowhere && given_.upstreams[upstream] ? upstream : nowhere;
    }

    // The only upstream that speaks this protocol.
    std::size_t only_one(bool http) const {
        std::size_t found = nowhere;
        for (std::size_t i = 0; i < settings_.upstreams.size(); ++i) {
            if (settings_.upstreams[i].speaks_http() != http) continue;
            if (found != nowhere) return nowhere;
            found = i;
        }
        return found;
    }

    // A route of its own, then equal given names, then the route for all others, then the only
    // upstream there is.
    MaybeProblem complete_tcp(std::size_t i) {
        Listener& listener = settings_.listeners[i];
        std::size_t upstream = own_[i];
        if (upstream == nowhere) upstream = namesake_of(i);
        if (upstream == nowhere) upstream = for_others_;
        if (upstream == nowhere) upstream = only_one(false);
        if (upstream == nowhere) return unrouted(listener);
        if (settings_.upstreams[upstream].speaks_http()) {
            return mismatch("--listen", listener, settings_.upstreams[upstream].name);
        }
        listener.upstream = upstream;
        return {};
    }

    // Equal given names make a route for whatever no other route of the listener takes; the only
    // upstream makes one where there is none at all.
    MaybeProblem complete_http(std::size_t i) {
        const Listener& listener = settings_.listeners[i];
        RouteMatch all_of_it;
        all_of_it.listener = listener.name;
        bool has_all = false;
        bool has_any = false;
        for (const Route& route : settings_.routes) {
            has_all = has_all || route.match == all_of_it;
            has_any =
                has_any || route.match.listener.empty() || route.match.listener == listener.name;
        }
        std::size_t upstream = has_all ? nowhere : namesake_of(i);
        if (upstream == nowhere && has_any) return {};
        if (upstream == nowhere) upstream = only_one(true);
        if (upstream == nowhere) return unrouted(listener);
        if (!settings_.upstreams[upstream].speaks_http()) {
            return mismatch("--listen", listener, settings_.upstreams[upstream].name);
        }
        Route route;
        route.match = std::move(all_of_it);
        route.upstream = upstream;
        settings_.routes.push_back(std::move(route));
        return {};
    }

    MaybeProblem unrouted(const Listener& listener) const {
        const auto& upstreams = settings_.upstreams;
        if (upstreams.empty()) return {};  // validate() says so
        const auto fits = [&](const Upstream& upstream) {
            return upstream.speaks_http() == listener.speaks_http();
        };
        const auto fitting = std::find_if(upstreams.begin(), upstreams.end(), fits);
        if (fitting == upstreams.end()) {
            return mismatch("--listen", listener, upstreams.front().name);
        }
        return refusal_line(
            "--route",
            {fmt::format("listener {} ({}) has no upstream, and there are {} to choose from",
                         listener.name, listener.target.to_string(), upstreams.size()),
             fmt::format("--route 'listener={} => {}'", listener.name, fitting->name)});
    }

    bool is_taken(std::string_view name) const {
        return index_of(settings_.routes, name) != nowhere;
    }

    // Given names first; then what the conditions say, or a number where that is no name.
    MaybeProblem name_routes() {
        auto& routes = settings_.routes;
        for (std::size_t i = 0; i < routes.size(); ++i) {
            if (routes[i].name.empty() || index_of(routes, routes[i].name) == i) continue;
            return refusal_line("--route", routes[i].name, {"two routes have this name", {}});
        }
        for (std::size_t i = 0; i < routes.size(); ++i) {
            if (!routes[i].name.empty()) continue;
            std::string name = name_from(routes[i].match);
            const bool good = name.size() <= name_bytes_max && name.find(' ') == std::string::npos;
            for (std::size_t number = i + 1; !good || is_taken(name); ++number) {
                name = fmt::format("route{}", number);
                if (!is_taken(name)) break;
            }
            routes[i].name = std::move(name);
        }
        return {};
    }

    Settings& settings_;
    const GivenNames& given_;
    std::vector<std::size_t> own_;  // TCP: by listener
    std::size_t for_others_ = nowhere;
};

}  // namespace

Checked<BuiltRoute, Problem> build_route(const RawRoute& raw) {
    BuiltRoute built{.draft = {}, .said = {}, .where = raw.where};
    for (const RawOption& option : raw.options) {
        const auto* row = find_option(route_conditions(), option.key);
        if (row == nullptr) row = find_option(route_options(), option.key);
        if (row == nullptr) {
            std::vector<std::string_view> known;
            add_names(known, route_conditions());
            add_names(known, route_options());
            return unknown_option(option, "a route", known);
        }
        if (auto problem = apply_option(*row, built.draft, option, built.said)) return *problem;
    }
    const int ends = static_cast<int>(says(built, "upstream")) +
                     static_cast<int>(says(built, "redirect")) +
                     static_cast<int>(says(built, "reply"));
    if (ends != 1) {
        return refusal_line(raw.where, {ends == 0 ? "the upstream is missing (or redirect, reply)"
                                                  : "one of upstream, redirect and reply is enough",
                                        "upstream = \"NAME\""});
    }
    const bool forwards = built.draft.route.action == RouteAction::forward;
    if (auto problem = forwards ? check_forward(built) : check_answer(built)) return *problem;
    return built;
}

MaybeProblem resolve_routes(Settings& settings, std::vector<BuiltRoute> routes,
                            const GivenNames& given) {
    return Resolver(settings, given).resolve(std::move(routes));
}

}  // namespace ringway::config
