// The heads that leave: a client's request towards an endpoint, an endpoint's response towards the
// client. THE place where fields are dropped, added and kept.
//
// Pure: reads parsed heads and decisions, writes bytes. Order and spelling of what is passed on are
// kept. Framing fields are written from the framing decision (http/framing.h), never copied.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ringway/config/settings.h"
#include "ringway/http/framing.h"
#include "ringway/http/head.h"
#include "ringway/http/target.h"
#include "ringway/http/writer.h"

namespace ringway::proxy {

// What is added to a request on its way.
struct RequestRewrite {
    const config::Settings& settings;
    const config::Route& route;
    const http::RequestHead& head;
    const http::Target& target;
    http::Framing framing;            // of the body that will be sent
    std::string_view matched_path{};  // normalized path, for rewrite
    std::string_view client_host{};   // "10.0.0.1", "2001:db8::1" (no port), or "unix"
    bool client_is_trusted = false;   // its forwarded fields are kept and added to
    std::string_view listener_scheme = "http";
    std::uint16_t listener_port = 0;
    std::string_view endpoint_authority{};  // for HostPolicy::endpoint, and where no Host came
    std::string_view request_id{};          // empty: none to be written
    bool upgrade = false;                   // keep Upgrade, and say "Connection: upgrade"
};
void write_request_head(http::HeadWriter& out, const RequestRewrite& rewrite);

// How the response's body will be framed towards an HTTP/1 client.
enum class BodyForm : std::uint8_t { none, length, chunked, until_close };

struct ResponseRewrite {
    const config::Settings& settings;
    const config::Route& route;
    const http::ResponseHead& head;
    BodyForm form = BodyForm::none;
    std::uint64_t length = 0;        // of BodyForm::length
    bool keep_length_field = false;  // HEAD and 304: Content-Length says what would have come
    bool close = false;              // "Connection: close"
    bool say_keep_alive = false;     // an HTTP/1.0 client that asked for it
    bool upgrade = false;            // a 101
    std::string_view request_id{};
    std::string_view sticky_cookie{};  // a whole Set-Cookie value, or empty
    std::string_view date{};  // now (HttpDate), for a response that came without; empty: none
};
void write_response_head(http::HeadWriter& out, const ResponseRewrite& rewrite);
// 100 Continue, 103 Early Hints: passed on with their fields.
void write_interim_head(http::HeadWriter& out, const config::Settings& settings,
                        const http::ResponseHead& head);

// The request id to use: what the client sent when it is acceptable (1 to 128 visible characters),
// else 32 hexadecimal digits made of `random` into `room`.
std::string_view request_id_of(const config::Settings& settings, const http::RequestHead& head,
                               std::span<const std::uint64_t, 2> random, std::span<char> room);

// Max-Forwards of OPTIONS and TRACE (RFC 9110, 7.6.2); nullopt for other methods and where there is
// no usable one. At 0 the request is answered here (write_last_hop_reply); write_request_head
// passes it on less one.
std::optional<std::uint32_t> max_forwards_of(const http::RequestHead& head);

// Bytes that write_request_head may add to a head, at most; to size its block. Likewise responses.
std::size_t request_head_bytes_added_max(const RequestRewrite& rewrite);
std::size_t response_head_bytes_added_max(const ResponseRewrite& rewrite);

}  // namespace ringway::proxy
