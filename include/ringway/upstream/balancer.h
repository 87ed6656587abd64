// Which endpoint takes the next connection.
//
// Pure decisions over one upstream's endpoints as this shard sees them: no I/O, no waiting. An
// endpoint that was tried for this session already is not offered again. What choosing changes here
// is round robin's running values alone; counts and permits are the UpstreamSet's. TCP compares
// endpoints by connections, HTTP by requests in flight.
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

// The endpoints of one upstream, by their index.
using Members = std::span<Endpoint* const>;

struct Pick {
    Choice choice = Choice::none;
    Endpoint* endpoint = nullptr;  // also set for at_limit: whose permit to wait for
};

// True when the endpoint could take a connection if it is alive: it has a weight and an address,
// and neither the operator nor the active checks speak against it. Back-off and limits aside.
bool is_usable(const Endpoint& endpoint);
// Usable, or taken away by a reload together with its whole upstream: nobody else can serve what
// was on its way there.
bool is_choosable(const Endpoint& endpoint);

// True when the endpoint may take a new connection now, limits aside.
bool can_serve(const Endpoint& endpoint, base::Instant now);

// True when its limit leaves room: it has none, or this shard holds an unused permit.
bool has_permit(const Endpoint& endpoint);

// Prefers endpoints that are not backups; a back-off that has run out makes an endpoint eligible
// again for one trial. When only endpoints in back-off are left, they are tried all the same, since
// a refused connect costs less than refusing a client whose server may be back. `client` feeds
// hash:client, which goes by the host and not by the port.
Pick pick(Members endpoints, config::Balance balance, TriedSet tried, const net::Address& client,
          base::Instant now, base::Random& random);

// Advances round robin by `steps`, so that shards do not all begin with the same endpoint.
void rotate(Members endpoints, std::uint64_t steps);

// An endpoint's hash_seed: it follows the name, so that order in the configuration does not matter.
std::uint64_t hash_seed_of(std::string_view endpoint_name);

// ---- for requests of HTTP upstreams -----------------------------------------------------------

// What hashing goes by.
struct RequestKey {
    bool has_hash = false;  // of a header or cookie, by hash_of_key
    std::uint64_t hash = 0;
    const net::Address* client = nullptr;  // for hash:client
};
std::uint64_t hash_of_key(std::string_view key);

// True when the choice follows from the key: hashing, with a key there.
bool goes_by_key(config::Balance balance, const RequestKey& key);

// One of those in `mask` (by index, not empty). Hashing passes over endpoints that have more than
// 1.25 times their share of the requests in flight; without a key it goes in turn. p2c multiplies
// the moving average of latencies by the requests in flight.
Endpoint& pick_for_request(Members endpoints, std::uint64_t mask, config::Balance balance,
                           const RequestKey& key, base::Instant now, base::Random& random);

// Moves the endpoint's average of latencies, which follows the last ten seconds or so.
void note_latency(Endpoint& endpoint, base::Duration first_byte, base::Instant now);

}  // namespace ringway::upstream
