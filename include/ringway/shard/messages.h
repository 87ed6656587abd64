// What the coordinator tells a shard, and what a shard tells the coordinator.
//
// Values only: a message owns what it carries, and nothing in it is shared after it was sent, but
// for the plan of a reload, which never changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ringway/async/mailbox.h"
#include "ringway/base/clock.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::shard {

// One live connection, as `ctl connections` shows it.
struct ConnectionRow {
    std::uint32_t shard = 0;
    std::uint64_t id = 0;
    net::Address client;
    std::uint32_t listener = 0;
    std::int32_t endpoint = -1;  // slot, -1 while none is chosen
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::int64_t age_ms = 0;
    std::int64_t idle_ms = 0;
    const char* state = "";    // "preamble", "connecting", "relaying", "closing": static text
    const char* mode_up = "";  // "copy", "splice", "peek"
    const char* mode_down = "";
};

// What a permit permits. Each kind has pools of its own, one for each thing that has a limit.
enum class PermitKind : std::uint8_t {
    connections,        // --max-connections; there is one pool
    endpoint,           // connections to an endpoint, by slot
    pool,               // connections in an upstream's pool, by the upstream's index
    upstream_requests,  // requests in flight, by the upstream's index
    route_requests,     // requests in flight, by the route's slot
};
inline constexpr std::size_t permit_kind_count = 5;

// Whose permits a message is about.
struct PermitPool {
    PermitKind kind = PermitKind::connections;
    std::uint32_t index = 0;

    bool operator==(const PermitPool&) const = default;
};
constexpr PermitPool pool_of(PermitKind kind, std::size_t index) {
    return {kind, static_cast<std::uint32_t>(index)};
}

// What one shard holds at first, of everything that has a limit; 0 elsewhere.
struct PermitShares {
    std::vector<std::uint64_t> endpoints;          // by slot
    std::vector<std::uint64_t> pools;              // by the upstream's index
    std::vector<std::uint64_t> upstream_requests;  // likewise
    std::vector<std::uint64_t> route_requests;     // by slot
};

// ---- coordinator -> shard --------------------------------------------------------------------

// Stop accepting (after what the queues hold), let connections finish until `deadline`, then close
// the rest with CloseReason::drained. Answered by Drained.
struct Drain {
    base::Instant deadline = base::Instant::never();
};
// How an endpoint may be used, from `set upstream` (state) and health checks (healthy).
struct SetEndpoint {
    std::size_t endpoint = 0;  // slot
    std::optional<upstream::AdminState> state;
    std::optional<bool> healthy;
};
// What a name resolves to now. Live connections keep the address they have.
struct SetAddresses {
    std::size_t endpoint = 0;
    std::vector<net::Address> addresses;
};
// A connection that another shard accepted (Unix listeners).
struct Adopt {
    int fd = -1;
    std::uint32_t listener = 0;
};
// Permits: tokens whose total over all shards and the coordinator's reserve is the limit.
struct GrantPermits {
    PermitPool pool;
    std::uint64_t count = 0;
};
// Give back up to `count` idle permits; answered by ReturnPermits, with 0 if there are none.
struct RecallPermits {
    PermitPool pool;
    std::uint64_t count = 0;
};
struct ListConnections {
    std::size_t rows_max = 0;
};
struct ResetPeaks {};
// What a shard needs to go on with other settings; the same for all of them.
struct ReloadPlan {
    std::uint64_t generation = 0;                      // 2 for the first reload
    std::shared_ptr<const config::Settings> settings;  // arranged by config::plan_reload
    // By slot, what each endpoint's name resolves to as far as is known.
    std::vector<std::vector<net::Address>> addresses;
    PermitShares shares;  // they count where a limit is new
};
// These settings take the place of those before. Statistics for what is new have been made.
// Answered by Reloaded.
struct Reload {
    std::shared_ptr<const ReloadPlan> plan;
};

using Command = std::variant<std::monostate, Drain, SetEndpoint, SetAddresses, Adopt, GrantPermits,
                             RecallPermits, ListConnections, ResetPeaks, Reload>;

// ---- shard -> coordinator --------------------------------------------------------------------

struct Started {
    int os_error = 0;  // 0, or why the shard could not start
    std::string what;  // what failed, for a person
    std::string ring_features;
    bool incremental_buffers = false;
};
struct Drained {};  // nothing is left; the thread ends after this
struct Reloaded {
    std::uint64_t generation = 0;
};
struct WantPermits {
    PermitPool pool;
    std::uint64_t count = 0;
};
struct ReturnPermits {
    PermitPool pool;
    std::uint64_t count = 0;
};
struct HandOver {  // round robin to the shards: Adopt
    int fd = -1;
    std::uint32_t listener = 0;
};
struct Connections {
    std::vector<ConnectionRow> rows;
    std::uint64_t total = 0;  // live connections, also those beyond rows_max
};

using Event = std::variant<std::monostate, Started, Drained, Reloaded, WantPermits, ReturnPermits,
                           HandOver, Connections>;

using CommandBox = async::Mailbox<Command>;
using EventBox = async::Mailbox<Event>;

}  // namespace ringway::shard
