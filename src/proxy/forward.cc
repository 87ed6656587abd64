// One attempt at one request: the head and the body up, the response down, side by side.
//
// The loop is forward(), at the end. What moves in a turn is moved by plain functions of
// Forwarding; whatever they put into a queue leaves in that turn, in one send per socket.

#include <algorithm>

#include "forwarding.h"
#include "head_out.h"
#include "rewrites.h"

namespace ringway::proxy {

namespace {

using stats::ExchangeEnd;
using upstream::ExchangeOutcome;

BodyForm request_form(const http::Framing& framing) {
    switch (framing.kind) {
        case http::BodyKind::length: return BodyForm::length;
        case http::BodyKind::chunked: return BodyForm::chunked;
        default: return BodyForm::none;
    }
}

}  // namespace

Forwarding::Forwarding(Exchange& exchange)
    : x_(exchange),
      server_(*exchange.connection),
      socket_(server_.socket),
      up_(exchange.up, exchange.up_pump, exchange.up_flow, exchange.context.relay),
      down_(exchange.down, exchange.down_pump, exchange.down_flow, exchange.context.relay) {
    net::Socket* client = exchange.client.bare_socket();
    up_.set_ends(client, &socket_, &server_.out);
    down_.set_ends(&socket_, client, &exchange.client.out());
    server_.flow.direction = &exchange.context.stats.direction[0];
    sent_before_ = server_.flow.bytes;
}

// ---- the request ------------------------------------------------------------------------------

bool Forwarding::begin() {
    const http::Framing framing = x_.request_framing;
    x_.up.reset();
    x_.up.begin(framing, request_form(framing));
    if (framing.kind == http::BodyKind::chunked) {
        x_.up.set_limit(x_.route->body_bytes_max.value_or(x_.settings().body_bytes_max));
    }
    x_.down.reset();
    x_.response_parser.reset();
    char client_text[net::address_text_bytes_max];
    const RequestRewrite rewrite = rewrite_of(x_, *server_.endpoint, client_text);
    const bool queued =
        queue_head(x_.context.sockets.blocks, server_.out,
                   x_.request.head_bytes() + request_head_bytes_added_max(rewrite),
                   small_body(x_.client.body_in().bytes()),
                   [&](http::HeadWriter& writer) { write_request_head(writer, rewrite); });
    if (!queued) return false;
    x_.sent_at = x_.context.now;
    set_idle_deadline();
    return true;
}

void Forwarding::advance_request() {
    up_.advance(x_.client.body_in());
    flush_request();
    if (x_.up.has_failed()) {
        request_body_failed();
        return;
    }
    if (!up_.holds_reader()) {
        const bool parked = x_.client.regulate_reader(server_.out.bytes());
        socket_.set_wake_on_sent(parked && !up_.has_ended());
    }
    if (!waits_for_head_ && !head_done_ && request_is_complete()) {
        waits_for_head_ = true;
        const base::Duration span =
            x_.route->first_byte_timeout.value_or(x_.settings().first_byte_timeout);
        x_.client.deadline.set(std::min(x_.context.now + span, x_.deadline_at));
    }
}

void Forwarding::flush_request() {
    if (socket_.is_sending() || server_.out.empty() || socket_.is_broken()) return;
    if (!socket_.send_from(server_.out, server_.flow)) x_.client.wake.set_next_turn();
}

// Everything of it was read from the client and is at least on its way into the kernel.
bool Forwarding::request_is_complete() const {
    return up_.has_ended() && (server_.out.empty() || socket_.is_sending());
}

void Forwarding::request_body_failed() {
    if (x_.up.out_of_memory()) {
        fail(ExchangeEnd::internal);
    } else {
        fail(ExchangeEnd::bad_request, x_.up.fault());
    }
}

// ---- ends -------------------------------------------------------------------------------------

void Forwarding::fail(ExchangeEnd end, http::Fault fault) {
    over_ = true;
    attempt.failure = Failure{end, fault};
    if (!head_done_) server_.endpoint->stats->by_status_class[0].add();
    if (end == ExchangeEnd::upstream_bad) {
        x_.context.stats.http.response_faults[static_cast<std::size_t>(fault)].add();
    }
    const bool ours = end == ExchangeEnd::upstream_reset || end == ExchangeEnd::upstream_bad ||
                      end == ExchangeEnd::upstream_timeout;
    let_go(ours ? ExchangeOutcome::upstream_error : ExchangeOutcome::aborted_by_client, true);
}

void Forwarding::let_go(ExchangeOutcome outcome, bool reset) {
    up_.abandon();
    down_.abandon();
    release_gathered();
    discard_connection(x_, outcome, reset);
}

// ---- time -------------------------------------------------------------------------------------

base::Duration Forwarding::idle_timeout() const {
    return x_.route->idle_timeout.value_or(x_.settings().http_idle_timeout);
}

void Forwarding::set_idle_deadline() {
    waits_for_head_ = false;
    traffic_seen_ = traffic();
    x_.client.deadline.set(std::min(x_.context.now + idle_timeout(), x_.deadline_at));
}

std::uint64_t Forwarding::traffic() const {
    return x_.up.body_bytes() + x_.down.body_bytes() + server_.flow.bytes + x_.up_flow.bytes +
           x_.down_flow.bytes + x_.client.sent_bytes();
}

// A wake-up alone is no activity.
void Forwarding::renew_deadline() {
    if (waits_for_head_) return;
    const std::uint64_t sum = traffic();
    if (sum == traffic_seen_) return;
    traffic_seen_ = sum;
    x_.client.deadline.renew(std::min(x_.context.now + idle_timeout(), x_.deadline_at));
}

void Forwarding::time_out() {
    if (x_.context.now >= x_.deadline_at) {
        fail(ExchangeEnd::request_timeout);
    } else if (head_done_) {
        fail(x_.client.is_slow() ? ExchangeEnd::downstream_timeout : ExchangeEnd::upstream_timeout);
    } else {
        const bool client_is_late =
            !up_.has_ended() && server_.out.empty() && !socket_.is_sending();
        fail(client_is_late ? ExchangeEnd::downstream_timeout : ExchangeEnd::upstream_timeout);
    }
}

void Forwarding::look_around() {
    if (x_.client.is_cancelled()) {
        fail(ExchangeEnd::drained);
    } else if (x_.client.deadline.expired()) {
        time_out();
    }
}

void Forwarding::advance() {
    renew_deadline();
    advance_request();
    if (!over_) advance_response();
    if (!over_ && client_has_left()) fail(ExchangeEnd::downstream_aborted);
}

// A client that has everything may leave while the last splice is still being put away.
bool Forwarding::client_has_left() const {
    const bool has_everything = x_.down.has_ended() && down_.is_settling();
    return x_.client.is_gone() && !up_.holds_reader() && !has_everything;
}

async::Task<Attempt> forward(Exchange& exchange) {
    Forwarding forwarding(exchange);
    if (!forwarding.begin()) {
        discard_connection(exchange, ExchangeOutcome::aborted_by_client, true);
        Attempt failed;
        failed.failure = Failure{ExchangeEnd::internal};
        co_return failed;
    }
    forwarding.advance();
    while (!forwarding.is_over()) {
        co_await exchange.client.wake.wait();
        forwarding.look_around();
        if (!forwarding.is_over()) forwarding.advance();
    }
    // A slow client's last bytes: the exchange ends when they are with the kernel.
    while (forwarding.attempt.reuse != Reuse::cut && !forwarding.attempt.failure &&
           !exchange.client.flush()) {
        co_await exchange.client.wake.wait();
        if (exchange.client.is_gone() || exchange.client.is_cancelled() ||
            exchange.client.deadline.expired()) {
            exchange.end = ExchangeEnd::downstream_aborted;
            forwarding.attempt.reuse = Reuse::cut;
        }
    }
    co_return forwarding.attempt;
}

}  // namespace ringway::proxy
