// Where a route leads, and what it changes on the way.
#include <algorithm>
#include <array>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/limits.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

using base::Duration;

constexpr std::string_view name_rule = "a name of 1 to 64 characters, without blanks";
constexpr std::string_view location_rule =
    "a URL or a path, in which {host}, {path} and {query} stand for the request's";
constexpr std::string_view reply_rule = "up to 32 KiB of text";
constexpr std::string_view content_type_rule = "a media type such as application/json";
constexpr std::string_view rewrite_rule = "a path, in place of what path= has before its *";
constexpr std::string_view upstream_host_rule = "keep, endpoint, or a host with a port or without";
constexpr std::string_view edit_rule = "set NAME: VALUE, add NAME: VALUE or remove NAME";

Complaint set_name(RouteDraft& draft, const Value& value) {
    const bool good = !value.text.empty() && value.text.size() <= name_bytes_max &&
                      is_one_line(value.text) && value.text.find(' ') == std::string_view::npos;
    if (!good) return Refusal{std::string{name_rule}, {}};
    draft.route.name = value.text;
    return {};
}
std::string show_name(const RouteDraft& draft) { return draft.route.name; }

Complaint set_upstream(RouteDraft& draft, const Value& value) {
    if (!is_object_name(value.text)) return Refusal{std::string{object_name_rule}, {}};
    draft.route.action = RouteAction::forward;
    draft.upstream = value.text;
    return {};
}
std::string show_upstream(const RouteDraft& draft) { return draft.upstream; }

// Braces are for the three words alone: a misspelled one would be sent as it stands.
bool has_known_braces(std::string_view location) {
    for (std::size_t i = location.find_first_of("{}"); i != std::string_view::npos;
         i = location.find_first_of("{}", i)) {
        const std::string_view rest = location.substr(i);
        std::size_t bytes = 0;
        for (const std::string_view word : {"{host}", "{path}", "{query}"}) {
            if (rest.starts_with(word)) bytes = word.size();
        }
        if (bytes == 0) return false;
        i += bytes;
    }
    return true;
}

Complaint set_redirect(RouteDraft& draft, const Value& value) {
    const std::string_view text = value.text;
    const bool is_place = text.starts_with('/') || text.starts_with("http://") ||
                          text.starts_with("https://") || text.starts_with("{path}");
    const bool is_visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c != 0x7f; });
    if (!is_place || !is_visible || !has_known_braces(text)) {
        return Refusal{std::string{location_rule}, "https://{host}{path}{query}"};
    }
    draft.route.action = RouteAction::redirect;
    draft.route.location = text;
    return {};
}
std::string show_redirect(const RouteDraft& draft) { return draft.route.location; }

Complaint set_status(RouteDraft& draft, const Value& value) {
    draft.route.status = static_cast<int>(value.number);
    return {};
}
std::string show_status(const RouteDraft& draft) {
    return draft.route.status == 0 ? std::string{} : fmt::format("{}", draft.route.status);
}

Complaint set_reply(RouteDraft& draft, const Value& value) {
    if (value.text.size() > reply_bytes_max) return Refusal{std::string{reply_rule}, {}};
    draft.route.action = RouteAction::reply;
    draft.route.body = value.text;
    return {};
}
std::string show_reply(const RouteDraft& draft) { return draft.route.body; }

Complaint set_content_type(RouteDraft& draft, const Value& value) {
    if (value.text.find('/') == std::string_view::npos || !is_field_value(value.text)) {
        return Refusal{std::string{content_type_rule}, {}};
    }
    draft.route.content_type = value.text;
    return {};
}
std::string show_content_type(const RouteDraft& draft) {
    return draft.route.action == RouteAction::reply ? draft.route.content_type : std::string{};
}

Complaint set_rewrite(RouteDraft& draft, const Value& value) {
    auto path = normal_path(value.text);
    if (!path) return path.reason();
    draft.route.rewrite = std::move(*path);
    return {};
}
std::string show_rewrite(const RouteDraft& draft) {
    const auto& rewrite = draft.route.rewrite;
    if (!rewrite) return {};
    return rewrite->empty() ? "/" : *rewrite;
}

Complaint set_upstream_host(RouteDraft& draft, const Value& value) {
    draft.route.host.clear();
    if (value.text == "keep") {
        draft.route.host_policy = HostPolicy::keep;
    } else if (value.text == "endpoint") {
        draft.route.host_policy = HostPolicy::endpoint;
    } else if (is_authority(value.text)) {
        draft.route.host_policy = HostPolicy::literal;
        draft.route.host = value.text;
    } else {
        return Refusal{std::string{upstream_host_rule}, {}};
    }
    return {};
}
std::string show_upstream_host(const RouteDraft& draft) {
    if (draft.route.action != RouteAction::forward) return {};
    switch (draft.route.host_policy) {
        case HostPolicy::keep: return "keep";
        case HostPolicy::endpoint: return "endpoint";
        case HostPolicy::literal: return draft.route.host;
    }
    return {};
}

template <std::vector<HeaderEdit> Route::* Edits>
void clear_edits(RouteDraft& draft) {
    (draft.route.*Edits).clear();
}

template <std::vector<HeaderEdit> Route::* Edits>
Complaint add_edit(RouteDraft& draft, const Value& value) {
    using Action = HeaderEdit::Action;
    const std::size_t blank = value.text.find(' ');
    const std::string_view verb = value.text.substr(0, blank);
    const Refusal shape{std::string{edit_rule}, "set x-team: blue"};
    if (blank == std::string_view::npos) return shape;
    const std::string_view field = trimmed(value.text.substr(blank));
    const std::size_t colon = field.find(':');
    HeaderEdit edit{
        .action = Action::set, .name = std::string{field.substr(0, colon)}, .value = {}};
    if (colon != std::string_view::npos) edit.value = trimmed(field.substr(colon + 1));
    if (verb == "add") {
        edit.action = Action::add;
    } else if (verb == "remove") {
        edit.action = Action::remove;
    } else if (verb != "set") {
        return shape;
    }
    const bool wants_value = edit.action != Action::remove;
    if (wants_value != (colon != std::string_view::npos)) return shape;
    if (!is_token(edit.name) || !is_field_value(edit.value)) return shape;
    if (auto complaint = refusal_to_edit(edit.name)) return complaint;
    (draft.route.*Edits).push_back(std::move(edit));
    return {};
}

template <std::vector<HeaderEdit> Route::* Edits>
std::string show_edits(const RouteDraft& draft) {
    constexpr std::array<std::string_view, 3> verbs{"set", "add", "remove"};
    std::string out;
    for (const HeaderEdit& edit : draft.route.*Edits) {
        const bool has_value = edit.action != HeaderEdit::Action::remove;
        out += fmt::format("{}{} {}{}{}", out.empty() ? "" : "\n",
                           verbs.at(static_cast<std::size_t>(edit.action)), edit.name,
                           has_value ? ": " : "", edit.value);
    }
    return out;
}

template <std::optional<Duration> Route::* Timeout>
Complaint set_timeout(RouteDraft& draft, const Value& value) {
    draft.route.*Timeout = value.duration;
    return {};
}
template <std::optional<Duration> Route::* Timeout>
std::string show_timeout(const RouteDraft& draft) {
    const auto& timeout = draft.route.*Timeout;
    return timeout ? format_duration(*timeout) : std::string{};
}

Complaint set_body_max(RouteDraft& draft, const Value& value) {
    draft.route.body_bytes_max = value.number;
    return {};
}
std::string show_body_max(const RouteDraft& draft) {
    const auto& bytes = draft.route.body_bytes_max;
    if (!bytes) return {};
    return *bytes == 0 ? "off" : format_size(*bytes);
}

Complaint set_header_max(RouteDraft& draft, const Value& value) {
    draft.route.header_bytes_max = static_cast<std::uint32_t>(value.number);
    return {};
}
std::string show_header_max(const RouteDraft& draft) {
    const auto& bytes = draft.route.header_bytes_max;
    return bytes ? format_size(*bytes) : std::string{};
}

Complaint set_requests_max(RouteDraft& draft, const Value& value) {
    draft.route.requests_max = static_cast<std::uint32_t>(value.number);
    return {};
}
std::string show_requests_max(const RouteDraft& draft) {
    if (draft.route.action != RouteAction::forward) return {};
    return draft.route.requests_max == 0 ? "off" : fmt::format("{}", draft.route.requests_max);
}

Complaint set_connect(RouteDraft& draft, const Value& value) {
    draft.route.connect_allowed = value.on;
    return {};
}
std::string show_connect(const RouteDraft& draft) {
    if (draft.route.action != RouteAction::forward) return {};
    return draft.route.connect_allowed ? "on" : "off";
}

constexpr std::string_view of_process = "the process's";
constexpr ValueRule timeout_rule =
    or_off(duration_rule(Duration::milliseconds(1), Duration::seconds(30 * 86400)));

constexpr auto actions = std::to_array<OptionRow<RouteDraft>>({
    {.name = "name",
     .placeholder = "NAME",
     .rule = text_rule(name_rule),
     .help = "What statistics and logs call the route, and by what a reload knows it again",
     .default_text = "its conditions",
     .set = set_name,
     .show = show_name},
    {.name = "upstream",
     .placeholder = "NAME",
     .rule = text_rule(object_name_rule),
     .help = "Requests go there",
     .default_text = "none",
     .set = set_upstream,
     .show = show_upstream},
    {.name = "redirect",
     .placeholder = "LOCATION",
     .rule = text_rule(location_rule),
     .help = "Requests are answered with this Location",
     .default_text = "none",
     .set = set_redirect,
     .show = show_redirect},
    {.name = "reply",
     .placeholder = "TEXT",
     .rule = text_rule(reply_rule),
     .help = "Requests are answered with this body",
     .default_text = "none",
     .set = set_reply,
     .show = show_reply},
    {.name = "status",
     .placeholder = "STATUS",
     .rule = count_rule(200, 599),
     .help = "The status of a redirect (301, 302, 303, 307 or 308) or a reply",
     .default_text = "302 for a redirect, 200 for a reply",
     .set = set_status,
     .show = show_status},
    {.name = "content-type",
     .placeholder = "TYPE",
     .rule = text_rule(content_type_rule),
     .help = "Of a reply's body",
     .default_text = "text/plain",
     .set = set_content_type,
     .show = show_content_type},
});

constexpr auto changes = std::to_array<OptionRow<RouteDraft>>({
    {.name = "rewrite",
     .placeholder = "PATH",
     .rule = text_rule(rewrite_rule),
     .help =
         "The path that endpoints see: of path=/v1/* the /v1 is replaced, of path=/v1 all of it",
     .default_text = "the path as it came",
     .set = set_rewrite,
     .show = show_rewrite},
    {.name = "upstream-host",
     .placeholder = "HOST",
     .rule = text_rule(upstream_host_rule),
     .help = "The Host that endpoints see: the client's, their own address, or this; in a --route "
             "also ?host=",
     .set = set_upstream_host,
     .show = show_upstream_host},
    {.name = "request-header",
     .placeholder = "EDIT",
     .rule = text_rule(edit_rule),
     .help = "Changes of requests' fields, in this order",
     .default_text = "none",
     .repeat = true,
     .clear = clear_edits<&Route::request_headers>,
     .set = add_edit<&Route::request_headers>,
     .show = show_edits<&Route::request_headers>},
    {.name = "response-header",
     .placeholder = "EDIT",
     .rule = text_rule(edit_rule),
     .help = "Changes of responses' fields, in this order",
     .default_text = "none",
     .repeat = true,
     .clear = clear_edits<&Route::response_headers>,
     .set = add_edit<&Route::response_headers>,
     .show = show_edits<&Route::response_headers>},
});

constexpr auto limits = std::to_array<OptionRow<RouteDraft>>({
    {.name = "first-byte-timeout",
     .placeholder = "T",
     .rule = timeout_rule,
     .help = "As --first-byte-timeout, for these requests",
     .default_text = of_process,
     .set = set_timeout<&Route::first_byte_timeout>,
     .show = show_timeout<&Route::first_byte_timeout>},
    {.name = "idle-timeout",
     .placeholder = "T",
     .rule = timeout_rule,
     .help = "As --idle-timeout, within these exchanges",
     .default_text = of_process,
     .set = set_timeout<&Route::idle_timeout>,
     .show = show_timeout<&Route::idle_timeout>},
    {.name = "request-timeout",
     .placeholder = "T",
     .rule = timeout_rule,
     .help = "As --request-timeout, for these requests",
     .default_text = of_process,
     .set = set_timeout<&Route::request_timeout>,
     .show = show_timeout<&Route::request_timeout>},
    {.name = "max-body-bytes",
     .placeholder = "SIZE",
     .rule = or_off(size_rule(1, body_bytes_max)),
     .help = "As --max-body-bytes, for these requests",
     .default_text = of_process,
     .set = set_body_max,
     .show = show_body_max},
    {.name = "max-header-bytes",
     .placeholder = "SIZE",
     .rule = size_rule(header_bytes_min, header_bytes_max),
     .help = "The longest head of these requests; at most --max-header-bytes",
     .default_text = of_process,
     .set = set_header_max,
     .show = show_header_max},
    {.name = "max-requests",
     .placeholder = "N",
     .rule = or_off(count_rule(1, in_flight_max)),
     .help = "Requests on this route at once, over all shards; those beyond get 503",
     .set = set_requests_max,
     .show = show_requests_max},
    {.name = "connect",
     .rule = switch_rule,
     .help = "Let CONNECT through: it becomes a tunnel to an endpoint",
     .set = set_connect,
     .show = show_connect},
});

constexpr auto joined = [] {
    std::array<OptionRow<RouteDraft>, actions.size() + changes.size() + limits.size()> rows;
    std::size_t next = 0;
    for (const auto& row : actions) rows[next++] = row;
    for (const auto& row : changes) rows[next++] = row;
    for (const auto& row : limits) rows[next++] = row;
    return rows;
}();

}  // namespace

std::span<const OptionRow<RouteDraft>> route_options() { return joined; }

}  // namespace ringway::config
