// One TCP connection from accept to close.
//
//   serve_connection     the phases in order, then count and log
//     prepare            who may connect, and to whom:
//       admit            address lists, PROXY preamble of trusted clients (proxy/admission.cc)
//       connect_upstream an endpoint is chosen and answers            (proxy/connector.cc)
//       send_preamble    PROXY protocol towards the upstream          (proxy/preamble.cc)
//     relay_until_end    bytes both ways                              (net/relay.cc)
//     close_both         stop, join, release
//
// The coroutines only put things in order; what is decided is decided in plain functions.

#include "ringway/proxy/passthrough.h"

#include <cerrno>

#include "admission.h"
#include "ringway/base/planted.h"
#include "ringway/proxy/connector.h"
#include "ringway/proxy/preamble.h"
#include "ringway/ring/sys.h"
#include "ringway/stats/session_record.h"

namespace ringway::proxy {

namespace {

using stats::CloseReason;

// First byte from the client to first byte back, once per session.
void note_first_byte(Session& session) {
    if (session.first_byte_done) return;
    const base::Instant now = session.context.now;
    if (session.first_byte_up.ns == 0 && session.downstream.has_received_anything()) {
        session.first_byte_up = now;
    }
    if (!session.upstream.has_received_anything()) return;
    session.first_byte_done = true;
    // A server that speaks first answers nothing: there is no latency to speak of.
    if (session.first_byte_up.ns == 0) return;
    session.context.stats.first_byte.record(now - session.first_byte_up, now);
}

// Broken by an error that its peer knows nothing of: waiting for that peer's end could take for
// ever.
bool failed_here(const net::Socket& socket) {
    return socket.is_broken() && socket.error() != ECONNRESET && socket.error() != EPIPE;
}

CloseReason how_it_ended(const Session& session) {
    if (session.downstream.is_broken()) return CloseReason::downstream_reset;
    if (session.upstream.is_broken()) return CloseReason::upstream_reset;
    return CloseReason::finished;
}

async::Task<CloseReason> relay_until_end(Context& context, Session& session) {
    const base::Duration idle_timeout = context.settings().idle_timeout;
    session.phase = Phase::relaying;
    session.last_activity = context.now;
    session.deadline.set(context.now + idle_timeout);
    session.relay.start();
    note_first_byte(session);
    std::uint64_t seen = session.relay.traffic();
    while (!session.relay.has_ended()) {
        session.want_ticks();
        co_await session.wake.wait();
        if (session.is_cancelled()) co_return CloseReason::drained;
        if (session.deadline.expired()) co_return CloseReason::idle_timeout;
        // A wake-up alone is no activity.
        if (const std::uint64_t sum = session.relay.traffic(); sum != seen) {
            seen = sum;
            session.last_activity = context.now;
            session.deadline.renew(context.now + idle_timeout);
        }
        session.relay.advance();
        if (failed_here(session.downstream) || failed_here(session.upstream)) break;
        note_first_byte(session);
    }
    co_return how_it_ended(session);
}

// Everything before the first relayed byte; says why the session must end, or nothing.
async::Task<std::optional<CloseReason>> prepare(Context& context, Session& session) {
    {
        auto admitting = admit(context, session);
        const std::optional<CloseReason> failed = co_await admitting;
        if (failed) co_return failed;
    }
    session.phase = Phase::connecting;
    {
        auto connecting = connect_upstream(context, session);
        const std::optional<CloseReason> failed = co_await connecting;
        if (failed) co_return failed;
    }
    if (session.endpoint->upstream->proxy_protocol != config::ProxyProtocol::none) {
        auto sending = send_preamble(context, session);
        const std::optional<CloseReason> failed = co_await sending;
        if (failed) co_return failed;
    }
    co_return std::nullopt;
}

// A peer must not take a cut connection for a complete one: where something is missing it gets a
// reset, where all was delivered an ordinary end.
struct Farewell {
    bool reset_downstream = false;
    bool reset_upstream = false;
};
Farewell farewell(const Session& session, CloseReason reason) {
    switch (reason) {
        case CloseReason::finished: return {};
        // Also towards the broken side: where an error of ours broke it, its peer still listens.
        case CloseReason::downstream_reset:
        case CloseReason::upstream_reset: {
            const bool honest = !base::planted(base::Bug::reset_becomes_end);
            return {honest, honest};
        }
        case CloseReason::idle_timeout:
        case CloseReason::drained: {
            const bool cut = session.relay.holds_bytes() || session.endpoint == nullptr;
            return {cut, cut};
        }
        default: return {true, true};
    }
}

async::Task<void> close_both(Session& session, CloseReason reason) {
    session.phase = Phase::closing;
    session.deadline.clear();
    const Farewell how = farewell(session, reason);
    session.downstream.stop();
    session.upstream.stop();
    while ((!session.downstream.is_quiet() || !session.upstream.is_quiet()) &&
           !base::planted(base::Bug::slot_released_early)) {
        co_await session.wake.wait();
    }
    session.relay.up.abandon();
    session.relay.down.abandon();
    session.downstream.close(how.reset_downstream);
    session.upstream.close(how.reset_upstream);
}

void log_session(Context& context, Session& session, CloseReason reason) {
    char client[net::address_text_bytes_max];
    stats::SessionRecord record;
    record.ended_wall_us = ring::sys::wall_clock_us();
    record.shard = context.shard;
    record.id = session.id;
    record.listener = context.settings().listeners[session.listener].name;
    record.client = {client, session.client().write(client)};
    if (session.endpoint != nullptr) {
        record.upstream = session.endpoint->upstream->name;
        record.endpoint = session.endpoint->settings->name;
    }
    record.bytes_up = session.relay.up.flow.bytes;
    record.bytes_down = session.relay.down.flow.bytes;
    record.duration = context.now - session.accepted_at;
    record.connect = session.connect_time;
    record.reason = reason;
    char line[stats::session_line_bytes_max];
    const bool json = context.settings().log_format == config::LogFormat::json;
    const std::size_t length = stats::format_session_line(line, sizeof line, record, json);
    context.log_ring.write(stats::LogStream::access, {line, length});  // counts what it drops
}

// Counts, logs and gives everything back; the session is gone afterwards.
void release(Context& context, Session& session, CloseReason reason) {
    if (!context.settings().access_log.empty()) {
        log_session(context, session, reason);
    }
    count_closed(session, reason);
    if (session.endpoint != nullptr) {
        context.upstreams.disconnected(*session.endpoint);
        session.endpoint = nullptr;
    }
    context.slots.release(&session);
    context.permits.returned(context.permits);
}

}  // namespace

async::Task<void> serve_connection(Context& context, Session& session) {
    // The client's address can still be asked for now; after a reset it cannot.
    if (!context.settings().access_log.empty()) session.client();
    std::optional<CloseReason> failed;
    {
        auto preparing = prepare(context, session);
        failed = co_await preparing;
    }
    CloseReason reason = CloseReason::finished;
    if (failed) {
        reason = *failed;
    } else {
        auto relaying = relay_until_end(context, session);
        reason = co_await relaying;
    }
    {
        auto closing = close_both(session, reason);
        co_await closing;
    }
    release(context, session, reason);
}

}  // namespace ringway::proxy
