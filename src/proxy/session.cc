#include "ringway/proxy/session.h"

#include "ringway/base/planted.h"
#include "ringway/ring/sys.h"

namespace ringway::proxy {

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::preamble: return "preamble";
        case Phase::connecting: return "connecting";
        case Phase::relaying: return "relaying";
        case Phase::closing: return "closing";
    }
    return "?";
}

Session::Session(Context& owner, std::uint32_t listener_index, int fd, std::uint64_t session_id)
    : CancelListener(&Session::on_cancel),
      Ticking(&Session::on_tick),
      context(owner),
      deadline(owner.timers, wake),
      downstream(owner.sockets, wake),
      upstream(owner.sockets, wake),
      relay(owner.relay, downstream, upstream),
      id(session_id),
      accepted_at(owner.now),
      last_activity(owner.now),
      listener(listener_index) {
    downstream.attach(fd);
    relay.up.flow.direction = &owner.stats.direction[0];
    const std::size_t down = base::planted(base::Bug::wrong_direction) ? 0 : 1;
    relay.down.flow.direction = &owner.stats.direction[down];
    owner.sessions.listen(*this);
}

Session::~Session() { RW_ASSERT(endpoint == nullptr); }

const net::Address& Session::client() {
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

void Session::want_ticks() {
    if (relay.up.wants_ticks() || relay.down.wants_ticks()) context.ticker.add(*this);
}

void Session::on_cancel(async::CancelListener& listener) {
    auto& self = static_cast<Session&>(listener);
    self.cancelled_ = true;
    self.wake.set();
}

bool Session::on_tick(Ticking& ticking) {
    auto& self = static_cast<Session&>(ticking);
    self.relay.up.tick();
    self.relay.down.tick();
    return self.relay.up.wants_ticks() || self.relay.down.wants_ticks();
}

}  // namespace ringway::proxy
