// The oracles: what must hold when a run has come to its end, whatever the seed did to it.
#include <algorithm>

#include "run.h"

namespace ringway::sim {

using stats::CloseReason;

namespace {

bool is_orderly(const PeerPlan& plan) {
    return plan.breaks == PeerPlan::Break::none && !plan.stalls_for_ever && !plan.prefix_is_bad;
}

bool touched_by_fault(const Peer& peer) {
    const Socket* at_ringway = peer.socket->peer();
    return at_ringway == nullptr || at_ringway->faulted;
}

}  // namespace

std::uint64_t Run::closed(CloseReason reason) const {
    std::uint64_t sum = 0;
    for (const auto& stats : stats_) sum += stats->closed[static_cast<std::size_t>(reason)].read();
    return sum;
}

std::uint64_t Run::cut_allowed() const {
    std::uint64_t allowed = 0;
    if (scenario_.short_idle_timeout) allowed += closed(CloseReason::idle_timeout);
    if (!scenario_.drain_for.is_forever() && scenario_.drains_early) {
        allowed += closed(CloseReason::drained);
    }
    // Dealt out to shards that had drained meanwhile: nobody is left to serve them.
    return allowed + coordinator_->handed_to_nobody;
}

void Run::judge() {
    if (http_ != nullptr) {
        judge_http();
    } else {
        judge_peers();
        judge_ends();
    }
    judge_limits();
    judge_counters();
}

// ---- peers -----------------------------------------------------------------------------------

bool Run::excused_unserved(const Peer& client) const {
    const Scenario& s = scenario_;
    const bool denied = client.socket->remote.empty();
    return denied || client.plan.silent || s.faults_connects || s.flaps_endpoints ||
           s.moves_addresses || s.jumps_clock || s.limits_endpoints || s.breaks || draining_ ||
           s.kernel.descriptors_max < 256 ||
           s.settings.connect_timeout < base::Duration::seconds(1) ||
           s.settings.header_timeout < base::Duration::seconds(1) || s.short_idle_timeout ||
           !s.settings.listeners[0].deny.empty() || !s.settings.listeners.back().deny.empty();
}

// An orderly pair on a machine in good health is served to the last byte, both ways.
void Run::judge_pair(const Peer& client) {
    const Peer& server = *client.partner;
    if (!is_orderly(client.plan) || !is_orderly(server.plan)) return;
    if (touched_by_fault(client) || touched_by_fault(server)) return;
    const bool both_ended =
        client.outcome == Peer::Outcome::ended && server.outcome == Peer::Outcome::ended;
    const bool all_arrived = client.received == server.total() && server.received == client.total();
    if (both_ended && all_arrived) return;
    if (++cut_ <= cut_allowed()) return;
    kernel_.fail("cut off, and nobody's fault: {} / {}", client.describe(), server.describe());
}

void Run::judge_peers() {
    for (const auto& peer : cast_.peers) {
        if (!peer->is_client) continue;
        if (peer->partner != nullptr) {
            judge_pair(*peer);
        } else if (is_orderly(peer->plan) && peer->outcome != Peer::Outcome::connect_failed &&
                   !touched_by_fault(*peer) && !excused_unserved(*peer)) {
            bool server_faulted = false;
            for (const auto& other : cast_.peers) {
                if (!other->is_client && touched_by_fault(*other)) server_faulted = true;
            }
            if (!server_faulted)
                kernel_.fail("not served, and nobody's fault: {}", peer->describe());
        }
    }
}

// An orderly end is seen only by those whose other side sent one, after everything it sent.
void Run::judge_ends() {
    for (const auto& peer : cast_.peers) {
        if (!peer->end_seen) continue;
        const Peer* other = peer->partner;
        if (other == nullptr) {
            const bool nobody_broke = !scenario_.breaks && peer->is_client;
            if (!nobody_broke) continue;
        } else if (other->socket->end_sent && peer->received == other->sent) {
            continue;
        }
        if (++false_ends_ <= 2 * cut_allowed()) continue;
        kernel_.fail("{} saw an end that was not sent{}", peer->describe(),
                     other == nullptr ? "" : " by " + other->describe());
    }
}

void Run::judge_limits() {
    if (network_.accepted_peak > scenario_.settings.connections_max) {
        kernel_.fail("{} connections at once, --max-connections is {}", network_.accepted_peak,
                     scenario_.settings.connections_max);
    }
    std::size_t flat = 0;
    for (const config::Upstream& upstream : scenario_.settings.upstreams) {
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            const auto& site = network_.sites[key_of(scenario_.addresses[flat++][0])];
            if (endpoint.connections_max == 0 || scenario_.moves_addresses) continue;
            if (site.ringway_peak > endpoint.connections_max) {
                kernel_.fail("{} connections at once to {}, its limit is {}", site.ringway_peak,
                             endpoint.name, endpoint.connections_max);
            }
        }
    }
}

// ---- counters --------------------------------------------------------------------------------

void Run::judge_counters() {
    const auto expect = [this](const char* what, std::uint64_t counted, std::uint64_t expected) {
        if (counted != expected)
            kernel_.fail("{}: counted {}, expected {}", what, counted, expected);
    };
    std::uint64_t accepted = 0;
    std::uint64_t ended = 0;
    std::uint64_t bytes[2] = {};
    std::uint64_t by_way[2] = {};
    std::uint64_t endpoint_bytes[2] = {};
    std::uint64_t listeners_accepted = 0;
    std::uint64_t sessions_recorded = 0;
    for (const auto& shard : stats_) {
        accepted += shard->accepted.read();
        ended += shard->refused.read();
        for (const auto& reason : shard->closed) ended += reason.read();
        for (std::size_t d = 0; d < 2; ++d) {
            const stats::DirectionStats& direction = shard->direction[d];
            bytes[d] += direction.bytes.read();
            by_way[d] += direction.copied_bytes.read() + direction.spliced_bytes.read() +
                         direction.peeked_bytes.read();
        }
        for (std::size_t e = 0; e < shard->endpoints.size(); ++e) {
            endpoint_bytes[0] += shard->endpoints[e].bytes_up.read();
            endpoint_bytes[1] += shard->endpoints[e].bytes_down.read();
            expect("connections active at an endpoint", shard->endpoints[e].active.read(), 0);
        }
        for (std::size_t l = 0; l < shard->listener_count; ++l) {
            listeners_accepted += shard->listeners[l].accepted.read();
            expect("connections active at a listener", shard->listeners[l].active.read(), 0);
        }
        sessions_recorded += shard->session.histogram().count();
        expect("connections active", shard->active.read(), 0);
        expect("slots in use", shard->slots_in_use.read(), 0);
        expect("pipes in use", shard->pipes_in_use.read(), 0);
        expect("buffers in use", shard->buffers_in_use.read(), 0);
        expect("frames in use", shard->frames_in_use.read(), 0);
        expect("stale completions", shard->ring.stale.read(), 0);
    }
    ended += coordinator_->handed_to_nobody;
    if (!scenario_.drains_early) {
        expect("connections that no shard took", coordinator_->handed_to_nobody, 0);
    }
    expect("accepted", accepted, network_.accepted);
    expect("closed by reason", ended, network_.accepted);
    expect("accepted over listeners", listeners_accepted, network_.accepted);
    expect("sessions recorded", sessions_recorded + coordinator_->handed_to_nobody,
           network_.accepted);
    expect("bytes down", bytes[1], network_.sent_downstream);
    expect("bytes up by way", by_way[0], bytes[0]);
    expect("bytes down by way", by_way[1], bytes[1]);
    if (http_ == nullptr) {
        expect("bytes up over endpoints", endpoint_bytes[0], bytes[0]);
        expect("bytes down over endpoints", endpoint_bytes[1], bytes[1]);
    }
    if (cast_.preamble == config::ProxyProtocol::none) {
        expect("bytes up", bytes[0], network_.sent_upstream);
    } else if (bytes[0] + cast_.preamble_bytes > network_.sent_upstream) {
        kernel_.fail("more bytes up were counted than the kernel took");
    }
    if (!scenario_.short_idle_timeout) {
        expect("closed by the idle timeout", closed(CloseReason::idle_timeout), 0);
    }
    if (!scenario_.drains_early || scenario_.drain_for.is_forever()) {
        expect("closed by the drain deadline", closed(CloseReason::drained), 0);
    } else if (closed(CloseReason::drained) > 0) {
        kernel_.faults().note(Fault::drain_deadline);
    }
}

// ---- reach -----------------------------------------------------------------------------------

std::vector<Run::Reach> Run::reached() const {
    std::vector<Reach> list = {{"bytes copied", 0},
                               {"bytes spliced", 0},
                               {"bytes peeked", 0},
                               {"switches into splice", 0},
                               {"switches out of splice", 0},
                               {"readers paused", 0},
                               {"waits for a buffer", 0},
                               {"accept pauses", 0},
                               {"connects retried", 0},
                               {"endpoints marked down", 0},
                               {"connections listed", coordinator_->listings_answered}};
    for (const auto& shard : stats_) {
        for (const stats::DirectionStats& direction : shard->direction) {
            list[0].count += direction.copied_bytes.read();
            list[1].count += direction.spliced_bytes.read();
            list[2].count += direction.peeked_bytes.read();
            list[3].count += direction.into_splice.read();
            list[4].count += direction.out_of_splice.read();
            list[5].count += direction.pauses.read();
        }
        list[6].count += shard->ring.buffer_parks.read();
        list[7].count += shard->accept_pauses.read();
        list[8].count += shard->connect_retries.read();
        for (std::size_t e = 0; e < shard->endpoints.size(); ++e) {
            list[9].count += shard->endpoints[e].marked_down.read();
        }
    }
    for (std::size_t i = 0; i < stats::close_reason_count; ++i) {
        const auto reason = static_cast<CloseReason>(i);
        if (reason == CloseReason::out_of_memory) continue;
        list.push_back({stats::name_of(reason), closed(reason)});
    }
    add_http_reach(list);
    return list;
}

}  // namespace ringway::sim
