// The words of HTTP that ringway itself must know: methods and field names (RFC 9110).
//
// A name is looked up once, when its line is parsed; everything after compares small numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringway::http {

enum class Method : std::uint8_t {
    get,
    head,
    post,
    put,
    delete_,  // NOLINT(readability-identifier-naming): "delete" is a keyword
    connect,
    options,
    trace,
    patch,
    other,
};
inline constexpr std::size_t method_count = 10;

// Methods are case-sensitive (RFC 9110, 9.1): "get" is `other`.
Method method_of(std::string_view token);
std::string_view name_of(Method method);  // "GET"; "other" for other
bool is_idempotent(Method method);        // RFC 9110, 9.2.2
bool is_safe(Method method);              // RFC 9110, 9.2.1

// The fields that decide something here; all others are `other` and are passed on as they are.
enum class FieldName : std::uint8_t {
    other,
    accept,
    connection,
    content_length,
    content_type,
    cookie,
    date,
    expect,
    forwarded,
    host,
    http2_settings,
    keep_alive,
    location,
    proxy_authenticate,
    proxy_authorization,
    proxy_connection,
    proxy_status,
    referer,
    retry_after,
    server,
    set_cookie,
    te,
    trailer,
    transfer_encoding,
    upgrade,
    user_agent,
    via,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_port,
    x_forwarded_proto,
    x_request_id,
};

FieldName field_name_of(std::string_view name);  // any case
std::string_view name_of(FieldName name);        // "Content-Length"; empty for other

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace ringway::http
