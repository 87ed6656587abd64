#include "ringway/upstream/balancer.h"

#include <algorithm>
#include <bit>
#include <cmath>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "ringway/base/assert.h"

namespace ringway::upstream {

namespace {

using Mask = std::uint64_t;  // endpoints by position

constexpr Mask bit(std::size_t index) { return Mask{1} << index; }

template <typename Visit>
void for_each(Members endpoints, Mask mask, Visit visit) {
    for (; mask != 0; mask &= mask - 1) {
        visit(*endpoints[static_cast<std::size_t>(std::countr_zero(mask))]);
    }
}

std::uint64_t weight_of(const Endpoint& endpoint) { return endpoint.settings->weight; }

// What is compared: TCP's connections, HTTP's requests in flight.
using Load = std::uint32_t Endpoint::*;

// a's load is below b's when a.load / a.weight < b.load / b.weight, without dividing.
std::uint64_t cross_load(const Endpoint& endpoint, const Endpoint& other, Load load) {
    return endpoint.*load * weight_of(other);
}

// Smooth weighted round robin: everybody gains its weight, the richest is chosen and pays for all.
// Over one cycle (the sum of the weights) each is chosen exactly weight times, well spread.
Endpoint& pick_in_turn(Members endpoints, Mask mask) {
    std::int64_t total = 0;
    Endpoint* best = nullptr;
    for_each(endpoints, mask, [&](Endpoint& each) {
        const std::int64_t weight = each.settings->weight;
        total += weight;
        each.current_weight += weight;
        if (best == nullptr || each.current_weight > best->current_weight) best = &each;
    });
    best->current_weight -= total;
    return *best;
}

Endpoint& pick_least_loaded(Members endpoints, Mask mask, Load load) {
    Mask least = 0;
    const Endpoint* best = nullptr;
    std::size_t position = 0;
    for (Mask rest = mask; rest != 0; rest &= rest - 1) {
        position = static_cast<std::size_t>(std::countr_zero(rest));
        const Endpoint& each = *endpoints[position];
        const std::uint64_t own = best == nullptr ? 0 : cross_load(each, *best, load);
        const std::uint64_t lowest = best == nullptr ? 1 : cross_load(*best, each, load);
        if (own < lowest) {
            best = &each;
            least = 0;
        }
        if (own <= lowest) least |= bit(position);
    }
    return pick_in_turn(endpoints, least);
}

std::size_t draw_by_weight(Members endpoints, Mask mask, base::Random& random) {
    std::uint64_t total = 0;
    for_each(endpoints, mask, [&](Endpoint& each) { total += weight_of(each); });
    std::uint64_t ticket = random.below(total);
    for (;; mask &= mask - 1) {
        RW_ASSERT(mask != 0);
        const auto position = static_cast<std::size_t>(std::countr_zero(mask));
        const std::uint64_t weight = weight_of(*endpoints[position]);
        if (ticket < weight) return position;
        ticket -= weight;
    }
}

template <typename IsBetter>
Endpoint& pick_of_two(Members endpoints, Mask mask, base::Random& random, IsBetter is_better) {
    const std::size_t first = draw_by_weight(endpoints, mask, random);
    mask &= ~bit(first);
    if (mask == 0) return *endpoints[first];
    const std::size_t second = draw_by_weight(endpoints, mask, random);
    Endpoint& a = *endpoints[first];
    Endpoint& b = *endpoints[second];
    return is_better(b, a) ? b : a;
}

// Weighted rendezvous hashing: every endpoint draws a number from the key and its own seed; the
// highest weight / -ln(number) wins. An endpoint that goes takes only its own keys with it, and
// they come back to it when it returns.
template <typename Draw>
Endpoint& pick_by_draw(Members endpoints, Mask mask, Draw draw) {
    Endpoint* best = nullptr;
    double best_score = 0;
    for_each(endpoints, mask, [&](Endpoint& each) {
        // Strictly between 0 and 1: the middle of one of 2^53 equal steps.
        const double drawn = (static_cast<double>(draw(each) >> 11) + 0.5) * 0x1p-53;
        const double score = static_cast<double>(each.settings->weight) / -std::log(drawn);
        if (best == nullptr || score > best_score) {
            best = &each;
            best_score = score;
        }
    });
    return *best;
}

Endpoint& pick_by_client(Members endpoints, Mask mask, const net::Address& client) {
    const auto key = client.mapped();
    return pick_by_draw(endpoints, mask, [&](const Endpoint& each) {
        return XXH3_64bits_withSeed(key.data(), key.size(), each.hash_seed);
    });
}

Endpoint& pick_among(Members endpoints, Mask mask, config::Balance balance,
                     const net::Address& client, base::Random& random) {
    switch (balance) {
        case config::Balance::round_robin: break;
        case config::Balance::least_connections:
        case config::Balance::least_requests:
            return pick_least_loaded(endpoints, mask, &Endpoint::active);
        case config::Balance::p2c:
            return pick_of_two(endpoints, mask, random, [](const Endpoint& a, const Endpoint& b) {
                return cross_load(a, b, &Endpoint::active) < cross_load(b, a, &Endpoint::active);
            });
        case config::Balance::hash_client:
        case config::Balance::hash_header:
        case config::Balance::hash_cookie: return pick_by_client(endpoints, mask, client);
    }
    return pick_in_turn(endpoints, mask);
}

// Whose permit to wait for, where all are at their limit: hashing keeps its own order, the others
// spread by weight what they wait for.
Endpoint& pick_to_wait_for(Members endpoints, Mask mask, config::Balance balance,
                           const net::Address& client) {
    if (balance == config::Balance::hash_client) return pick_by_client(endpoints, mask, client);
    Endpoint* best = nullptr;
    for_each(endpoints, mask, [&](Endpoint& each) {
        if (best == nullptr ||
            each.permits_waiting * weight_of(*best) < best->permits_waiting * weight_of(each)) {
            best = &each;
        }
    });
    return *best;
}

}  // namespace

namespace {

bool is_ready(const Endpoint& endpoint) {
    if (endpoint.settings->weight == 0 || endpoint.state != AdminState::ready) return false;
    return endpoint.healthy && (!endpoint.addresses.empty() || endpoint.unix_path.bytes != 0);
}

}  // namespace

bool is_usable(const Endpoint& endpoint) {
    return !endpoint.settings->retired && is_ready(endpoint);
}

bool is_choosable(const Endpoint& endpoint) {
    const bool serves = !endpoint.settings->retired || endpoint.settings->retired_with_upstream;
    return serves && is_ready(endpoint);
}

bool can_serve(const Endpoint& endpoint, base::Instant now) {
    return is_usable(endpoint) && (endpoint.backoff.ns == 0 || now >= endpoint.down_until);
}

bool has_permit(const Endpoint& endpoint) {
    return endpoint.settings->connections_max == 0 || endpoint.permits_idle > 0;
}

Pick pick(Members endpoints, config::Balance balance, TriedSet tried, const net::Address& client,
          base::Instant now, base::Random& random) {
    RW_ASSERT(endpoints.size() <= endpoints_per_upstream_max);
    // Four groups, best first: the first that is not empty decides.
    struct Group {
        Mask free = 0;      // with a permit
        Mask at_limit = 0;  // without one
    };
    Group groups[4];
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const Endpoint& each = *endpoints[i];
        if ((tried & bit(i)) != 0 || !is_choosable(each)) continue;
        const std::size_t rank =
            (each.settings->backup ? 1u : 0u) + (can_serve(each, now) ? 0u : 2u);
        Group& group = groups[rank];
        (has_permit(each) ? group.free : group.at_limit) |= bit(i);
    }
    for (const Group& group : groups) {
        if (group.free != 0) {
            return {Choice::chosen, &pick_among(endpoints, group.free, balance, client, random)};
        }
        if (group.at_limit != 0) {
            return {Choice::at_limit,
                    &pick_to_wait_for(endpoints, group.at_limit, balance, client)};
        }
    }
    return {};
}

void rotate(Members endpoints, std::uint64_t steps) {
    Mask mask = 0;
    std::uint64_t cycle = 0;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        if (endpoints[i]->settings->weight == 0 || endpoints[i]->settings->backup) continue;
        mask |= bit(i);
        cycle += weight_of(*endpoints[i]);
    }
    if (mask == 0) return;
    for (steps %= cycle; steps > 0; --steps) pick_in_turn(endpoints, mask);
}

std::uint64_t hash_seed_of(std::string_view endpoint_name) {
    return XXH3_64bits(endpoint_name.data(), endpoint_name.size());
}

// ---- for requests of HTTP upstreams -----------------------------------------------------------

namespace {

constexpr double latency_memory_ns = 10e9;
// What an endpoint that has not answered yet is taken for while it works on its first requests.
constexpr double unknown_latency_ns = 1e9;

double latency_of(const Endpoint& endpoint, base::Instant now) {
    if (endpoint.latency_ns == 0) return endpoint.requests_active == 0 ? 0 : unknown_latency_ns;
    // Nobody asks a slow endpoint for long: its average fades, and then it gets another chance.
    const auto age = static_cast<double>((now - endpoint.latency_at).ns);
    return endpoint.latency_ns * std::exp(-age / latency_memory_ns);
}

double cost_of(const Endpoint& endpoint, base::Instant now) {
    return latency_of(endpoint, now) * (endpoint.requests_active + 1.0) /
           static_cast<double>(weight_of(endpoint));
}

// Those with room for one more request: at most 1.25 times the mean per weight.
Mask within_bound(Members endpoints, Mask mask) {
    std::uint64_t requests = 1;
    std::uint64_t weights = 0;
    for_each(endpoints, mask, [&](const Endpoint& each) {
        requests += each.requests_active;
        weights += weight_of(each);
    });
    Mask within = 0;
    for (Mask rest = mask; rest != 0; rest &= rest - 1) {
        const auto position = static_cast<std::size_t>(std::countr_zero(rest));
        const Endpoint& each = *endpoints[position];
        const std::uint64_t part = requests * weight_of(each) * 5;
        const std::uint64_t most = (part + weights * 4 - 1) / (weights * 4);
        if (each.requests_active + 1 <= most) within |= bit(position);
    }
    return within;
}

Endpoint& pick_by_key(Members endpoints, Mask mask, const RequestKey& key) {
    const Mask within = within_bound(endpoints, mask);
    if (within != 0) mask = within;
    if (!key.has_hash) return pick_by_client(endpoints, mask, *key.client);
    return pick_by_draw(endpoints, mask, [&](const Endpoint& each) {
        return XXH3_64bits_withSeed(&key.hash, sizeof key.hash, each.hash_seed);
    });
}

}  // namespace

std::uint64_t hash_of_key(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

bool goes_by_key(config::Balance balance, const RequestKey& key) {
    switch (balance) {
        case config::Balance::hash_client: return key.client != nullptr;
        case config::Balance::hash_header:
        case config::Balance::hash_cookie: return key.has_hash;
        case config::Balance::round_robin:
        case config::Balance::least_connections:
        case config::Balance::least_requests:
        case config::Balance::p2c: break;
    }
    return false;
}

Endpoint& pick_for_request(Members endpoints, std::uint64_t mask, config::Balance balance,
                           const RequestKey& key, base::Instant now, base::Random& random) {
    RW_ASSERT(mask != 0);
    if ((mask & (mask - 1)) == 0) {
        return *endpoints[static_cast<std::size_t>(std::countr_zero(mask))];
    }
    if (goes_by_key(balance, key)) return pick_by_key(endpoints, mask, key);
    switch (balance) {
        case config::Balance::least_connections:
        case config::Balance::least_requests:
            return pick_least_loaded(endpoints, mask, &Endpoint::requests_active);
        case config::Balance::p2c:
            return pick_of_two(endpoints, mask, random, [&](const Endpoint& a, const Endpoint& b) {
                return cost_of(a, now) < cost_of(b, now);
            });
        case config::Balance::round_robin:
        case config::Balance::hash_client:
        case config::Balance::hash_header:
        case config::Balance::hash_cookie: break;
    }
    return pick_in_turn(endpoints, mask);
}

void note_latency(Endpoint& endpoint, base::Duration first_byte, base::Instant now) {
    // Never 0, which stands for unknown.
    const double sample = std::max<double>(static_cast<double>(first_byte.ns), 1);
    if (endpoint.latency_ns == 0) {
        endpoint.latency_ns = sample;
    } else {
        const auto passed = static_cast<double>((now - endpoint.latency_at).ns);
        const double old_part = std::exp(-passed / latency_memory_ns);
        endpoint.latency_ns = endpoint.latency_ns * old_part + sample * (1 - old_part);
    }
    endpoint.latency_at = now;
    endpoint.stats->latency_ewma_ns.set(static_cast<std::uint64_t>(endpoint.latency_ns));
}

}  // namespace ringway::upstream
