// Which endpoint takes the next connection.
//
// Pure decisions over one upstream's endpoints as this shard sees them: no I/O, no waiting. An
// endpoint that was tried for this session already is not offered again. What choosing changes here
// is round robin's running values alone; counts and permits are the UpstreamSet's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/base/random.h"
#include "ringway/net/address.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::upstream {

enum class Choice : std::uint8_t {
    chosen,
    at_limit,  // some endpoint could serve, but has no permit left: wait for one
    none,      // every endpoint is down, draining, tried already or unresolved
};

// Which endpoints this session has tried; upstreams have at most 64 endpoints.
using TriedSet = std::uint64_t;
inline constexpr std::size_t endpoints_per_upstream_max = 64;

struct Pick {
    Choice choice = Choice::none;
    Endpoint* endpoint = nullptr;  // also set for at_limit: whose permit to wait for
};

// True when the endpoint could take a connection if it is alive: it has a weight and an address,
// and neither the operator nor the active checks speak against it. Back-off and limits aside.
bool is_usable(const Endpoint& endpoint);

// True when the endpoint may take a new connection now, limits aside.
bool can_serve(const Endpoint& endpoint, base::Instant now);

// True when its limit leaves room: it has none, or this shard holds an unused permit.
bool has_permit(const Endpoint& endpoint);

// Prefers endpoints that are not backups; a back-off that has run out makes an endpoint eligible
// again for one trial. When only endpoints in back-off are left, they are tried all the same, since
// a refused connect costs less than refusing a client whose server may be back. `client` feeds
// hash:client, which goes by the host and not by the port.
Pick pick(std::span<Endpoint> endpoints, config::Balance balance, TriedSet tried,
          const net::Address& client, base::Instant now, base::Random& random);

// Advances round robin by `steps`, so that shards do not all begin with the same endpoint.
void rotate(std::span<Endpoint> endpoints, std::uint64_t steps);

// An endpoint's hash_seed: it follows the name, so that order in the configuration does not matter.
std::uint64_t hash_seed_of(std::string_view endpoint_name);

}  // namespace ringway::upstream
