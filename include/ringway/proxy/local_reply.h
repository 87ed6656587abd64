// Replies that ringway gives itself: errors, redirects, fixed replies.
//
// Pure: writes a whole response (head and body) into a buffer. The one mapping from what went wrong
// to a status, a Proxy-Status field (RFC 9209) and a sentence.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/config/settings.h"
#include "ringway/http/fault.h"
#include "ringway/http/head.h"
#include "ringway/http/names.h"
#include "ringway/http/target.h"
#include "ringway/http/writer.h"
#include "ringway/stats/http_stats.h"

namespace ringway::proxy {

// What went wrong with an exchange, before its response had begun.
struct Failure {
    stats::ExchangeEnd end = stats::ExchangeEnd::internal;
    http::Fault fault = http::Fault::none;  // of bad_request (the request's), upstream_bad (the
                                            // response's)
    int status() const;                     // 400, 404, 408, 502, 503, 504, ...
    std::string_view proxy_status_error() const;  // "connection_refused", ...; empty: not ours
    std::string_view sentence() const;
};

struct LocalReply {
    const config::Settings& settings;
    bool head_only = false;       // the answer to HEAD: no body
    bool close = false;           // Connection: close
    bool say_keep_alive = false;  // to an HTTP/1.0 client that asked for it
    bool accepts_json = false;
    std::string_view request_id{};    // empty: none
    std::string_view upstream{};      // for Proxy-Status; empty: none was asked
    std::uint32_t retry_after_s = 0;  // 0: no Retry-After
    std::string_view date{};          // now, as HttpDate writes it
};

// True when the client's Accept prefers JSON over what a browser asks for.
bool accepts_json(const http::RequestHead& head);

void write_failure(http::HeadWriter& out, const LocalReply& reply, const Failure& failure);
// Location is the route's with {host} (without a port), {path} and {query} (with its '?') of the
// target put in; what could end the line or name another host is escaped. Returns the status: the
// route's, or 400 where the host is needed and an HTTP/1.0 client named none.
int write_redirect(http::HeadWriter& out, const LocalReply& reply, const config::Route& route,
                   const http::Target& target);
void write_fixed_reply(http::HeadWriter& out, const LocalReply& reply, const config::Route& route);
// To an OPTIONS or TRACE whose Max-Forwards is 0 (max_forwards_of): 200, or 405 for TRACE, which is
// not reflected here. Returns the status.
int write_last_hop_reply(http::HeadWriter& out, const LocalReply& reply, http::Method method);

// Room that suffices for any of them.
std::size_t local_reply_bytes_max(const LocalReply& reply, const config::Route* route,
                                  const http::Target* target);

}  // namespace ringway::proxy
