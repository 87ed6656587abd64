// Active health checks: connects to endpoints from the coordinator, asks HTTP ones, and reports
// changes of state.
//
// Owns the probing sockets. A check passes when one of the endpoint's addresses accepts within the
// rule's timeout and, where the rule names a path, the answer is as it asks for.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health.h"
#include "http_check.h"
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
    // `reason` says what failed the last check; empty when the endpoint came up.
    using Changed =
        std::function<void(std::size_t endpoint, bool healthy, std::string_view reason)>;

    // Endpoints are named by their slots.
    HealthProber(Poller& poller, const config::Settings& settings, std::uint64_t seed,
                 Addresses addresses, Changed changed);
    ~HealthProber();
    HealthProber(const HealthProber&) = delete;
    HealthProber& operator=(const HealthProber&) = delete;

    // Checks what these settings ask for from now on. Endpoints whose rule and target are as before
    // keep their pace; one that is checked no longer counts as healthy again, unreported.
    void reload(const config::Settings& settings);

    void tick(base::Instant now);
    base::Instant next_due() const;
    // No further checks: ringway is going down.
    void stop();

  private:
    // Stays where it is while it lives: callbacks of the poller know it.
    struct Probe {
        Probe(const config::Upstream& upstream, const config::Endpoint& checked,
              EndpointHealth begin)
            : endpoint(checked.slot),
              rule(upstream.health),
              target(checked.target),
              source_address(upstream.source_address),
              health(begin) {}

        std::size_t endpoint;  // slot
        // Copies: they outlive a reload.
        config::HealthCheck rule;
        config::Target target;
        std::string source_address;
        EndpointHealth health;
        int fd = -1;
        std::size_t address = 0;          // the next one to try
        std::string reason;               // why the last attempt failed
        std::string request;              // what is not sent yet
        std::optional<HttpCheck> answer;  // while one is awaited
    };
    using Probes = std::vector<std::unique_ptr<Probe>>;

    std::unique_ptr<Probe> take_probe(Probes& before, const config::Upstream& upstream,
                                      const config::Endpoint& endpoint);
    void try_next_address(Probe& probe, base::Instant now);
    int begin_connect(Probe& probe, const sockaddr* address, socklen_t bytes);
    void on_event(Probe& probe, std::uint32_t events);
    void connected_or_not(Probe& probe);
    void begin_exchange(Probe& probe);
    void send_request(Probe& probe);
    void read_answer(Probe& probe);
    void end_attempt(Probe& probe, HttpCheck::Verdict verdict);
    void close_socket(Probe& probe);
    void finish(Probe& probe, bool passed, base::Instant now);

    Poller& poller_;
    base::Random random_;
    Addresses addresses_;
    Changed changed_;
    Probes probes_;
    bool stopped_ = false;
};

}  // namespace ringway::control
