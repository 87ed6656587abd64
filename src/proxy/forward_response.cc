// The response's way through an attempt: its head, its body, and how it ends.

#include "forwarding.h"
#include "head_out.h"
#include "rewrites.h"
#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/http/hop_by_hop.h"
#include "sticky.h"

namespace ringway::proxy {

namespace {

using stats::ExchangeEnd;
using upstream::ExchangeOutcome;

constexpr unsigned interim_responses_max = 32;
// From so large a body on, the connection's next response is expected to be large, too.
constexpr std::uint64_t bulk_bytes_min = 48 * 1024;
constexpr std::size_t bulk_look_bytes = 4096;

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

}  // namespace

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
        attempt.was_sent =
            server_.flow.bytes > sent_before_ || x_.up_flow.bytes > 0 || socket_.is_sending();
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

}  // namespace ringway::proxy
