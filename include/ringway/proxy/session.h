// One downstream connection and the upstream connection it is relayed to.
//
// Lives in a slot of its shard from accept to close, owned by the task that serves it
// (proxy/passthrough.h). The slot is given back only after the kernel's last completion for either
// socket: until then the kernel may write into it.
#pragma once

#include <cstdint>
#include <optional>

#include "ringway/async/deadline.h"
#include "ringway/async/scope.h"
#include "ringway/async/wake.h"
#include "ringway/net/address.h"
#include "ringway/net/relay.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/context.h"
#include "ringway/stats/shard_stats.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::proxy {

enum class Phase : std::uint8_t { preamble, connecting, relaying, closing };
const char* name_of(Phase phase);

// What the PROXY protocol needs, kept apart because few sessions do.
struct Introduction {
    net::Address source;       // of the client, as told or as seen
    net::Address destination;  // where the client connected to
    std::byte out[128];        // what is sent to the upstream first
    std::size_t out_bytes = 0;
};

class Session : private async::CancelListener, private Ticking {
  public:
    Session(Context& context, std::uint32_t listener, int fd, std::uint64_t id);
    ~Session();

    // The client's address; asked of the kernel once, when somebody first wants it.
    const net::Address& client();
    void set_client(const net::Address& address) { client_ = address; }

    bool is_cancelled() const { return cancelled_; }
    void want_ticks();

    Context& context;
    async::Wake wake;
    async::Deadline deadline;
    net::Socket downstream;
    net::Socket upstream;
    net::Relay relay;

    upstream::Endpoint* endpoint = nullptr;  // held from the connect on
    Introduction* introduction = nullptr;
    const std::uint64_t id;
    const base::Instant accepted_at;
    base::Instant last_activity;
    base::Instant first_byte_up{0};  // when the client's first byte was seen; 0: not yet
    base::Duration connect_time{0};
    const std::uint32_t listener;
    Phase phase = Phase::connecting;
    bool first_byte_done = false;

  private:
    static void on_cancel(async::CancelListener& listener);
    static bool on_tick(Ticking& ticking);

    net::Address client_;
    bool cancelled_ = false;
};

}  // namespace ringway::proxy
