// What a shard and the coordinator say to each other: commands in, events out, drain.

#include <algorithm>

#include <poll.h>

#include "core.h"
#include "ringway/base/planted.h"
#include "ringway/ring/sys.h"

namespace ringway::shard {

namespace {

constexpr std::uint64_t permits_recalled_max = std::uint64_t{1} << 40;
// How long a shard accepts singly after another could not be given what it asked for.
constexpr base::Duration singly_span = base::Duration::seconds(1);

}  // namespace

// ---- mail -------------------------------------------------------------------------------------

void Core::on_wake(ring::Op& op, const ring::Completion& completion) {
    auto& self = static_cast<Core&>(op);
    self.mail_ = true;
    self.wiring.stats.ring.wakes.add();
    if (!completion.more()) {
        self.ring->poll_multishot(static_cast<ring::Op&>(self), self.wiring.wake_fd, POLLIN);
    }
}

void Core::run_commands() {
    mail_ = false;
    ring::sys::clear_wake_fd(wiring.wake_fd);
    do {
        while (auto command = wiring.commands.try_receive()) run(*command);
    } while (!wiring.commands.prepare_to_sleep());
}

void Core::send(Event event) {
    outbox_.push_back(std::move(event));
    flush_outbox();
}

void Core::flush_outbox() {
    while (!outbox_.empty() && wiring.events.try_send(outbox_.front())) outbox_.pop_front();
}

namespace {
template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;
}  // namespace

void Core::run(Command& command) {
    std::visit(Overloaded{
                   [](std::monostate&) {},
                   [this](Drain& drain) { begin_drain(drain.deadline); },
                   [this](SetEndpoint& change) { set_admin(change); },
                   [this](SetAddresses& change) {
                       upstreams.set_addresses(change.endpoint, std::move(change.addresses));
                   },
                   [this](Adopt& adopted) { begin_session(adopted.listener, adopted.fd); },
                   [this](GrantPermits& given) { grant(given); },
                   [this](RecallPermits& wanted) { recall(wanted); },
                   [this](ListConnections& wanted) { list_connections(wanted); },
                   [this](Reload& given) { reload(*given.plan); },
                   [this](ResetPeaks&) { wiring.stats.reset_peaks(); },
               },
               command);
}

void Core::set_admin(const SetEndpoint& change) {
    if (change.state) upstreams.set_admin_state(change.endpoint, *change.state);
    if (change.healthy) upstreams.set_healthy(change.endpoint, *change.healthy);
}

void Core::grant(const GrantPermits& given) {
    switch (given.pool.kind) {
        case PermitKind::connections:
            permits.asked = false;
            permits.idle += static_cast<std::int64_t>(given.count);
            wake_accept_loops();
            return;
        case PermitKind::endpoint: upstreams.grant_permits(given.pool.index, given.count); return;
        case PermitKind::pool: pools->grant_permits(given.pool.index, given.count); return;
        case PermitKind::upstream_requests:
            pools->grant_request_permits(given.pool.index, given.count);
            traffic.wake_waiting();
            return;
        case PermitKind::route_requests:
            traffic.routes[given.pool.index].in_flight.grant(given.count);
            traffic.wake_waiting();
            return;
    }
}

void Core::recall(const RecallPermits& wanted) {
    std::uint64_t given = 0;
    switch (wanted.pool.kind) {
        case PermitKind::connections: recall_connections(wanted); return;
        case PermitKind::endpoint:
            given = pools->recall_endpoint_permits(wanted.pool.index, wanted.count);
            break;
        case PermitKind::pool:
            given = pools->recall_permits(wanted.pool.index, wanted.count);
            break;
        case PermitKind::upstream_requests:
            given = pools->recall_request_permits(wanted.pool.index, wanted.count);
            break;
        case PermitKind::route_requests:
            given = traffic.routes[wanted.pool.index].in_flight.recall(wanted.count);
            break;
    }
    send(ReturnPermits{wanted.pool, given});
}

void Core::recall_connections(const RecallPermits& wanted) {
    permits.recalled = std::min<std::uint64_t>(wanted.count, permits_recalled_max) +
                       std::min(permits.recalled, permits_recalled_max);
    const auto enough = static_cast<std::int64_t>(permits.recalled) + permits.many_margin;
    if (accepts_many() && permits.idle < enough) {
        // The loops turn to accepting singly, and the answer follows when they have.
        permits.singly_until = now + singly_span;
        wake_accept_loops();
    } else {
        answer_recall();
    }
}

bool Core::accepts_many() const {
    return std::any_of(accept_loops.begin(), accept_loops.end(),
                       [](const auto& loop) { return loop->accepts_many(); });
}

// What accepts under way may use up must stay, or more would be accepted than is permitted: by then
// none is under way, or enough stays.
void Core::answer_recall() {
    const std::int64_t idle = std::max<std::int64_t>(permits.idle, 0);
    const std::uint64_t given = std::min(permits.recalled, static_cast<std::uint64_t>(idle));
    permits.recalled = 0;
    permits.idle -= static_cast<std::int64_t>(given);
    send(ReturnPermits{{}, given});
}

ConnectionRow Core::row_of(proxy::Accepted& session) const {
    ConnectionRow row;
    row.shard = wiring.index;
    row.id = session.id;
    row.client = session.client();
    row.listener = session.listener;
    row.age_ms = (now - session.accepted_at).to_ms();
    row.idle_ms = (now - session.last_activity).to_ms();
    row.state = proxy::name_of(session.phase);
    return row;
}

void Core::list_connections(const ListConnections& wanted) {
    Connections answer;
    answer.total = slots.in_use() + http_slots.in_use();
    answer.rows.reserve(std::min<std::size_t>(wanted.rows_max, answer.total));
    slots.for_each([&](proxy::Session& session) {
        if (answer.rows.size() >= wanted.rows_max) return;
        ConnectionRow row = row_of(session);
        if (session.endpoint != nullptr) {
            row.endpoint = static_cast<std::int32_t>(session.endpoint->flat_index);
        }
        row.bytes_up = session.relay.up.flow.bytes;
        row.bytes_down = session.relay.down.flow.bytes;
        row.mode_up = net::name_of(session.relay.up.way());
        row.mode_down = net::name_of(session.relay.down.way());
        answer.rows.push_back(row);
    });
    http_slots.for_each([&](proxy::HttpSession& session) {
        if (answer.rows.size() >= wanted.rows_max) return;
        ConnectionRow row = row_of(session);
        const proxy::Exchange* exchange = session.exchange();
        if (exchange != nullptr && exchange->connection != nullptr) {
            row.endpoint = static_cast<std::int32_t>(exchange->connection->endpoint->flat_index);
        }
        row.bytes_up = session.bytes_up();
        row.bytes_down = session.bytes_down();
        row.mode_up = row.mode_down = net::name_of(net::RelayWay::copy);
        answer.rows.push_back(row);
    });
    send(std::move(answer));
}

// ---- reload -----------------------------------------------------------------------------------

void Core::reload(const ReloadPlan& plan) {
    // What was built from the settings before points into them until it has heard of the new ones.
    const std::shared_ptr<const config::Settings> before = generations.current().settings;
    const config::Settings& settings = *plan.settings;
    arrange_traffic(settings, plan.shares);
    upstreams.reload(settings, {plan.addresses, plan.shares.endpoints, wiring.stats});
    pools->reload(settings, plan.shares.pools, plan.shares.upstream_requests);
    generations.replace(plan.generation, plan.settings);
    send(Reloaded{plan.generation});
}

// ---- drain ------------------------------------------------------------------------------------

void Core::begin_drain(base::Instant deadline) {
    if (!draining) {
        draining = true;
        start_accepting();  // also what waits in the queues is served
        for (auto& loop : accept_loops) loop->drain();
        drain_begun.cancel();
        pools->stop();
    }
    // A later drain may only shorten what is left (TERM after QUIT).
    if (!drain_timer_.is_armed() || deadline < drain_timer_.due()) {
        timers.arm(drain_timer_, deadline);
    }
}

void Core::cut_off() {
    if (!base::planted(base::Bug::drain_forgets_idle)) sessions.cancel();
}

bool Core::has_drained() const {
    return accepting.running() == 0 && sessions.running() == 0 && upkeep.running() == 0 &&
           outbox_.empty();
}

}  // namespace ringway::shard
