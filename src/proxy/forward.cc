// One attempt at one request: the head and the body up, the response down, side by side.
//
// The loop is forward(), at the end. What moves in a turn is moved by plain functions of
// Forwarding; whatever they put into a queue leaves in that turn, in one send per socket.

#include <algorithm>

#include "body_way.h"
#include "exchange_steps.h"
#include "head_gather.h"
#include "head_out.h"
#include "rewrites.h"
#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/proxy/reader.h"
#include "sticky.h"

namespace ringway::proxy {

namespace {

using stats::ExchangeEnd;
using upstream::ExchangeOutcome;

constexpr unsigned interim_responses_max = 32;
// From so large a body on, the connection's next response is expected to be large, too.
constexpr std::uint64_t bulk_bytes_min = 48 * 1024;
constexpr std::size_t bulk_look_bytes = 4096;

BodyForm request_form(const http::Framing& framing) {
    switch (framing.kind) {
        case http::BodyKind::length: return BodyForm::length;
        case http::BodyKind::chunked: return BodyForm::chunked;
        default: return BodyForm::none;
    }
}

// What of a body may be sent in one piece with its head (net::Socket gathers so few bytes).
std::size_t small_body(std::uint32_t arrived_bytes) {
    constexpr std::uint32_t small_bytes = 3072;
    return arrived_bytes <= small_bytes ? arrived_bytes : 0;
}

// A 101 must choose among the protocols that were asked for (RFC 9110, 7.8).
bool upgrades_as_asked(const http::RequestHead& request, const http::ResponseHead& response) {
    const std::string_view chosen = response.value_of(http::FieldName::upgrade);
    bool asked = false;
    http::for_each_element(request.value_of(http::FieldName::upgrade), [&](std::string_view each) {
        asked = http::equals_ignoring_case(each, chosen);
        return !asked;
    });
    return asked;
}

class Forwarding {
  public:
    explicit Forwarding(Exchange& exchange);

    // Queues the request's head. False when there is no memory for it.
    bool begin();
    // Moves everything that can be moved now.
    void advance();
    // After a wake-up: who has left, and what has taken too long.
    void look_around();
    bool is_over() const { return over_; }
    Attempt attempt;

  private:
    void advance_request();
    void advance_response();
    void look_at_bulk();
    void release_gathered();
    void consume_head(std::uint32_t bytes);
    bool pass_interim();
    void begin_response();
    bool write_response(const ResponseRewrite& rewrite);
    void flush_request();
    void request_body_failed();
    void server_ended();
    void response_ended();
    void fail(ExchangeEnd end, http::Fault fault = http::Fault::none);
    void end_with_cut();
    void let_go(ExchangeOutcome outcome, bool reset);
    void time_out();
    void set_idle_deadline();
    void renew_deadline();
    bool request_is_complete() const;
    bool nothing_came_back() const;
    bool client_has_left() const;
    std::uint64_t traffic() const;
    base::Duration idle_timeout() const;

    Exchange& x_;
    upstream::Connection& server_;
    net::Socket& socket_;
    BodyWay up_;
    BodyWay down_;
    Reader reader_;
    Gathered gathered_;  // a response's head that comes in pieces
    std::uint64_t traffic_seen_ = 0;
    std::uint64_t sent_before_ = 0;  // on this connection, by earlier requests
    unsigned interim_ = 0;
    bool head_done_ = false;
    bool waits_for_head_ = false;  // the request is complete: the first-byte timeout runs
    bool over_ = false;
};

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

// ---- the response's head ----------------------------------------------------------------------

// Reads the head of what is likely to be a large response, and little of its body.
void Forwarding::look_at_bulk() {
    if (!server_.bulk || head_done_ || !socket_.readable) return;
    socket_.readable = false;
    socket_.receive_into_block(bulk_look_bytes);
}

void Forwarding::advance_response() {
    look_at_bulk();
    while (!head_done_ && !over_ && !socket_.received().empty()) {
        const http::Progress progress = parse_head(x_.response_parser, socket_.received(),
                                                   x_.context.sockets.blocks, gathered_);
        if (progress == http::Progress::failed) {
            const http::Fault fault = x_.response_parser.fault();
            fail(fault == http::Fault::none ? ExchangeEnd::internal : ExchangeEnd::upstream_bad,
                 fault);
            return;
        }
        if (progress == http::Progress::need_more) break;
        const int status = x_.response.status;
        if (status >= 200 || status == 101) {
            begin_response();
        } else if (!pass_interim()) {
            return;
        }
    }
    if (head_done_ && !over_) {
        down_.advance(socket_.received());
        if (x_.down.has_failed()) {
            x_.context.stats.http.response_faults[static_cast<std::size_t>(x_.down.fault())].add();
            end_with_cut();
            return;
        }
    }
    if (over_) return;
    // Read the fact first: a direction that ends its splice here may have found the end as well.
    const bool ended = socket_.has_ended() || socket_.is_broken();
    if (ended && !down_.holds_reader() && socket_.received().empty()) server_ended();
    if (over_) return;
    x_.client.flush();
    if (head_done_ && down_.has_ended()) {
        response_ended();
        return;
    }
    if (!down_.holds_reader()) {
        const std::uint64_t held = socket_.received().bytes() + x_.client.out().bytes();
        // What stays behind for want of room goes on when the client took some, be the reader
        // parked or the endpoint's connection at its end.
        const bool parked = reader_.regulate(socket_, x_.context.relay, held);
        const bool waits = parked || !socket_.received().empty();
        x_.client.set_wake_on_sent(waits && !base::planted(base::Bug::reader_never_resumed));
    }
}

// The head's bytes leave the queue, now that all of it that passes was written elsewhere.
void Forwarding::consume_head(std::uint32_t bytes) {
    std::uint32_t used = bytes - gathered_.taken_bytes;
    const bool more = socket_.received().bytes() > used;
    if (more && base::planted(base::Bug::body_start_lost)) ++used;
    socket_.received().consume(used);
    release_gathered();
}

void Forwarding::release_gathered() {
    if (gathered_.block != nullptr) x_.context.sockets.blocks.release(*gathered_.block);
    gathered_ = {};
}

// A 100 or 103 on its way to the client. False when the attempt is over.
bool Forwarding::pass_interim() {
    if (++interim_ > interim_responses_max) {
        fail(ExchangeEnd::upstream_bad, http::Fault::bad_status_line);
        return false;
    }
    if (x_.client.takes_interim_responses()) {
        const ResponseRewrite sizing{
            .settings = x_.settings(), .route = *x_.route, .head = x_.response};
        const bool queued = queue_head(
            x_.context.sockets.blocks, x_.client.out(),
            x_.response.head_bytes() + response_head_bytes_added_max(sizing), 0,
            [&](http::HeadWriter& out) { write_interim_head(out, x_.settings(), x_.response); });
        if (!queued) {
            fail(ExchangeEnd::internal);
            return false;
        }
    }
    consume_head(x_.response.head_bytes());
    x_.response_parser.reset();
    return true;
}

void Forwarding::begin_response() {
    const http::RequestTraits traits{x_.request.method, x_.wants_upgrade};
    const http::FramingResult framing = http::frame_response(x_.response, traits);
    const http::ConnectionWishes wishes =
        http::connection_wishes(x_.response, x_.response.version_minor);
    http::Fault fault = framing.fault != http::Fault::none ? framing.fault : wishes.fault;
    if (x_.response.status == 101 && !upgrades_as_asked(x_.request, x_.response)) {
        fault = http::Fault::bad_upgrade;
    }
    if (fault != http::Fault::none) {
        fail(ExchangeEnd::upstream_bad, fault);
        return;
    }
    x_.response_tunnels = framing.framing.kind == http::BodyKind::tunnel;
    x_.upstream_keeps_alive =
        wishes.keep_alive && framing.framing.kind != http::BodyKind::until_close;
    // A body that was refused while it comes is better not sent at all.
    const bool refuses_body = x_.response.status >= 400 && !x_.up.has_ended();
    bool close = !x_.client_keeps_alive || refuses_body || x_.context.is_draining();
    const BodyForm form = x_.client.form_for(framing.framing, close);
    char cookie_room[sticky_cookie_bytes_max];
    ResponseRewrite rewrite = response_rewrite_of(x_, framing.framing, form, close);
    rewrite.sticky_cookie = sticky_cookie_for(x_, *server_.endpoint, cookie_room);
    x_.client_keeps_alive = !close;
    x_.status = x_.response.status;
    server_.endpoint->stats->by_status_class[stats::status_class_of(x_.status)].add();
    if (!write_response(rewrite)) {
        fail(ExchangeEnd::internal);
        return;
    }
    head_done_ = true;
    x_.response_begun = true;
    x_.times.first_byte = x_.context.now - x_.sent_at;
    x_.context.pools.note_latency(*server_.endpoint, x_.times.first_byte);
    x_.down_form = form;
    x_.down.begin(framing.framing, form);
    consume_head(x_.response.head_bytes());
    set_idle_deadline();
}

bool Forwarding::write_response(const ResponseRewrite& rewrite) {
    return queue_head(x_.context.sockets.blocks, x_.client.out(),
                      x_.response.head_bytes() + response_head_bytes_added_max(rewrite),
                      small_body(socket_.received().bytes()),
                      [&](http::HeadWriter& writer) { write_response_head(writer, rewrite); });
}

// ---- ends -------------------------------------------------------------------------------------

bool Forwarding::nothing_came_back() const {
    return !head_done_ && interim_ == 0 && gathered_.block == nullptr && socket_.received().empty();
}

// Nothing more comes from the endpoint, and everything that came was dealt with.
void Forwarding::server_ended() {
    if (!head_done_) {
        attempt.was_reused = server_.is_reused();
        // A send that has not ended may have sent all it has.
        attempt.was_sent = server_.flow.bytes > sent_before_ || x_.up_flow.bytes > 0 ||
                           (socket_.is_sending() && !base::planted(base::Bug::late_send_unseen));
        attempt.may_be_repeated = nothing_came_back() && x_.up.body_bytes() == 0;
        fail(ExchangeEnd::upstream_reset);
        return;
    }
    if (socket_.is_broken()) {
        if (!x_.down.has_ended()) end_with_cut();
        return;
    }
    x_.down.source_ended(x_.client.out());
    x_.upstream_keeps_alive = false;
    if (x_.down.was_cut()) end_with_cut();
}

// The response is all there, and in the client's queue or beyond.
void Forwarding::response_ended() {
    over_ = true;
    if (x_.response_tunnels) {
        attempt.tunnels = true;
        return;
    }
    server_.bulk = x_.down.body_bytes() >= bulk_bytes_min;
    socket_.readable = false;
    const bool request_done = (up_.has_ended() || base::planted(base::Bug::unfinished_reused)) &&
                              server_.out.empty() && !socket_.is_sending();
    const bool reusable = x_.upstream_keeps_alive && request_done && server_.is_clean();
    x_.end = ExchangeEnd::finished;
    if (reusable) {
        socket_.set_wake_on_sent(false);
        x_.context.pools.give_back(server_, ExchangeOutcome::success);
        x_.connection = nullptr;
    } else {
        let_go(ExchangeOutcome::success, !request_done);
    }
    if (!x_.up.has_ended() && !base::planted(base::Bug::early_answer_keeps_open)) {
        attempt.reuse = Reuse::linger;
    } else {
        attempt.reuse = x_.client_keeps_alive ? Reuse::keep : Reuse::close;
    }
}

// The response's body ended before it should. What came of it is delivered; a body with a length or
// chunks is seen to be incomplete then, and one that ends with its connection ends with a reset.
void Forwarding::end_with_cut() {
    over_ = true;
    x_.end = ExchangeEnd::upstream_cut;
    const bool shows =
        x_.down_form != BodyForm::until_close || base::planted(base::Bug::cut_looks_ended);
    attempt.reuse = shows ? Reuse::close : Reuse::cut;
    let_go(ExchangeOutcome::upstream_error, true);
}

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

}  // namespace

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
