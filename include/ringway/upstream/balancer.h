// Which endpoint takes the next connection.
//
// Pure decisions over one upstream's endpoints as this shard sees them: no I/O, no waiting. An
// endpoint that was tried for this session already is not offered again.
#pragma once

#include <cstdint>
#include <span>

#include "ringway/base/clock.h"
#include "ringway/base/random.h"
#include "ringway/net/address.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::upstream {

enum class Choice : std::uint8_t {
    chosen,
    at_limit,   // some endpoint could serve, but has no permit left: wait for one
    none,       // every endpoint is down, draining, failed already or unresolved
};

// Which endpoints this session has tried; upstreams have at most 64 endpoints.
using TriedSet = std::uint64_t;
inline constexpr std::size_t endpoints_per_upstream_max = 64;

struct Pick {
    Choice choice = Choice::none;
    Endpoint* endpoint = nullptr;   // also set for at_limit: whose permit to wait for
};

// True when the endpoint may take a new connection now, limits aside.
bool can_serve(const Endpoint& endpoint, base::Instant now);

// Prefers endpoints that are not backups; a back-off that has run out makes an endpoint eligible
// again for one trial. `client` feeds hash:client.
Pick pick(std::span<Endpoint> endpoints, config::Balance balance, TriedSet tried,
          const net::Address& client, base::Instant now, base::Random& random);

}  // namespace ringway::upstream
