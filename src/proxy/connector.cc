#include "ringway/proxy/connector.h"

#include <cerrno>

#include "ringway/upstream/dial.h"

namespace ringway::proxy {

namespace {

using stats::CloseReason;

// A session that waits for an endpoint's permit: the waiter and whom to wake.
struct SessionWaiter : upstream::PermitWaiter {
    explicit SessionWaiter(Session& waiting)
        : PermitWaiter([](upstream::PermitWaiter& self) {
              static_cast<SessionWaiter&>(self).session.wake.set();
          }),
          session(waiting) {}
    Session& session;
};

// Clients that talk before the upstream is there are held to the same bound as later. Below it the
// reader runs, also to notice a client that is gone.
void regulate_early_bytes(Session& session) {
    net::Socket& downstream = session.downstream;
    if (downstream.received().bytes() >= session.context.settings().held_bytes_max) {
        downstream.stop_receiving();
    } else if (!downstream.is_receiving() && !downstream.is_waiting_for_buffer() &&
               !downstream.has_ended()) {
        downstream.start_receiving();
    }
}

// Why the session must end while it is still without an upstream; nothing while it may go on.
std::optional<CloseReason> early_end(const Session& session) {
    if (session.is_cancelled()) return CloseReason::drained;
    if (session.downstream.is_broken()) return CloseReason::downstream_reset;
    return std::nullopt;
}

std::size_t upstream_of(const Session& session) {
    return session.context.settings().listeners[session.listener].upstream;
}

async::Task<void> wait_until_quiet(Session& session) {
    session.upstream.stop();
    while (!session.upstream.is_quiet()) co_await session.wake.wait();
}

// One attempt at one endpoint. 0 when connected, else the negative errno; -ECANCELED when the
// session has no use for it any more.
async::Task<int> try_endpoint(Context& context, Session& session, upstream::Endpoint& endpoint) {
    const base::Instant started = context.now;
    const int begun = upstream::begin_connect(session.upstream, context.upstreams, endpoint);
    if (begun != 0) co_return begun;
    session.deadline.set(started + context.settings().connect_timeout);
    while (session.upstream.is_connecting()) {
        co_await session.wake.wait();
        regulate_early_bytes(session);
        if (session.deadline.expired() || early_end(session)) break;
    }
    int result = session.upstream.connect_result();
    if (session.upstream.is_connecting()) {
        const bool too_late = session.deadline.expired();
        {
            auto quiet = wait_until_quiet(session);
            co_await quiet;
        }
        result = too_late ? -ETIMEDOUT : -ECANCELED;
    }
    session.deadline.clear();
    if (result != 0) {
        session.upstream.close(false);
        co_return result;
    }
    session.connect_time = context.now - started;
    context.stats.connect.record(session.connect_time, context.now);
    co_return 0;
}

// A name may have addresses that nobody listens on (localhost, with a server on IPv4 alone): the
// endpoint has failed only when each of them has.
async::Task<int> try_addresses(Context& context, Session& session, upstream::Endpoint& endpoint) {
    int result = 0;
    for (std::size_t tries = 0; tries == 0 || tries < endpoint.addresses.size(); ++tries) {
        auto attempt = try_endpoint(context, session, endpoint);
        result = co_await attempt;
        if (result == 0 || early_end(session)) break;
    }
    co_return result;
}

// Waits for an endpoint that is at its limit. The endpoint that was granted, or nullptr.
async::Task<upstream::Endpoint*> wait_for_permit(Context& context, Session& session,
                                                 std::size_t upstream, upstream::TriedSet tried,
                                                 upstream::Pick pick) {
    SessionWaiter waiter(session);
    waiter.upstream = upstream;
    waiter.tried = tried;
    waiter.client = session.client();
    context.upstreams.wait(waiter, pick);
    session.deadline.set(context.now + context.settings().connect_timeout);
    while (waiter.granted == nullptr) {
        co_await session.wake.wait();
        regulate_early_bytes(session);
        const bool is_waiting = waiter.link.is_linked();
        if (session.deadline.expired() || early_end(session) || !is_waiting) break;
    }
    session.deadline.clear();
    upstream::Endpoint* granted = early_end(session) ? nullptr : waiter.granted;
    if (granted == nullptr) context.upstreams.stop_waiting(waiter);
    co_return granted;
}

bool hashes_client(const Context& context, std::size_t upstream) {
    return context.settings().upstreams[upstream].balance == config::Balance::hash_client;
}

}  // namespace

async::Task<std::optional<CloseReason>> connect_upstream(Context& context, Session& session) {
    // Stays the session's, whatever a reload makes of the listener: indexes keep their meaning.
    const std::size_t upstream = upstream_of(session);
    upstream::TriedSet tried = 0;
    bool timed_out = false;
    static const net::Address unknown;
    const net::Address& client = hashes_client(context, upstream) ? session.client() : unknown;
    for (;;) {
        const upstream::Pick pick = context.upstreams.choose(upstream, tried, client, context.now);
        if (pick.choice == upstream::Choice::none) {
            if (tried == 0) co_return CloseReason::no_endpoint;
            co_return timed_out ? CloseReason::connect_timeout : CloseReason::connect_failed;
        }
        upstream::Endpoint* endpoint = pick.endpoint;
        if (pick.choice == upstream::Choice::at_limit) {
            auto waiting = wait_for_permit(context, session, upstream, tried, pick);
            endpoint = co_await waiting;
            if (const auto ended = early_end(session)) co_return ended;
            if (endpoint == nullptr) co_return CloseReason::no_endpoint;
        }
        if (tried != 0) context.stats.connect_retries.add();
        tried |= upstream::UpstreamSet::tried_bit(*endpoint);
        auto attempts = try_addresses(context, session, *endpoint);
        const int result = co_await attempts;
        if (result == 0) {
            context.upstreams.connected(*endpoint);
            session.endpoint = endpoint;
            session.relay.up.flow.endpoint = &endpoint->stats->bytes_up;
            session.relay.down.flow.endpoint = &endpoint->stats->bytes_down;
            co_return std::nullopt;
        }
        if (const auto ended = early_end(session)) {
            context.upstreams.connect_abandoned(*endpoint);
            co_return ended;
        }
        if (upstream::is_shortage(result)) {
            context.upstreams.connect_abandoned(*endpoint);
            context.log.warn("no descriptor or memory for an upstream connection",
                             stats::kv("error", base::Error::from_errno(result)));
            co_return CloseReason::out_of_memory;
        }
        timed_out = result == -ETIMEDOUT;
        context.stats.connect_failures.add();
        context.upstreams.connect_failed(*endpoint, context.now);
        context.log.info(
            "connect failed", stats::kv("endpoint", endpoint->settings->name),
            stats::kv("error", base::Error::from_errno(result, base::ErrorSource::upstream)));
    }
}

}  // namespace ringway::proxy
