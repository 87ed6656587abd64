// What the whole process does with HTTP: limits, forwarded fields, its own words.
#include <array>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/limits.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

using base::Duration;

constexpr std::array<std::string_view, 4> forwarded_names{"x-forwarded", "forwarded", "both",
                                                          "off"};
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

constexpr auto rows = std::to_array<OptionRow<Settings>>({
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

}  // namespace

std::span<const OptionRow<Settings>> http_process_options() { return rows; }

}  // namespace ringway::config
