// One downstream connection of raw TCP and the upstream connection it is relayed to.
//
// Lives in a slot of its shard from accept to close, owned by the task that serves it
// (proxy/passthrough.h). The slot is given back only after the kernel's last completion for either
// socket: until then the kernel may write into it.
#pragma once

#include <cstdint>

#include "ringway/net/relay.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/accepted.h"
#include "ringway/proxy/ticker.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::proxy {

class Session : public Accepted, private Ticking {
  public:
    Session(Context& context, std::uint32_t listener, int fd, std::uint64_t id);
    ~Session();

    void want_ticks();

    net::Socket upstream;
    net::Relay relay;

    upstream::Endpoint* endpoint = nullptr;  // held from the connect on
    base::Instant first_byte_up{0};          // when the client's first byte was seen; 0: not yet
    base::Duration connect_time{0};
    bool first_byte_done = false;

  private:
    static bool on_tick(Ticking& ticking);
};

}  // namespace ringway::proxy
