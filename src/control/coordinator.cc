#include "coordinator.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <sys/epoll.h>
#include <unistd.h>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"
#include "signals.h"

namespace ringway::control {
namespace {

// How long shards may take for the start, and beyond the drain deadline, before they count as
// stuck.
constexpr auto start_patience = base::Duration::seconds(30);
constexpr auto suppressed_interval = base::Duration::seconds(10);
constexpr auto outbox_retry = base::Duration::milliseconds(1);

}  // namespace

Coordinator::Coordinator(CoordinatorParts parts)
    : parts_(std::move(parts)),
      state_(parts_.state),
      log_(parts_.log),
      signal_fd_(open_signal_fd()),
      listing_(state_.settings().shards),
      reload_(state_.settings().shards),
      judge_(state_.settings().shards) {
    const auto seed = static_cast<std::uint64_t>(state_.started_wall_us);
    ResolverReports reports;
    reports.changed = [this](std::size_t endpoint, const std::vector<net::Address>& addresses) {
        addresses_changed(endpoint, addresses);
    };
    reports.failed = [this](std::size_t endpoint, std::string_view host, std::string_view reason) {
        const EndpointStatus& status = latest_status(endpoint);
        log_.warn("name does not resolve", stats::kv("host", host), stats::kv("reason", reason),
                  stats::kv("upstream", status.upstream->name),
                  stats::kv("known_addresses", status.addresses.size()));
    };
    reports.recovered = [this](std::size_t, std::string_view host) {
        log_.info("name resolves again", stats::kv("host", host));
    };
    resolver_ =
        std::make_unique<Resolver>(parts_.poller, names_in(state_.endpoints),
                                   state_.settings().resolve_interval, seed, std::move(reports));
    if (!resolver_->broken().empty()) {
        log_.error("names cannot be resolved", stats::kv("reason", resolver_->broken()));
    }
    if (signal_fd_ < 0) RW_PANIC("no descriptor left for signals");
    parts_.poller.add(signal_fd_, EPOLLIN, [this](std::uint32_t) { on_signal_fd(); });
    parts_.poller.add(parts_.event_wake_fd, EPOLLIN,
                      [this](std::uint32_t) { ring::sys::clear_wake_fd(parts_.event_wake_fd); });
    server_ = std::make_unique<ControlServer>(
        parts_.poller, parts_.control_listener_fd,
        [this](ClientId client, const Request& request) { execute(client, request); });
}

Coordinator::~Coordinator() {
    parts_.poller.remove(parts_.event_wake_fd);
    parts_.poller.remove(signal_fd_);
    ::close(signal_fd_);
}

void Coordinator::resolve_names(base::Duration wait) {
    const base::Instant until = ring::sys::now() + wait;
    resolver_->tick(ring::sys::now());
    while (resolver_->first_round_under_way() && ring::sys::now() < until) {
        parts_.poller.wait(std::min(until, resolver_->next_due()));
        resolver_->tick(ring::sys::now());
    }
    for (const std::string& host : resolver_->unresolved()) {
        log_.warn("starting without the address of a name", stats::kv("host", host));
    }
}

bool Coordinator::wait_for_shards() {
    const auto is_starting = [](const auto& link) {
        return link->state == ShardLink::State::starting;
    };
    const auto has_failed = [](const auto& link) {
        return link->state == ShardLink::State::failed;
    };
    // Signals and operators may have spoken while names were resolved, before there was a shard.
    for (std::size_t flat = 0; flat < state_.endpoints.size(); ++flat) {
        const upstream::AdminState chosen = state_.endpoints[flat].state;
        if (chosen == upstream::AdminState::ready) continue;
        broadcast([&] { return shard::Command(shard::SetEndpoint{flat, chosen, std::nullopt}); });
    }
    if (state_.draining) {
        broadcast([this] { return shard::Command(shard::Drain{drain_deadline_}); });
    }
    const base::Instant until = ring::sys::now() + start_patience;
    while (std::any_of(state_.shards.begin(), state_.shards.end(), is_starting)) {
        if (ring::sys::now() >= until) stop_at_once("a shard does not start");
        turn(until);
    }
    if (std::none_of(state_.shards.begin(), state_.shards.end(), has_failed)) return true;
    const base::Instant now = ring::sys::now();
    broadcast([now] { return shard::Command(shard::Drain{now}); });
    while (state_.shards_alive() > 0) {
        if (ring::sys::now() >= until) stop_at_once("a shard does not stop");
        turn(until);
    }
    for (const auto& link : state_.shards) {
        if (link->thread.joinable()) link->thread.join();
    }
    drain_logs(ring::sys::now());
    return false;
}

int Coordinator::run() {
    const char* watchdog_usec = ::getenv("WATCHDOG_USEC");
    const auto interval = watchdog_interval(watchdog_usec, ::getenv("WATCHDOG_PID"), ::getpid());
    if (parts_.notify.enabled() && interval) {
        // Pets four times per interval: one missed look is no reason to be killed.
        watchdog_period_ = *interval / 4;
        watchdog_due_ = ring::sys::now();
    }
    prober_ = std::make_unique<HealthProber>(
        parts_.poller, state_.settings(), static_cast<std::uint64_t>(state_.started_wall_us) + 1,
        [this](std::size_t endpoint) -> const std::vector<net::Address>& {
            return state_.endpoints[endpoint].addresses;
        },
        [this](std::size_t endpoint, bool healthy, std::string_view reason) {
            health_changed(endpoint, healthy, reason);
        });
    serving_ = true;
    reload_if_wished();
    while (state_.shards_alive() > 0) turn(base::Instant::never());
    return finish();
}

// Events first, so that what they bring due is part of the wait; then sleep unless a shard has put
// something into its box meanwhile.
void Coordinator::turn(base::Instant until) {
    take_events();
    tick(ring::sys::now());
    bool may_sleep = true;
    bool outbox_waits = false;
    for (const auto& link : state_.shards) {
        if (!link->flush()) outbox_waits = true;
        if (!link->events.prepare_to_sleep()) may_sleep = false;
    }
    until = std::min(until, next_due());
    if (outbox_waits) until = std::min(until, ring::sys::now() + outbox_retry);
    if (state_.shards_alive() == 0 || !may_sleep) until = base::Instant{0};
    parts_.poller.wait(until);
    take_events();
}

void Coordinator::take_events() {
    for (std::size_t shard = 0; shard < state_.shards.size(); ++shard) {
        ShardLink& link = *state_.shards[shard];
        // Bounded: a shard that never stops sending must not keep the others from being heard.
        for (std::size_t i = 0; i < ShardLink::mailbox_slots; ++i) {
            auto event = link.events.try_receive();
            if (!event) break;
            take_event(shard, *event);
        }
    }
}

void Coordinator::take_event(std::size_t shard, shard::Event& event) {
    ShardLink& link = *state_.shards[shard];
    const base::Instant now = ring::sys::now();
    if (auto* started = std::get_if<shard::Started>(&event)) {
        link.ring_features = started->ring_features;
        const bool good = started->os_error == 0 && started->what.empty();
        link.state = good ? ShardLink::State::running : ShardLink::State::failed;
        if (!good) {
            link.failure = started->what;
            link.failure_os_error = started->os_error;
            shard_ended(shard);
        }
    } else if (std::holds_alternative<shard::Drained>(event)) {
        link.state = ShardLink::State::drained;
        shard_ended(shard);
    } else if (const auto* reloaded = std::get_if<shard::Reloaded>(&event)) {
        reload_.taken(shard, reloaded->generation);
    } else if (const auto* want = std::get_if<shard::WantPermits>(&event)) {
        parts_.permits.want(shard, want->pool, want->count, now);
        send_permit_actions();
    } else if (const auto* back = std::get_if<shard::ReturnPermits>(&event)) {
        parts_.permits.give_back(shard, back->pool, back->count, now);
        send_permit_actions();
    } else if (const auto* fresh = std::get_if<shard::HandOver>(&event)) {
        deal_out(shard, fresh->fd, fresh->listener);
    } else if (auto* rows = std::get_if<shard::Connections>(&event)) {
        listing_.take(shard, std::move(*rows));
        if (listing_.complete()) finish_listing();
    }
}

void Coordinator::shard_ended(std::size_t shard) {
    ShardLink& link = *state_.shards[shard];
    // It said so on its way out. What it did not read any more comes back to us: a connection that
    // was dealt to it must not be lost.
    if (link.thread.joinable()) link.thread.join();
    parts_.permits.shard_gone(shard, ring::sys::now());
    for (const shard::Adopt& unread : link.take_back_connections()) {
        deal_out(shard, unread.fd, unread.listener);
    }
    send_permit_actions();
    reload_.shard_gone(shard);
    listing_.shard_gone(shard);
    if (listing_.complete()) finish_listing();
}

void Coordinator::send_permit_actions() {
    parts_.permits.take_actions([this](const PermitAction& action) {
        ShardLink& link = *state_.shards[action.shard];
        if (!link.alive()) return;  // its permits are back in the reserve already
        if (action.kind == PermitAction::Kind::grant) {
            link.send(shard::GrantPermits{action.pool, action.count});
        } else {
            link.send(shard::RecallPermits{action.pool, action.count});
        }
    });
}

// Round robin over the shards that live; the permit that the accept took goes along. A connection
// that nobody can take any more is closed.
void Coordinator::deal_out(std::size_t from, int fd, std::uint32_t listener) {
    for (std::size_t i = 0; i < state_.shards.size(); ++i) {
        const std::size_t to = next_hand_over_;
        next_hand_over_ = (next_hand_over_ + 1) % state_.shards.size();
        if (!state_.shards[to]->alive()) continue;
        // An accepting shard that has ended has its permits in the reserve already; none is missed
        // then, because a shard ends only while ringway goes down.
        if (state_.shards[from]->alive()) parts_.permits.move_used({}, from, to);
        state_.shards[to]->send(shard::Adopt{fd, listener});
        return;
    }
    ::close(fd);
}

void Coordinator::tick(base::Instant now) {
    parts_.permits.tick(now);
    send_permit_actions();
    if (resolver_->next_due() <= now) resolver_->tick(now);
    if (prober_) prober_->tick(now);
    look_after_reload(now);
    server_->tick(now);
    if (listing_.deadline() <= now) {
        for (const std::size_t shard : listing_.missing()) {
            log_.warn("shard did not list its connections in time", stats::kv("shard", shard));
        }
        listing_.give_up();
        finish_listing();
    }
    if (logs_due_ <= now) drain_logs(now);
    if (suppressed_due_ <= now) {
        suppressed_due_ = now + suppressed_interval;
        log_.report_suppressed();
    }
    if (watchdog_due_ <= now) look_after_shards(now);
    if (give_up_at_ <= now) stop_at_once("a shard does not stop");
}

base::Instant Coordinator::next_due() const {
    // What was suppressed is reported by the way, with whatever wakes us next.
    base::Instant due = std::min({logs_due_, watchdog_due_, give_up_at_});
    due = std::min({due, parts_.permits.next_due(), listing_.deadline(), server_->next_due(),
                    resolver_->next_due()});
    if (prober_) due = std::min(due, prober_->next_due());
    if (staged_) due = std::min(due, staged_->commit_at);
    return std::min(due, reload_.due());
}

void Coordinator::broadcast(const std::function<shard::Command()>& make) {
    for (const auto& link : state_.shards) {
        if (link->alive()) link->send(make());
    }
}

// As it will be after the reload that is staged, if one is.
EndpointStatus& Coordinator::latest_status(std::size_t endpoint) {
    return staged_ ? staged_->endpoints[endpoint] : state_.endpoints[endpoint];
}

void Coordinator::addresses_changed(std::size_t endpoint,
                                    const std::vector<net::Address>& addresses) {
    EndpointStatus& status = latest_status(endpoint);
    status.addresses = addresses;
    log_.info("name resolved", stats::kv("host", status.endpoint->target.host),
              stats::kv("upstream", status.upstream->name),
              stats::kv("addresses", addresses.size()),
              stats::kv("first", addresses.front().to_string()));
    if (staged_) {
        // The resolver knows the staged names alone: the shards hear of this one now only where
        // they know the endpoint as it will be.
        if (endpoint >= state_.endpoints.size()) return;
        EndpointStatus& running = state_.endpoints[endpoint];
        if (running.endpoint->target != status.endpoint->target) return;
        running.addresses = addresses;
    }
    broadcast([&] { return shard::Command(shard::SetAddresses{endpoint, addresses}); });
}

void Coordinator::health_changed(std::size_t endpoint, bool healthy, std::string_view reason) {
    EndpointStatus& status = state_.endpoints[endpoint];
    status.healthy = healthy;
    const auto upstream = stats::kv("upstream", status.upstream->name);
    const auto name = stats::kv("endpoint", status.endpoint->name);
    if (healthy) {
        log_.info("endpoint passes its checks again", upstream, name);
    } else {
        log_.warn("endpoint fails its checks", upstream, name, stats::kv("error", reason));
    }
    broadcast([&] { return shard::Command(shard::SetEndpoint{endpoint, std::nullopt, healthy}); });
}

}  // namespace ringway::control
