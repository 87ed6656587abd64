#include "rewrites.h"

#include "ringway/config/cidr.h"
#include "ringway/ring/sys.h"

namespace ringway::proxy {

RequestRewrite rewrite_of(Exchange& exchange, const upstream::Endpoint& endpoint,
                          std::span<char, net::address_text_bytes_max> client_text) {
    const net::Address& client = exchange.session.client();
    const config::Settings& settings = exchange.settings();
    const config::Listener& listener = exchange.session.listener_settings();
    RequestRewrite rewrite{.settings = settings,
                           .route = *exchange.route,
                           .head = exchange.request,
                           .target = exchange.target};
    rewrite.framing = exchange.request_framing;
    rewrite.matched_path = exchange.path;
    if (client.family() == AF_UNIX) {
        rewrite.client_host = "unix";
    } else {
        rewrite.client_host = {client_text.data(), client.write_host(client_text)};
        rewrite.client_is_trusted = !settings.trusted_proxies.empty() &&
                                    config::any_contains(settings.trusted_proxies, client.mapped());
    }
    rewrite.listener_port = listener.target.port;
    rewrite.endpoint_authority = endpoint.authority;
    rewrite.request_id = exchange.request_id;
    rewrite.upgrade = exchange.wants_upgrade;
    return rewrite;
}

ResponseRewrite response_rewrite_of(Exchange& exchange, const http::Framing& framing, BodyForm form,
                                    bool close) {
    ResponseRewrite rewrite{
        .settings = exchange.settings(), .route = *exchange.route, .head = exchange.response};
    rewrite.form = form;
    rewrite.length = framing.length;
    rewrite.keep_length_field = framing.kind == http::BodyKind::none;
    const bool tunnels = framing.kind == http::BodyKind::tunnel;
    rewrite.close = close && !tunnels;
    rewrite.say_keep_alive = !close && exchange.request.version_minor == 0;
    rewrite.upgrade = tunnels && exchange.response.status == 101;
    rewrite.request_id = exchange.request_id;
    if (exchange.response.find(http::FieldName::date) == nullptr) {
        rewrite.date = date_now(exchange.context);
    }
    return rewrite;
}

std::string_view date_now(Context& context) {
    constexpr std::int64_t us_per_second = 1'000'000;
    return context.date.at(ring::sys::wall_clock_us() / us_per_second);
}

std::string_view sticky_cookie_for(const Exchange& exchange, const upstream::Endpoint& endpoint,
                                   std::span<char, sticky_cookie_bytes_max> room) {
    const config::Upstream& settings = exchange.settings().upstreams[exchange.route->upstream];
    if (settings.sticky_cookie.empty()) return {};
    const std::string_view given = cookie_of(exchange.request, settings.sticky_cookie);
    const upstream::StickyValue value = upstream::PoolSet::sticky_value(endpoint);
    const std::string_view wanted{value.data(), value.size()};
    if (given == wanted) return {};
    return write_sticky_cookie(settings.sticky_cookie, wanted, room);
}

}  // namespace ringway::proxy
