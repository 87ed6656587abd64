#include "ringway/proxy/preamble.h"

#include "ringway/config/cidr.h"
#include "ringway/net/proxy_protocol.h"
#include "ringway/ring/sys.h"

namespace ringway::proxy {

namespace {

using stats::CloseReason;

// Hands what has arrived to the parser and takes what it used; the rest is the client's data.
net::PreambleParser::State feed(net::PreambleParser& parser, net::SliceQueue& received) {
    while (!received.empty() && parser.state() == net::PreambleParser::State::need_more) {
        const ring::Slice& slice = received.first()->slice;
        std::size_t taken = 0;
        parser.feed({slice.data, slice.bytes}, taken);
        received.consume(taken);
    }
    return parser.state();
}

Introduction& introduction_of(Context& context, Accepted& session) {
    if (session.introduction == nullptr) {
        session.introduction = context.introductions.emplace();
        // As many as there are session slots: it cannot run out.
        RW_ASSERT(session.introduction != nullptr);
    }
    return *session.introduction;
}

net::Address local_address(const net::Socket& socket) {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    auto* raw = reinterpret_cast<sockaddr*>(&storage);
    if (ring::sys::local_name(socket.fd(), raw, &bytes) != 0) return {};
    return net::Address::from(raw, bytes);
}

void keep(Context& context, Accepted& session, const net::Preamble& preamble) {
    context.stats.sessions_with_preamble.add();
    Introduction& introduction = introduction_of(context, session);
    introduction.destination = preamble.destination;
    if (!preamble.local && preamble.source.is_specified()) session.set_client(preamble.source);
}

// Writes our own preamble into the session's introduction.
void compose(Context& context, Session& session) {
    Introduction& introduction = introduction_of(context, session);
    if (!introduction.destination.is_specified()) {
        introduction.destination = local_address(session.downstream);
    }
    static_assert(sizeof introduction.out >= net::preamble_written_bytes_max);
    const std::span<std::byte, net::preamble_written_bytes_max> room(
        introduction.out, net::preamble_written_bytes_max);
    const bool binary = session.endpoint->upstream->proxy_protocol == config::ProxyProtocol::v2;
    introduction.out_bytes =
        binary ? net::write_preamble_v2(room, session.client(), introduction.destination)
               : net::write_preamble_v1(room, session.client(), introduction.destination);
}

}  // namespace

bool requires_preamble(Context& context, Accepted& session) {
    const auto& trusted = context.settings().listeners[session.listener].accept_proxy_protocol;
    if (trusted.empty() || session.client().family() == AF_UNIX) return false;
    return config::any_contains(trusted, session.client().mapped());
}

async::Task<std::optional<CloseReason>> read_preamble(Context& context, Accepted& session) {
    session.phase = Phase::preamble;
    session.deadline.set(context.now + context.settings().header_timeout);
    net::PreambleParser parser;
    net::Socket& downstream = session.downstream;
    for (;;) {
        const auto state = feed(parser, downstream.received());
        if (state == net::PreambleParser::State::done) break;
        if (state == net::PreambleParser::State::malformed) co_return CloseReason::bad_preamble;
        if (downstream.is_broken()) co_return CloseReason::downstream_reset;
        if (downstream.has_ended()) co_return CloseReason::bad_preamble;
        if (!downstream.is_receiving() && !downstream.is_waiting_for_buffer()) {
            downstream.start_receiving();
        }
        co_await session.wake.wait();
        if (session.is_cancelled()) co_return CloseReason::drained;
        if (session.deadline.expired()) co_return CloseReason::preamble_timeout;
    }
    session.deadline.clear();
    keep(context, session, parser.preamble());
    co_return std::nullopt;
}

async::Task<std::optional<CloseReason>> send_preamble(Context& context, Session& session) {
    compose(context, session);
    const Introduction& introduction = *session.introduction;
    session.deadline.set(context.now + context.settings().connect_timeout);
    std::size_t sent = 0;
    while (sent < introduction.out_bytes) {
        session.upstream.send_block(introduction.out + sent, introduction.out_bytes - sent);
        while (session.upstream.is_sending()) {
            co_await session.wake.wait();
            if (session.is_cancelled()) co_return CloseReason::drained;
            if (session.deadline.expired()) co_return CloseReason::connect_timeout;
        }
        if (session.upstream.is_broken()) co_return CloseReason::upstream_reset;
        sent += static_cast<std::size_t>(session.upstream.last_send_result());
    }
    session.deadline.clear();
    co_return std::nullopt;
}

}  // namespace ringway::proxy
