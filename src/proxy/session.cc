#include "ringway/proxy/session.h"

#include "ringway/base/planted.h"

namespace ringway::proxy {

Session::Session(Context& owner, std::uint32_t listener_index, int fd, std::uint64_t session_id)
    : Accepted(owner, listener_index, fd, session_id),
      Ticking(&Session::on_tick),
      upstream(owner.sockets, wake),
      relay(owner.relay, downstream, upstream) {
    relay.up.flow.direction = &owner.stats.direction[0];
    const std::size_t down = base::planted(base::Bug::wrong_direction) ? 0 : 1;
    relay.down.flow.direction = &owner.stats.direction[down];
}

Session::~Session() { RW_ASSERT(endpoint == nullptr); }

void Session::want_ticks() {
    if (relay.up.wants_ticks() || relay.down.wants_ticks()) context.ticker.add(*this);
}

bool Session::on_tick(Ticking& ticking) {
    auto& self = static_cast<Session&>(ticking);
    self.relay.up.tick();
    self.relay.down.tick();
    return self.relay.up.wants_ticks() || self.relay.down.wants_ticks();
}

}  // namespace ringway::proxy
