// Active health checks: connects to endpoints from the coordinator and reports changes of state.
//
// Owns the probing sockets. A check passes when one of the endpoint's addresses accepts within the
// rule's timeout; nothing is sent.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "health.h"
#include "poller.h"
#include "ringway/base/clock.h"
#include "ringway/base/random.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"

namespace ringway::control {

class HealthProber {
  public:
    // What an endpoint's name resolves to now; empty while unknown.
    using Addresses = std::function<const std::vector<net::Address>&(std::size_t endpoint)>;
    using Changed = std::function<void(std::size_t endpoint, bool healthy, int os_error)>;

    HealthProber(Poller& poller, const config::Settings& settings, std::uint64_t seed,
                 Addresses addresses, Changed changed);
    ~HealthProber();
    HealthProber(const HealthProber&) = delete;
    HealthProber& operator=(const HealthProber&) = delete;

    void tick(base::Instant now);
    base::Instant next_due() const;
    // No further checks: ringway is going down.
    void stop();

  private:
    struct Probe {
        std::size_t endpoint = 0;  // flat index
        const config::Upstream* upstream = nullptr;
        const config::Target* target = nullptr;
        EndpointHealth health;
        int fd = -1;
        std::size_t address = 0;  // the one being tried
        int os_error = 0;         // of the last attempt
    };

    void try_next_address(Probe& probe, base::Instant now);
    int begin_connect(Probe& probe, const sockaddr* address, socklen_t bytes);
    void connected_or_not(Probe& probe);
    void close_socket(Probe& probe);
    void finish(Probe& probe, bool passed, base::Instant now);

    Poller& poller_;
    base::Random random_;
    Addresses addresses_;
    Changed changed_;
    std::vector<Probe> probes_;
    bool stopped_ = false;
};

}  // namespace ringway::control
