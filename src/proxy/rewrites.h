// What head_rewrite is told about one exchange: facts gathered from it, nothing decided.
#pragma once

#include <span>
#include <string_view>

#include "ringway/net/address.h"
#include "ringway/proxy/exchange.h"
#include "ringway/proxy/head_rewrite.h"
#include "sticky.h"

namespace ringway::proxy {

// `client_text` is room for the client's address and must live as long as the result.
RequestRewrite rewrite_of(Exchange& exchange, const upstream::Endpoint& endpoint,
                          std::span<char, net::address_text_bytes_max> client_text);
ResponseRewrite response_rewrite_of(Exchange& exchange, const http::Framing& framing, BodyForm form,
                                    bool close);
// For Date fields; valid until the next call.
std::string_view date_now(Context& context);
// The Set-Cookie that keeps the client at this endpoint; empty when none is due.
std::string_view sticky_cookie_for(const Exchange& exchange, const upstream::Endpoint& endpoint,
                                   std::span<char, sticky_cookie_bytes_max> room);

}  // namespace ringway::proxy
