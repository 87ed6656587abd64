#include "ringway/proxy/accepted.h"

#include "ringway/ring/sys.h"

namespace ringway::proxy {

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::preamble: return "preamble";
        case Phase::connecting: return "connecting";
        case Phase::relaying: return "relaying";
        case Phase::idle: return "idle";
        case Phase::head: return "head";
        case Phase::forwarding: return "forwarding";
        case Phase::tunnel: return "tunnel";
        case Phase::lingering: return "lingering";
        case Phase::closing: return "closing";
    }
    return "?";
}

Accepted::Accepted(Context& owner, std::uint32_t listener_index, int fd, std::uint64_t session_id)
    : CancelListener(&Accepted::on_cancel),
      context(owner),
      deadline(owner.timers, wake),
      downstream(owner.sockets, wake),
      id(session_id),
      accepted_at(owner.now),
      last_activity(owner.now),
      listener(listener_index) {
    downstream.attach(fd);
    owner.sessions.listen(*this);
}

const config::Listener& Accepted::listener_settings() const {
    return context.settings().listeners[listener];
}

const net::Address& Accepted::client() {
    if (!client_.is_specified() && downstream.is_open()) {
        sockaddr_storage storage{};
        socklen_t bytes = sizeof storage;
        auto* raw = reinterpret_cast<sockaddr*>(&storage);
        if (ring::sys::peer_name(downstream.fd(), raw, &bytes) == 0) {
            client_ = net::Address::from(raw, bytes);
        }
    }
    return client_;
}

void Accepted::on_cancel(async::CancelListener& listener) {
    auto& self = static_cast<Accepted&>(listener);
    self.cancelled_ = true;
    self.wake.set();
}

void count_closed(Accepted& session, stats::CloseReason reason) {
    Context& context = session.context;
    context.stats.closed[static_cast<std::size_t>(reason)].add();
    context.stats.active.subtract();
    context.stats.listeners[session.listener].active.subtract();
    context.stats.session.record(context.now - session.accepted_at, context.now);
    if (session.introduction != nullptr) context.introductions.release(session.introduction);
    session.introduction = nullptr;
}

}  // namespace ringway::proxy
