#include "ringway/config/render.h"

#include <fmt/format.h>

#include "ringway/config/flags.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    return out + "\"";
}

// A value as TOML writes it: lists as arrays, switches and numbers bare, the rest quoted.
std::string toml_value(const ValueRule& rule, bool repeat, std::string_view shown) {
    if (repeat) {
        std::string out = "[";
        while (!shown.empty()) {
            const std::size_t end = shown.find('\n');
            out += (out.size() > 1 ? ", " : "") + quoted(shown.substr(0, end));
            shown.remove_prefix(end == std::string_view::npos ? shown.size() : end + 1);
        }
        return out + "]";
    }
    if (rule.kind == ValueKind::toggle) return shown == "on" ? "true" : "false";
    const bool is_number = shown.find_first_not_of("0123456789") == std::string_view::npos;
    if (rule.kind == ValueKind::count && is_number) return std::string{shown};
    return quoted(shown);
}

void add_line(std::string& out, std::string_view name, const ValueRule& rule, bool repeat,
              const std::string& shown) {
    if (!shown.empty()) out += fmt::format("{} = {}\n", name, toml_value(rule, repeat, shown));
}

template <typename Object>
void add_rows(std::string& out, std::span<const OptionRow<Object>> rows, const Object& object) {
    for (const auto& row : rows) add_line(out, row.name, row.rule, row.repeat, row.show(object));
}

void add_listener(std::string& out, const Listener& listener) {
    const bool unix_socket = is_unix(listener.target.scheme);
    out += fmt::format("\n[[listener]]\nname = {}\nurl = {}\n", quoted(listener.name),
                       quoted(format_url(listener.target)));
    for (const auto& row : listener_options()) {
        if (!unix_socket && row.name == "unix-mode") continue;
        if (unix_socket && (row.name == "allow" || row.name == "deny")) continue;
        add_line(out, row.name, row.rule, row.repeat, row.show(listener));
    }
    for (const auto& row : socket_options()) {
        if (unix_socket && !row.name.ends_with("-buffer")) continue;
        add_line(out, row.name, row.rule, row.repeat, row.show(listener.socket));
    }
}

void add_endpoint(std::string& out, const Endpoint& endpoint) {
    out += fmt::format("    {{ url = {}", quoted(format_url(endpoint.target)));
    for (const auto& row : endpoint_options()) {
        const std::string shown = row.show(endpoint);
        // The name it gets anyway; as a path it may be none that can be given.
        if (row.name == "name" && shown == endpoint.target.to_string()) continue;
        out += fmt::format(", {} = {}", row.name, toml_value(row.rule, row.repeat, shown));
    }
    out += " },\n";
}

void add_upstream(std::string& out, const Upstream& upstream) {
    out += fmt::format("\n[[upstream]]\nname = {}\nendpoints = [\n", quoted(upstream.name));
    for (const Endpoint& endpoint : upstream.endpoints) {
        if (!endpoint.retired) add_endpoint(out, endpoint);
    }
    out += "]\n";
    add_rows(out, upstream_options(), upstream);
    if (upstream.speaks_http()) {
        add_rows(out, http_upstream_options(), upstream);
        add_rows(out, pool_options(), upstream.pool);
    }
    add_rows(out, socket_options(), upstream.socket);
}

void add_route(std::string& out, const Settings& settings, const Route& route) {
    RouteDraft draft{.route = route, .upstream = {}};
    if (route.action == RouteAction::forward) {
        draft.upstream = settings.upstreams.at(route.upstream).name;
    }
    out += "\n[[route]]\n";
    for (const auto rows : {route_conditions(), route_options()}) add_rows(out, rows, draft);
    if (route.action == RouteAction::reply && route.body.empty()) out += "reply = \"\"\n";
}

}  // namespace

std::string render_settings(const Settings& settings) {
    std::string out;
    for (std::size_t group = 0; group < group_count; ++group) {
        std::string lines;
        for (const auto& row : process_options()) {
            if (static_cast<std::size_t>(row.group) != group) continue;
            add_line(lines, row.name, row.rule, row.repeat, row.show(settings));
        }
        if (lines.empty()) continue;
        if (!out.empty()) out += '\n';
        out += fmt::format("# {}\n{}", title_of(static_cast<Group>(group)), lines);
    }
    for (const Listener& listener : settings.listeners) add_listener(out, listener);
    for (const Upstream& upstream : settings.upstreams) {
        if (!upstream.retired) add_upstream(out, upstream);
    }
    for (const Listener& listener : settings.listeners) {
        if (listener.speaks_http()) continue;
        out += fmt::format("\n[[route]]\nlistener = {}\nupstream = {}\n", quoted(listener.name),
                           quoted(settings.upstreams.at(listener.upstream).name));
    }
    for (const Route& route : settings.routes) {
        if (!route.retired) add_route(out, settings, route);
    }
    return out;
}

}  // namespace ringway::config
