// One accepted connection: what sessions of every kind have of their client.
//
// A base of Session (raw TCP) and HttpSession. Lives in a slot of its shard from accept to close.
// The slot is given back only after the kernel's last completion: until then it may write into it.
#pragma once

#include <cstdint>

#include "ringway/async/deadline.h"
#include "ringway/async/scope.h"
#include "ringway/async/wake.h"
#include "ringway/net/address.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/context.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::proxy {

enum class Phase : std::uint8_t {
    preamble,
    connecting,
    relaying,
    idle,        // HTTP: between requests
    head,        // HTTP: a request's head is arriving
    forwarding,  // HTTP: an exchange
    tunnel,      // HTTP: after 101 or CONNECT
    lingering,   // HTTP: answered, and waiting for the client to stop sending
    closing,
};
const char* name_of(Phase phase);

// What the PROXY protocol needs, kept apart because few sessions do.
struct Introduction {
    net::Address source;       // of the client, as told or as seen
    net::Address destination;  // where the client connected to
    std::byte out[128];        // what is sent to the upstream first
    std::size_t out_bytes = 0;
};

class Accepted : private async::CancelListener {
  public:
    Accepted(Context& context, std::uint32_t listener, int fd, std::uint64_t id);
    Accepted(const Accepted&) = delete;
    Accepted& operator=(const Accepted&) = delete;

    // The client's address; asked of the kernel once, when somebody first wants it.
    const net::Address& client();
    void set_client(const net::Address& address) { client_ = address; }
    const config::Listener& listener_settings() const;

    // The drain deadline has passed: come home.
    bool is_cancelled() const { return cancelled_; }

    Context& context;
    async::Wake wake;
    async::Deadline deadline;
    net::Socket downstream;
    Introduction* introduction = nullptr;
    const std::uint64_t id;
    const base::Instant accepted_at;
    base::Instant last_activity;
    const std::uint32_t listener;
    Phase phase = Phase::connecting;

  protected:
    ~Accepted() = default;

  private:
    static void on_cancel(async::CancelListener& listener);

    bool cancelled_ = false;
    net::Address client_;
};

// Counts the end and gives back what a session of any kind holds; the slot itself is the caller's
// to give back, before the connection's permit is (Context::permits).
void count_closed(Accepted& session, stats::CloseReason reason);

}  // namespace ringway::proxy
