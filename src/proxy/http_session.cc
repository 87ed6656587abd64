// One HTTP/1 connection from accept to close.
//
//   run               admit, serve requests, close, count
//     admit           address lists, PROXY preamble                    (proxy/admission.cc)
//     serve_requests  idle -> head -> serve -> account, again and again
//       serve         one exchange, whatever the version               (proxy/exchange.cc)
//     linger          the client may still be sending: it must be able to read our answer
//     close           stop, join, release

#include "ringway/proxy/http_session.h"

#include <algorithm>

#include "admission.h"
#include "head_gather.h"
#include "ringway/base/assert.h"

namespace ringway::proxy {

namespace {

using stats::CloseReason;

constexpr base::Duration linger_span = base::Duration::seconds(2);
constexpr std::uint64_t linger_bytes_max = std::uint64_t{1} << 20;
// A head is kept together with its normalized path, and what reading the target needs.
constexpr std::size_t target_scratch_bytes = 16;

}  // namespace

HttpSession::DrainListener::DrainListener(HttpSession& owner)
    : CancelListener([](async::CancelListener& listener) {
          HttpSession& told = static_cast<DrainListener&>(listener).session;
          told.closing_asked_ = true;
          told.Accepted::wake.set();
      }),
      session(owner) {}

HttpSession::HttpSession(Context& owner, std::uint32_t listener_index, int fd,
                         std::uint64_t session_id)
    : Accepted(owner, listener_index, fd, session_id),
      ClientStream(Accepted::wake, Accepted::deadline),
      IdleClient(&HttpSession::on_close_idle),
      drain_listener_(*this),
      out_(owner.sockets) {
    flow_.direction = &owner.stats.direction[1];
    owner.drain.listen(drain_listener_);
}

HttpSession::~HttpSession() { RW_ASSERT(exchange_ == nullptr); }

void HttpSession::on_close_idle(IdleClient& client) {
    auto& self = static_cast<HttpSession&>(client);
    self.context.stats.http.idle_closed.add();
    self.closing_asked_ = true;
    self.Accepted::wake.set();
}

// ---- what exchanges ask of their client -------------------------------------------------------

bool HttpSession::regulate_reader(std::uint64_t beyond_bytes) {
    return reader_.regulate(downstream, context.relay,
                            downstream.received().bytes() + beyond_bytes);
}

BodyForm HttpSession::form_for(const http::Framing& framing, bool& close) const {
    switch (framing.kind) {
        case http::BodyKind::none:
        case http::BodyKind::tunnel: return BodyForm::none;
        case http::BodyKind::length: return BodyForm::length;
        case http::BodyKind::chunked:
        case http::BodyKind::until_close: break;
    }
    if (version_minor_ != 0) return BodyForm::chunked;
    close = true;
    return BodyForm::until_close;
}

bool HttpSession::flush() {
    if (downstream.is_broken()) {
        // Nobody takes it any more; what the kernel still sends from must stay.
        if (!downstream.is_sending()) out_.clear();
        return true;
    }
    if (out_.empty()) return true;
    if (!downstream.is_sending()) {
        if (!downstream.send_from(out_, flow_)) {
            Accepted::wake.set_next_turn();
            return false;
        }
        submitted_ = out_.bytes();
    }
    return submitted_ == out_.bytes();
}

bool HttpSession::is_gone() const { return downstream.is_broken() || downstream.has_ended(); }

// ---- from request to request ------------------------------------------------------------------

async::Task<void> HttpSession::run() {
    {
        auto admitting = admit(context, *this);
        const std::optional<CloseReason> failed = co_await admitting;
        if (failed) reason_ = *failed;
    }
    bool cut = reason_ != CloseReason::finished;
    if (!cut) {
        context.stats.http.sessions.add();
        auto serving = serve_requests();
        const Reuse last = co_await serving;
        if (last == Reuse::linger) {
            auto lingering = linger();
            co_await lingering;
        }
        // What is still queued is no reason: close() delivers it first.
        cut = last == Reuse::cut || is_cancelled();
    }
    {
        auto closing = close(cut);
        co_await closing;
    }
    Context& shard = context;
    count_closed(*this, reason_);
    shard.http_slots.release(this);
    shard.permits.returned(shard.permits);
}

// Nothing of a next request is there. False when the connection is to be closed.
bool HttpSession::waits_idly() {
    if (is_cancelled()) {
        reason_ = CloseReason::drained;
        return false;
    }
    if (downstream.is_broken()) {
        reason_ = CloseReason::downstream_reset;
        return false;
    }
    if (downstream.has_ended()) return false;
    if (Accepted::deadline.expired()) {
        reason_ = CloseReason::idle_timeout;
        return false;
    }
    // Before its first request a client is let in even while connections are closed.
    if (closing_asked_ && flush_ended() && served_ > 0) return false;
    if (closing_asked_ && context.is_draining()) return false;
    regulate_reader(0);
    return true;
}

async::Task<Reuse> HttpSession::serve_requests() {
    for (;;) {
        phase = Phase::idle;
        if (downstream.received().empty()) {
            Accepted::deadline.set(context.now + context.settings().http_idle_timeout);
            context.idle_clients.add(*this);
            context.stats.http.idle.add();
            bool open = true;
            while (downstream.received().empty() && open) {
                flush();
                open = waits_idly();
                if (open) co_await Accepted::wake.wait();
            }
            context.stats.http.idle.subtract();
            idle_link.unlink();
            if (downstream.received().empty()) co_return Reuse::close;
        } else if (served_ > 0) {
            context.stats.http.pipelined.add();
        }
        phase = Phase::head;
        if (!begin_exchange()) {
            reason_ = CloseReason::out_of_memory;
            co_return Reuse::cut;
        }
        http::Progress progress = advance_head();
        if (progress == http::Progress::need_more) {
            Accepted::deadline.set(context.now + context.settings().header_timeout);
            while (progress == http::Progress::need_more && !is_gone() && !is_cancelled() &&
                   !Accepted::deadline.expired()) {
                regulate_reader(0);
                co_await Accepted::wake.wait();
                flush();
                progress = advance_head();
            }
        }
        Reuse reuse = end_of_head(progress);
        if (exchange_->head_complete && reuse == Reuse::keep) {
            phase = Phase::forwarding;
            auto serving = serve(*exchange_);
            reuse = co_await serving;
        }
        end_exchange();
        if (reuse != Reuse::keep) co_return reuse;
    }
}

bool HttpSession::begin_exchange() {
    exchange_ = context.exchanges.emplace(context, *this, *this, served_ + 1);
    return exchange_ != nullptr;
}

http::Progress HttpSession::advance_head() {
    net::SliceQueue& in = downstream.received();
    Exchange& exchange = *exchange_;
    Gathered gathered{exchange.request_block, 0};
    const http::Progress progress =
        parse_head(exchange.parser, in, context.sockets.blocks, gathered);
    exchange.request_block = gathered.block;
    if (progress != http::Progress::done) return progress;
    if (!keep_head()) return http::Progress::failed;
    in.consume(exchange.request.head_bytes() - gathered.taken_bytes);
    return progress;
}

// The head in a block with room for what is made of it; the receive buffer is given back.
bool HttpSession::keep_head() {
    Exchange& exchange = *exchange_;
    const char* bytes = exchange.request.base();
    const std::uint32_t head_bytes = exchange.request.head_bytes();
    const std::size_t wanted =
        head_bytes + exchange.request.target.bytes * std::size_t{2} + target_scratch_bytes;
    net::Block* gathered = exchange.request_block;
    net::Block* block = context.sockets.blocks.take(wanted);
    if (block == nullptr) return false;
    std::copy_n(bytes, head_bytes, block->data);
    block->used = head_bytes;
    exchange.request.rebase(block->data);
    exchange.request_block = block;
    if (gathered != nullptr) context.sockets.blocks.release(*gathered);
    exchange.head_complete = true;
    return true;
}

// Decides what the connection may carry next; answers what cannot be served.
Reuse HttpSession::end_of_head(http::Progress progress) {
    Exchange& exchange = *exchange_;
    exchange.head_at = context.now;
    last_activity = context.now;
    Failure failure;
    if (progress == http::Progress::done) {
        ++served_;
        context.stats.http.requests.add();
        version_minor_ = exchange.request.version_minor;
        exchange.client_keeps_alive = may_serve_another();
        return Reuse::keep;
    }
    if (progress == http::Progress::failed) {
        const http::Fault fault = exchange.parser.fault();
        failure.end = fault == http::Fault::none ? stats::ExchangeEnd::internal
                                                 : stats::ExchangeEnd::bad_request;
        failure.fault = fault;
    } else if (is_cancelled()) {
        reason_ = CloseReason::drained;
        return Reuse::cut;
    } else if (is_gone() || !exchange.parser.has_begun()) {
        // It left, or sent nothing but empty lines: there is no request to answer.
        if (downstream.is_broken()) reason_ = CloseReason::downstream_reset;
        return Reuse::close;
    } else {
        failure.end = stats::ExchangeEnd::downstream_timeout;
    }
    exchange.client_keeps_alive = false;
    return refuse(exchange, failure);
}

bool HttpSession::may_serve_another() const {
    const config::Settings& settings = exchange_->settings();
    const std::uint32_t requests_max = settings.keepalive_requests_max;
    if (requests_max != 0 && served_ >= requests_max) return false;
    if (context.now - accepted_at >= settings.keepalive_age_max) return false;
    return !context.is_draining() && !closing_asked_;
}

void HttpSession::end_exchange() {
    bytes_up_ += exchange_->up.body_bytes() + exchange_->tunnel_up_bytes;
    bytes_past_queue_ += exchange_->down_flow.bytes + exchange_->tunnel_down_bytes;
    if (exchange_->head_complete || exchange_->status != 0) account(*exchange_);
    context.exchanges.release(exchange_);
    exchange_ = nullptr;
    last_activity = context.now;
}

// ---- ends -------------------------------------------------------------------------------------

// Closing while the client still sends would reset the connection, and with it our answer. So:
// our end first, then read and throw away until the client has seen it (RFC 9112, 9.6).
async::Task<void> HttpSession::linger() {
    phase = Phase::lingering;
    Accepted::deadline.set(context.now + linger_span);
    downstream.set_wake_on_sent(true);
    bool told = false;
    std::uint64_t thrown_away = 0;
    for (;;) {
        flush();
        thrown_away += downstream.received().bytes();
        downstream.received().clear();
        if (!told && flush_ended() && !downstream.is_broken()) {
            downstream.shutdown_write();
            told = true;
        }
        const bool over = is_gone() || is_cancelled() || Accepted::deadline.expired() ||
                          thrown_away > linger_bytes_max;
        if (over) break;
        regulate_reader(0);
        co_await Accepted::wake.wait();
    }
}

async::Task<void> HttpSession::close(bool reset) {
    phase = Phase::closing;
    if (!reset) {
        // What was answered is delivered first, within the time that a slow reader gets. Nothing
        // more is wanted of the client: the receive ends while the last send is under way.
        downstream.stop_receiving();
        Accepted::deadline.set(context.now + context.settings().http_idle_timeout);
        downstream.set_wake_on_sent(true);
        while (!flush_ended() && !downstream.is_broken() && !is_cancelled() &&
               !Accepted::deadline.expired()) {
            flush();
            co_await Accepted::wake.wait();
        }
        if (!out_.empty()) reset = true;
    }
    Accepted::deadline.clear();
    downstream.stop();
    while (!downstream.is_quiet()) co_await Accepted::wake.wait();
    out_.clear();
    // Bytes that nobody read would make the kernel reset the connection anyhow.
    downstream.close(reset);
}

}  // namespace ringway::proxy
