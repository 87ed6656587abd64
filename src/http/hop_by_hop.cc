#include "ringway/http/hop_by_hop.h"

#include <algorithm>
#include <array>

#include "chars.h"

namespace ringway::http {
namespace {

// Fields beside the known ones that a Connection field cannot have removed: they are meant for the
// recipient (RFC 9110, 7.6.1), and who names them wants to change what the next hop understands.
constexpr auto kept_names = std::to_array<std::string_view>(
    {"authorization", "cache-control", "content-encoding", "content-language", "content-location",
     "content-range", "etag", "last-modified", "range", "vary", "www-authenticate"});

bool is_kept_whatever_connection_says(std::string_view name) {
    switch (field_name_of(name)) {
        case FieldName::content_length:
        case FieldName::content_type:
        case FieldName::cookie:
        case FieldName::date:
        case FieldName::expect:
        case FieldName::forwarded:
        case FieldName::host:
        case FieldName::location:
        case FieldName::set_cookie:
        case FieldName::via:
        case FieldName::x_forwarded_for:
        case FieldName::x_forwarded_host:
        case FieldName::x_forwarded_port:
        case FieldName::x_forwarded_proto:
        case FieldName::x_request_id: return true;
        case FieldName::other: break;
        default: return false;
    }
    return std::any_of(kept_names.begin(), kept_names.end(),
                       [name](std::string_view kept) { return equals_ignoring_case(kept, name); });
}

// Those that are removed anyway, so that naming them asks for nothing.
bool is_usual_option(std::string_view option) {
    return equals_ignoring_case(option, "close") || is_hop_by_hop(field_name_of(option));
}

// Beside those that FieldName knows.
constexpr auto forbidden_trailers = std::to_array<std::string_view>(
    {"age", "authorization", "cache-control", "content-encoding", "content-range", "expires",
     "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
     "max-forwards", "pragma", "proxy-authentication-info", "range", "vary", "warning",
     "www-authenticate"});

}  // namespace

bool is_hop_by_hop(FieldName name) {
    switch (name) {
        case FieldName::connection:
        case FieldName::http2_settings:
        case FieldName::keep_alive:
        case FieldName::proxy_authorization:
        case FieldName::proxy_connection:
        case FieldName::te:
        case FieldName::transfer_encoding:
        case FieldName::upgrade: return true;
        default: return false;
    }
}

ConnectionOptions::ConnectionOptions(const FieldList& head) : head_(head) {
    for (const Field& field : head.fields()) {
        if (field.id != FieldName::connection) continue;
        for_each_element(head.value(field), [this](std::string_view option) {
            names_any_ = !is_usual_option(option);
            return !names_any_;
        });
        if (names_any_) return;
    }
}

bool ConnectionOptions::search(std::string_view field_name) const {
    bool found = false;
    for (const Field& field : head_.fields()) {
        if (field.id != FieldName::connection) continue;
        for_each_element(head_.value(field), [&](std::string_view option) {
            found = equals_ignoring_case(option, field_name);
            return !found;
        });
        if (found) return !is_kept_whatever_connection_says(field_name);
    }
    return false;
}

bool is_forbidden_in_trailers(FieldName name, std::string_view text) {
    switch (name) {
        case FieldName::proxy_status: return false;  // RFC 9209, 2: may come as a trailer
        case FieldName::other: break;
        default: return true;
    }
    return std::any_of(
        forbidden_trailers.begin(), forbidden_trailers.end(),
        [text](std::string_view forbidden) { return equals_ignoring_case(forbidden, text); });
}

}  // namespace ringway::http
