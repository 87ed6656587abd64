// Which requests a route is for.
#include <algorithm>
#include <array>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

constexpr std::string_view host_rule =
    "a host such as api.example.com, *.example.com, 192.0.2.7 or [::1]";
constexpr std::string_view path_rule = "/PATH for this path alone, /PATH/* for all at and below it";
constexpr std::string_view method_rule = "methods such as GET or POST, with commas between";
constexpr std::string_view header_rule =
    "NAME for a field that is there, NAME: VALUE for one with this value";

Complaint set_listener(RouteDraft& draft, const Value& value) {
    if (!is_object_name(value.text)) return Refusal{std::string{object_name_rule}, {}};
    draft.route.match.listener = value.text;
    return {};
}
std::string show_listener(const RouteDraft& draft) { return draft.route.match.listener; }

Complaint set_host(RouteDraft& draft, const Value& value) {
    auto host = parse_host_condition(value.text);
    if (!host) return host.reason();
    draft.route.match.host = std::move(*host);
    return {};
}
std::string show_host(const RouteDraft& draft) { return draft.route.match.host; }

Complaint set_path(RouteDraft& draft, const Value& value) {
    RouteMatch& match = draft.route.match;
    match.path_is_prefix = value.text.ends_with("/*");
    if (value.text == "/*") {
        match.path.clear();
        return {};
    }
    std::string_view text = value.text;
    if (match.path_is_prefix) text.remove_suffix(2);
    auto path = normal_path(text);
    if (!path) return path.reason();
    match.path = std::move(*path);
    return {};
}
std::string show_path(const RouteDraft& draft) {
    const RouteMatch& match = draft.route.match;
    return match.path_is_prefix ? match.path + "/*" : match.path;
}

void clear_methods(RouteDraft& draft) { draft.route.match.methods.clear(); }
Complaint add_methods(RouteDraft& draft, const Value& value) {
    constexpr auto known = std::to_array<std::string_view>(
        {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"});
    auto& methods = draft.route.match.methods;
    for (std::string_view rest = value.text;;) {
        const std::size_t comma = rest.find(',');
        const std::string method{trimmed(rest.substr(0, comma))};
        if (!is_token(method)) return Refusal{std::string{method_rule}, {}};
        for (const std::string_view other : known) {
            if (method != other && in_lower_case(method) == in_lower_case(other)) {
                return Refusal{"methods are told apart by case", fmt::format("{}?", other)};
            }
        }
        if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
            methods.push_back(method);
        }
        if (comma == std::string_view::npos) return {};
        rest.remove_prefix(comma + 1);
    }
}
std::string show_methods(const RouteDraft& draft) {
    std::string out;
    for (const std::string& method : draft.route.match.methods) {
        out += (out.empty() ? "" : "\n") + method;
    }
    return out;
}

void clear_headers(RouteDraft& draft) { draft.route.match.headers.clear(); }
Complaint add_header(RouteDraft& draft, const Value& value) {
    const std::size_t colon = value.text.find(':');
    HeaderCondition condition{.name = in_lower_case(value.text.substr(0, colon)), .value = {}};
    if (colon != std::string_view::npos) condition.value = trimmed(value.text.substr(colon + 1));
    if (!is_token(condition.name) || (condition.value && !is_field_value(*condition.value))) {
        return Refusal{std::string{header_rule}, {}};
    }
    draft.route.match.headers.push_back(std::move(condition));
    return {};
}
std::string show_headers(const RouteDraft& draft) {
    std::string out;
    for (const HeaderCondition& header : draft.route.match.headers) {
        out += (out.empty() ? "" : "\n") + header.name;
        if (header.value) out += ": " + *header.value;
    }
    return out;
}

constexpr auto conditions = std::to_array<OptionRow<RouteDraft>>({
    {.name = "listener",
     .placeholder = "NAME",
     .rule = text_rule(object_name_rule),
     .help = "Condition: through which listener",
     .default_text = "any",
     .set = set_listener,
     .show = show_listener},
    {.name = "host",
     .placeholder = "HOST",
     .rule = text_rule(host_rule),
     .help = "Condition: of which host; *.example.com is every name below example.com",
     .default_text = "any",
     .set = set_host,
     .show = show_host},
    {.name = "path",
     .placeholder = "PATH",
     .rule = text_rule(path_rule),
     .help = "Condition: which path",
     .default_text = "any",
     .set = set_path,
     .show = show_path},
    {.name = "method",
     .placeholder = "METHOD",
     .rule = text_rule(method_rule),
     .help = "Condition: by which method",
     .default_text = "any",
     .repeat = true,
     .clear = clear_methods,
     .set = add_methods,
     .show = show_methods},
    {.name = "header",
     .placeholder = "NAME[:VALUE]",
     .rule = text_rule(header_rule),
     .help = "Condition: with this field; all of several",
     .default_text = "any",
     .repeat = true,
     .clear = clear_headers,
     .set = add_header,
     .show = show_headers},
});

}  // namespace

std::span<const OptionRow<RouteDraft>> route_conditions() { return conditions; }

}  // namespace ringway::config
