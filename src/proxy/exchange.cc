// One exchange, whatever the version of HTTP the client speaks.
//
//   serve               THE function to read first
//     understand        target, framing, wishes: what is asked      (here)
//     choose_route      which route, and what it allows             (here)
//     enter_flights     may one more request be in flight           (proxy/flights.cc)
//     lease_connection  a pooled connection, or a new one           (proxy/lease.cc)
//     forward           heads and bodies both ways                  (proxy/forward.cc)
//     may_retry         the one decision about second attempts      (here)
//     tunnel            after 101 or CONNECT                        (proxy/tunnel.cc)
//     fail              the one mapping of what went wrong to a reply (here, proxy/local_reply.cc)
//   account             counts and the access log                   (proxy/account.cc)

#include "ringway/proxy/exchange.h"

#include <algorithm>

#include "exchange_steps.h"
#include "head_out.h"
#include "rewrites.h"
#include "ringway/base/assert.h"
#include "ringway/base/planted.h"

namespace ringway::proxy {

namespace {

using stats::ExchangeEnd;

}  // namespace

Exchange::Exchange(Context& owner, ClientStream& served, Accepted& connection_of,
                   std::uint64_t exchange_number)
    : context(owner),
      client(served),
      session(connection_of),
      generation(owner.generations.current()),
      number(exchange_number),
      parser(request, generation.head_limits),
      lease(*this),
      response_parser(response, generation.head_limits),
      up(owner.sockets.blocks, generation.head_limits),
      down(owner.sockets.blocks, generation.head_limits),
      up_pump(owner.relay, up_flow),
      down_pump(owner.relay, down_flow),
      began_at(owner.now) {
    owner.generations.pin(generation);
    sent_before = served.sent_bytes();
    up_flow.direction = &owner.stats.direction[0];
    down_flow.direction = &owner.stats.direction[1];
}

Exchange::~Exchange() {
    RW_ASSERT(connection == nullptr);
    if (request_block != nullptr) context.sockets.blocks.release(*request_block);
    context.generations.unpin(generation);
}

// ---- understanding ----------------------------------------------------------------------------

namespace {

std::optional<Failure> bad_request(http::Fault fault) {
    if (fault == http::Fault::none) return std::nullopt;
    return Failure{ExchangeEnd::bad_request, fault};
}

// Where the target and the body's length are decided, once. After an error nothing of what the
// client sends may be interpreted.
std::optional<Failure> understand(Exchange& exchange) {
    const http::RequestHead& head = exchange.request;
    const http::ConnectionWishes wishes = http::connection_wishes(head, head.version_minor);
    exchange.client_keeps_alive = exchange.client_keeps_alive && wishes.keep_alive;
    if (auto failure = bad_request(wishes.fault)) return failure;
    const http::FramingResult framing = http::frame_request(head);
    if (auto failure = bad_request(framing.fault)) return failure;
    exchange.request_framing = framing.framing;
    const auto room = exchange.request_block->room();
    const std::size_t target_room = std::size_t{head.target.bytes} + 1;
    const http::TargetResult target = http::read_target(head, room.first(target_room));
    if (auto failure = bad_request(target.fault)) return failure;
    exchange.target = target.target;
    if (target.target.form != http::TargetForm::authority) {  // CONNECT has no path
        const http::NormalPath path =
            http::normalize_path(target.target.path, room.subspan(target_room));
        if (auto failure = bad_request(path.fault)) return failure;
        exchange.path = path.path;
    }
    if (auto failure = bad_request(http::expectation_of(head).fault)) return failure;
    exchange.wants_upgrade = wishes.upgrade;  // without a body: what follows is to be the protocol
    return std::nullopt;
}

std::uint64_t body_limit(const Exchange& exchange) {
    return exchange.route->body_bytes_max.value_or(exchange.settings().body_bytes_max);
}

std::optional<Failure> check_limits(const Exchange& exchange) {
    const config::Route& route = *exchange.route;
    if (route.header_bytes_max && exchange.request.head_bytes() > *route.header_bytes_max) {
        return Failure{ExchangeEnd::bad_request, http::Fault::head_too_large};
    }
    const std::uint64_t limit = body_limit(exchange);
    if (limit != 0 && exchange.request_framing.kind == http::BodyKind::length &&
        exchange.request_framing.length > limit) {
        return Failure{ExchangeEnd::bad_request, http::Fault::body_too_large};
    }
    if (exchange.request.method == http::Method::connect && !route.connect_allowed) {
        return Failure{ExchangeEnd::bad_request, http::Fault::connect_forbidden};
    }
    return std::nullopt;
}

std::optional<Failure> choose_route(Exchange& exchange) {
    exchange.route = exchange.generation.routes.find(
        {exchange.session.listener, exchange.target.host, exchange.path, exchange.request});
    if (exchange.route == nullptr) return Failure{ExchangeEnd::no_route};
    exchange.route_state = &exchange.context.traffic.routes[exchange.route->slot];
    exchange.route_state->stats->count_begin();
    if (exchange.route->action == config::RouteAction::forward) {
        exchange.upstream_state = &exchange.context.traffic.upstreams[exchange.route->upstream];
        exchange.upstream_state->stats->count_begin();
    }
    return check_limits(exchange);
}

void name_request(Exchange& exchange) {
    const std::uint64_t random[2] = {exchange.context.random.next(),
                                     exchange.context.random.next()};
    exchange.request_id =
        request_id_of(exchange.settings(), exchange.request, random, exchange.request_id_room);
}

void set_request_deadline(Exchange& exchange) {
    const base::Duration span =
        exchange.route->request_timeout.value_or(exchange.settings().request_timeout);
    exchange.deadline_at = exchange.head_at + span;
}

// ---- answering by ourselves -------------------------------------------------------------------

// True when the request's body has arrived to its end: then the next request may follow.
bool swallow_body(Exchange& exchange) {
    if (exchange.up.has_ended()) return true;
    if (exchange.up.body_bytes() > 0 || exchange.connection != nullptr) return false;
    net::SliceQueue nowhere(exchange.context.sockets);
    exchange.up.reset();
    exchange.up.begin(exchange.request_framing, BodyForm::none);
    exchange.up.advance(exchange.client.body_in(), nowhere, UINT32_MAX);
    return exchange.up.has_ended();
}

LocalReply reply_for(Exchange& exchange, bool close) {
    LocalReply reply{.settings = exchange.settings()};
    reply.head_only = exchange.request.method == http::Method::head && exchange.head_complete;
    reply.close = close;
    const bool old = exchange.head_complete && exchange.request.version_minor == 0;
    reply.say_keep_alive = old && !close;
    reply.accepts_json = exchange.head_complete && accepts_json(exchange.request);
    reply.request_id = exchange.request_id;
    reply.date = date_now(exchange.context);
    if (exchange.upstream_state != nullptr) {
        reply.upstream = exchange.settings().upstreams[exchange.route->upstream].name;
    }
    return reply;
}

// Puts a whole reply into the client's queue. False when there is no memory for it.
template <typename Write>
bool send_reply(Exchange& exchange, std::size_t bytes_max, Write write) {
    if (!queue_head(exchange.context.sockets.blocks, exchange.client.out(), bytes_max, 0, write)) {
        return false;
    }
    exchange.client.flush();
    return true;
}

Reuse reuse_after_reply(const Exchange& exchange, bool close) {
    if (!close) return Reuse::keep;
    return exchange.up.has_ended() ? Reuse::close : Reuse::linger;
}

// Decided when the reply is written: a drain may have begun since the request's head.
bool must_close(Exchange& exchange) {
    const bool body_is_here = swallow_body(exchange);  // then nobody has to be waited for
    return !body_is_here || !exchange.client_keeps_alive || exchange.context.is_draining();
}

Reuse fail(Exchange& exchange, const Failure& failure) {
    exchange.end = failure.end;
    exchange.fault = failure.fault;
    const bool nobody =
        failure.end == ExchangeEnd::downstream_aborted || failure.end == ExchangeEnd::drained;
    // Once a response has begun, nothing may follow it that could pass for its end.
    if (nobody || exchange.response_begun) return Reuse::cut;
    const bool ambiguous =
        failure.end == ExchangeEnd::bad_request && !base::planted(base::Bug::kept_after_error);
    const bool close = ambiguous || must_close(exchange);
    LocalReply reply = reply_for(exchange, close);
    exchange.status = failure.status();
    if (exchange.status == 503) reply.retry_after_s = 1;
    const bool sent =
        send_reply(exchange, local_reply_bytes_max(reply, nullptr, nullptr),
                   [&](http::HeadWriter& writer) { write_failure(writer, reply, failure); });
    if (failure.end == ExchangeEnd::overloaded) {
        exchange.context.stats.http.shed.record(exchange.context.now - exchange.head_at,
                                                exchange.context.now);
    }
    return sent ? reuse_after_reply(exchange, close) : Reuse::cut;
}

Reuse answer_here(Exchange& exchange) {
    const config::Route& route = *exchange.route;
    exchange.end = ExchangeEnd::answered_here;
    exchange.status = route.status;
    const bool close = must_close(exchange);
    const LocalReply reply = reply_for(exchange, close);
    const bool sent = send_reply(exchange, local_reply_bytes_max(reply, &route, &exchange.target),
                                 [&](http::HeadWriter& writer) {
                                     if (route.action == config::RouteAction::redirect) {
                                         exchange.status =
                                             write_redirect(writer, reply, route, exchange.target);
                                     } else {
                                         write_fixed_reply(writer, reply, route);
                                     }
                                 });
    return sent ? reuse_after_reply(exchange, close) : Reuse::cut;
}

// OPTIONS and TRACE that may go no further (RFC 9110, 7.6.2).
Reuse answer_as_last_hop(Exchange& exchange) {
    exchange.end = ExchangeEnd::answered_here;
    const bool close = must_close(exchange);
    const LocalReply reply = reply_for(exchange, close);
    const bool sent = send_reply(
        exchange, local_reply_bytes_max(reply, nullptr, nullptr), [&](http::HeadWriter& writer) {
            exchange.status = write_last_hop_reply(writer, reply, exchange.request.method);
        });
    return sent ? reuse_after_reply(exchange, close) : Reuse::cut;
}

// ---- attempts ---------------------------------------------------------------------------------

// The one decision about second attempts (RFC 9110, 9.2.2). Nothing may have come back, and the
// request must be there to be sent again. Where it may have reached the endpoint it must be
// idempotent, and the connection one that may just have been closed for being idle.
bool may_retry(Exchange& exchange, const Attempt& attempt) {
    const config::Upstream& upstream = exchange.settings().upstreams[exchange.route->upstream];
    if (!attempt.may_be_repeated || exchange.client.is_gone()) return false;
    if (exchange.retries >= upstream.retries_max) return false;
    if (attempt.was_sent && !base::planted(base::Bug::post_sent_twice)) {
        if (!attempt.was_reused || !http::is_idempotent(exchange.request.method)) return false;
    }
    if (exchange.context.now >= exchange.deadline_at) return false;
    if (!exchange.context.pools.retry_budget(exchange.route->upstream).take(exchange.context.now)) {
        exchange.route_state->stats->retries_denied.add();
        exchange.upstream_state->stats->retries_denied.add();
        return false;
    }
    ++exchange.retries;
    exchange.route_state->stats->retries.add();
    exchange.upstream_state->stats->retries.add();
    return true;
}

Failure why_not_entered(const Exchange& exchange) {
    if (exchange.client.is_cancelled()) return {ExchangeEnd::drained};
    if (exchange.client.is_gone()) return {ExchangeEnd::downstream_aborted};
    return {ExchangeEnd::overloaded};
}

async::Task<Reuse> serve_upstream(Exchange& exchange) {
    exchange.context.pools.retry_budget(exchange.route->upstream)
        .note_request(exchange.context.now);
    for (;;) {
        if (!lease_at_once(exchange)) {
            auto leasing = lease_connection(exchange);
            const std::optional<Failure> refused = co_await leasing;
            if (refused) co_return fail(exchange, *refused);
        }
        Attempt attempt;
        {
            auto forwarding = forward(exchange);
            attempt = co_await forwarding;
        }
        if (attempt.tunnels) {
            auto tunnelling = tunnel(exchange);
            co_return co_await tunnelling;
        }
        if (!attempt.failure) co_return attempt.reuse;
        if (!may_retry(exchange, attempt)) co_return fail(exchange, *attempt.failure);
    }
}

}  // namespace

Reuse refuse(Exchange& exchange, const Failure& failure) { return fail(exchange, failure); }

async::Task<Reuse> serve(Exchange& exchange) {
    name_request(exchange);
    std::optional<Failure> refused = understand(exchange);
    if (!refused) refused = choose_route(exchange);
    // Nobody would read the answer: then nobody is asked for it either.
    if (!refused && exchange.client.is_gone()) refused = Failure{ExchangeEnd::downstream_aborted};
    Reuse reuse = Reuse::close;
    if (!refused && !enter_flights(exchange)) {
        auto waiting = wait_to_enter(exchange);
        const bool entered = co_await waiting;
        if (!entered) refused = why_not_entered(exchange);
    }
    if (refused) {
        reuse = fail(exchange, *refused);
    } else if (exchange.route->action != config::RouteAction::forward) {
        reuse = answer_here(exchange);
    } else if (max_forwards_of(exchange.request) == 0u) {
        reuse = answer_as_last_hop(exchange);
    } else {
        set_request_deadline(exchange);
        auto serving = serve_upstream(exchange);
        reuse = co_await serving;
    }
    leave_flights(exchange);
    co_return reuse;
}

}  // namespace ringway::proxy
