// Other settings while ringway runs: read again, arranged beside those before, and brought to every
// shard.
//
// A reload goes through three steps, and one at a time: what is read is refused or staged; a staged
// one waits a moment for names that nobody has asked for yet, so that new endpoints have addresses
// when traffic comes to them; then it is committed here and sent to the shards, and it is over when
// all of them have said so.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "coordinator.h"
#include "permit_pools.h"
#include "ringway/config/reload.h"
#include "ringway/ring/sys.h"
#include "stats_rows.h"

namespace ringway::control {
namespace {

// For new names; what has no address then is unusable until it has one.
constexpr auto names_patience = base::Duration::seconds(2);
// Longer than any turn of a shard.
constexpr auto shards_patience = base::Duration::seconds(5);

}  // namespace

void Coordinator::reload(const char* why, std::optional<ClientId> client) {
    if (state_.draining) {
        refuse_reload(why, client, "ringway is draining");
        return;
    }
    if (!serving_ || staged_ || reload_.running()) {
        // Once more afterwards: what was read may be older than the wish.
        if (!client || !next_reload_client_) {
            reload_again_ = true;
            if (client) next_reload_client_ = client;
        } else {
            server_->refuse(*client, "others wait for a reload already; try again");
        }
        return;
    }
    parts_.notify.reloading();
    if (const std::string refusal = stage(why, client); !refusal.empty()) {
        refuse_reload(why, client, refusal);
        parts_.notify.ready("reload refused, the running settings stay");
    }
}

void Coordinator::refuse_reload(const char* why, std::optional<ClientId> client,
                                const std::string& reason) {
    ++state_.reloads.refused;
    note_reload(fmt::format("refused: {}", reason));
    log_.error("reload refused, the running settings stay", stats::kv("why", why),
               stats::kv("reason", reason));
    if (client) server_->refuse(*client, fmt::format("reload refused: {}", reason));
}

void Coordinator::note_reload(std::string result) {
    state_.reloads.last_wall_us = ring::sys::wall_clock_us();
    state_.reloads.last_result = std::move(result);
}

// Empty, or why the settings are refused.
std::string Coordinator::stage(const char* why, std::optional<ClientId> client) {
    if (!parts_.reread) return "these settings were not read from anywhere";
    Reread read = parts_.reread();
    if (!read.refusal.empty()) return read.refusal;
    auto plan = config::plan_reload(state_.settings(), std::move(read.settings));
    if (!plan) return config::refusal_line("reload", plan.reason());
    for (const std::string& warning : read.warnings) {
        log_.warn("settings", stats::kv("note", warning));
    }
    if (*plan == state_.settings()) {
        ++state_.reloads.done;
        note_reload("nothing has changed");
        log_.info("reloaded, nothing has changed", stats::kv("why", why),
                  stats::kv("generation", state_.reloads.generation));
        parts_.notify.ready("reloaded, nothing has changed");
        if (client) {
            server_->reply(*client, fmt::format("nothing has changed, generation {} stays",
                                                state_.reloads.generation));
        }
        return {};
    }
    const base::Instant now = ring::sys::now();
    StagedReload staged;
    staged.settings = std::make_shared<const config::Settings>(std::move(*plan));
    staged.endpoints = endpoints_after(state_, *staged.settings);
    staged.commit_at = now + names_patience;
    staged.why = why;
    staged.client = client;
    resolver_->replace(names_in(staged.endpoints), staged.settings->resolve_interval);
    staged_ = std::move(staged);
    resolver_->tick(now);
    commit_when_ready(now);
    return {};
}

void Coordinator::commit_when_ready(base::Instant now) {
    if (!staged_) return;
    if (resolver_->first_round_under_way() && now < staged_->commit_at) return;
    StagedReload staged = std::move(*staged_);
    staged_.reset();
    commit(std::move(staged), now);
}

void Coordinator::commit(StagedReload staged, base::Instant now) {
    const std::shared_ptr<const config::Settings> before =
        std::exchange(state_.current, staged.settings);
    const config::Settings& settings = *state_.current;
    // Once more: operators and checks may have spoken while names were looked up.
    std::vector<EndpointStatus> endpoints = endpoints_after(state_, settings);
    for (std::size_t slot = 0; slot < endpoints.size(); ++slot) {
        if (!endpoints[slot].addresses.empty()) continue;
        endpoints[slot].addresses = std::move(staged.endpoints[slot].addresses);
    }
    const std::vector<EndpointStatus> endpoints_before =
        std::exchange(state_.endpoints, std::move(endpoints));
    for (std::size_t i = 0; i < state_.listeners.size(); ++i) {
        if (settings.listeners[i].speaks_http()) continue;
        state_.listeners[i].upstream = settings.upstreams[settings.listeners[i].upstream].name;
    }
    const stats::StatsSizes sizes = stats_sizes_of(settings);
    for (const auto& link : state_.shards) link->stats.grow(sizes);
    for_each_limit(settings, [&](PermitPool pool, std::uint64_t total) {
        if (parts_.permits.has_pool(pool)) {
            parts_.permits.set_total(pool, total, now);
        } else {
            parts_.permits.add_pool(pool, total);
        }
    });
    ++state_.reloads.generation;
    send_reload(now);
    tell_changed_endpoints(endpoints_before);
    send_permit_actions();
    if (prober_) prober_->reload(settings);
    if (settings.log_level != before->log_level) apply_log_level(settings.log_level);
    reload_client_ = staged.client;
    reload_why_ = staged.why;
}

void Coordinator::send_reload(base::Instant now) {
    auto plan = std::make_shared<shard::ReloadPlan>();
    plan->generation = state_.reloads.generation;
    plan->settings = state_.current;
    for (const EndpointStatus& status : state_.endpoints) {
        plan->addresses.push_back(status.addresses);
    }
    plan->shares = first_shares(parts_.permits);
    std::vector<std::size_t> asked;
    for (std::size_t shard = 0; shard < state_.shards.size(); ++shard) {
        if (state_.shards[shard]->alive()) asked.push_back(shard);
    }
    reload_.begin(plan->generation, asked, now, now + shards_patience);
    broadcast([&] { return shard::Command(shard::Reload{plan}); });
}

// What the operator and the checks had said of an endpoint that is another one now.
void Coordinator::tell_changed_endpoints(const std::vector<EndpointStatus>& before) {
    for (std::size_t slot = 0; slot < before.size(); ++slot) {
        const EndpointStatus& now = state_.endpoints[slot];
        const bool same_target = now.endpoint->target == before[slot].endpoint->target;
        const bool same_words =
            now.state == before[slot].state && now.healthy == before[slot].healthy;
        if (same_target && same_words) continue;
        broadcast([&] { return shard::Command(shard::SetEndpoint{slot, now.state, now.healthy}); });
    }
}

void Coordinator::look_after_reload(base::Instant now) {
    commit_when_ready(now);
    if (reload_.complete()) finish_reload(now);
    if (reload_.due() > now) return;
    reload_.patience_is_over();
    std::string names;
    for (const std::size_t shard : reload_.missing()) names += fmt::format(" {}", shard);
    log_.warn("a shard has not taken the new settings yet", stats::kv("shards", names));
    if (!reload_client_) return;
    server_->refuse(*std::exchange(reload_client_, std::nullopt),
                    fmt::format("the new settings are valid and sent, but shard{} has not taken "
                                "them within 5 seconds",
                                names));
}

void Coordinator::finish_reload(base::Instant now) {
    reload_.finish();
    ++state_.reloads.done;
    note_reload("ok");
    log_.info("reloaded", stats::kv("why", reload_why_),
              stats::kv("generation", reload_.generation()),
              stats::kv("shards", state_.shards_alive()), stats::kv("took", now - reload_.began()));
    parts_.notify.ready(fmt::format("serving generation {}", reload_.generation()));
    if (reload_client_) {
        server_->reply(*std::exchange(reload_client_, std::nullopt),
                       fmt::format("reloaded, generation {}", reload_.generation()));
    }
    reload_if_wished();
}

void Coordinator::reload_if_wished() {
    if (!std::exchange(reload_again_, false)) return;
    const std::optional<ClientId> client = std::exchange(next_reload_client_, std::nullopt);
    reload(client ? "ctl reload" : "HUP", client);
}

// Draining begins: what is not with the shards yet will not come to them.
void Coordinator::drop_staged_reload() {
    reload_again_ = false;
    if (next_reload_client_) {
        server_->refuse(*std::exchange(next_reload_client_, std::nullopt),
                        "reload refused: ringway is draining");
    }
    if (!staged_) return;
    const StagedReload dropped = std::move(*staged_);
    staged_.reset();
    resolver_->replace(names_in(state_.endpoints), state_.settings().resolve_interval);
    refuse_reload(dropped.why, dropped.client, "ringway is draining");
}

}  // namespace ringway::control
