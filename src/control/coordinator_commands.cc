// The coordinator's answers to the control socket.
#include <utility>

#include <fmt/core.h>

#include "coordinator.h"
#include "replies.h"
#include "ringway/ring/sys.h"

namespace ringway::control {
namespace {

constexpr auto listing_patience = base::Duration::seconds(1);
constexpr std::size_t waiting_listings_max = ControlServer::clients_max;

}  // namespace

void Coordinator::execute(ClientId client, const Request& request) {
    switch (request.verb) {
        case Verb::info: server_->reply(client, info_reply(state_, request.json)); return;
        case Verb::stats:
            server_->reply(client, stats_reply(state_, request.per_shard, request.json));
            return;
        case Verb::upstreams: server_->reply(client, upstreams_reply(state_, request.json)); return;
        case Verb::settings: server_->reply(client, settings_reply(state_, request.json)); return;
        case Verb::connections:
            // One per client, but clients that left may have left theirs behind.
            if (waiting_listings_.size() >= waiting_listings_max) {
                server_->refuse(client, "too many listings wait already; try again");
                return;
            }
            waiting_listings_.push_back({client, request.rows_max, request.json});
            next_listing();
            return;
        case Verb::set_endpoint: set_endpoint_state(client, request); return;
        case Verb::set_log_level:
            apply_log_level(request.level);
            server_->reply(client, fmt::format("log level is {}", name_of(request.level)));
            return;
        case Verb::reload: reload("ctl reload", client); return;
        case Verb::reset_peaks:
            broadcast([] { return shard::Command(shard::ResetPeaks{}); });
            server_->reply(client, "peaks are reset");
            return;
        case Verb::drain:
            if (state_.draining) {
                server_->reply(client, "already draining");
                return;
            }
            begin_drain(base::Instant::never(), "ctl drain");
            server_->reply(client, "draining: ringway ends when the last connection has ended");
            return;
        case Verb::help:
        case Verb::quit: break;  // answered by the control server itself
    }
    server_->refuse(client, "internal: a command without an answer");
}

void Coordinator::set_endpoint_state(ClientId client, const Request& request) {
    const std::vector<std::size_t> found = endpoints_named(state_, request.target);
    if (found.empty()) {
        server_->refuse(client, fmt::format("there is no upstream or endpoint '{}'; 'upstreams' "
                                            "lists them",
                                            shown(request.target)));
        return;
    }
    std::string body;
    for (const std::size_t flat : found) {
        EndpointStatus& status = state_.endpoints[flat];
        status.state = request.state;
        broadcast(
            [&] { return shard::Command(shard::SetEndpoint{flat, request.state, std::nullopt}); });
        log_.info("endpoint set by the operator", stats::kv("upstream", status.upstream->name),
                  stats::kv("endpoint", status.endpoint->name),
                  stats::kv("state", name_of(request.state)));
        body += fmt::format("{}/{} is set to {}\n", status.upstream->name, status.endpoint->name,
                            name_of(request.state));
    }
    server_->reply(client, std::move(body));
}

void Coordinator::apply_log_level(config::LogLevel level) {
    const auto shown_level = static_cast<stats::LogLevel>(level);
    state_.log_level = level;
    parts_.server_sink.set_level(shown_level);
    for (const auto& link : state_.shards) link->log.set_level(shown_level);
}

void Coordinator::next_listing() {
    if (listing_.running() || waiting_listings_.empty()) return;
    listing_for_ = waiting_listings_.front();
    waiting_listings_.pop_front();
    std::vector<std::size_t> asked;
    for (std::size_t shard = 0; shard < state_.shards.size(); ++shard) {
        if (state_.shards[shard]->alive()) asked.push_back(shard);
    }
    listing_.begin(asked, listing_for_.rows_max, ring::sys::now() + listing_patience);
    const std::size_t rows_max = listing_for_.rows_max;
    broadcast([rows_max] { return shard::Command(shard::ListConnections{rows_max}); });
    if (listing_.complete()) finish_listing();
}

void Coordinator::finish_listing() {
    const std::vector<std::size_t> silent = listing_.gave_up_on();
    Listing::Outcome outcome = listing_.finish();
    if (silent.empty()) {
        server_->reply(listing_for_.client,
                       connections_reply(state_, outcome.rows, outcome.total, listing_for_.json));
    } else {
        std::string names;
        for (const std::size_t shard : silent) names += fmt::format(" {}", shard);
        server_->refuse(listing_for_.client,
                        fmt::format("no answer within a second from shard{}", names));
    }
    next_listing();
}

}  // namespace ringway::control
