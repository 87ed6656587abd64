#include "ringway/upstream/upstream_set.h"

#include <algorithm>
#include <utility>

#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/upstream/passive.h"

namespace ringway::upstream {

namespace {

bool is_limited(const Endpoint& endpoint) { return endpoint.settings->connections_max != 0; }

std::span<const net::Address> usable_part(const std::vector<net::Address>& addresses) {
    return std::span(addresses).first(std::min(addresses.size(), addresses_per_endpoint_max));
}

// A name server answers in any order: only other addresses are a change.
bool same_addresses(std::span<const net::Address> a, std::span<const net::Address> b) {
    return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

// Within the memory that was reserved at the start.
void replace_addresses(Endpoint& endpoint, std::span<const net::Address> addresses) {
    endpoint.addresses.assign(addresses.begin(), addresses.end());
    endpoint.next_address = 0;
}

std::uint64_t first_permits(const EndpointWiring& wiring, std::size_t slot) {
    return slot < wiring.permits.size() ? wiring.permits[slot] : 0;
}

}  // namespace

UpstreamSet::UpstreamSet(const config::Settings& settings, const EndpointWiring& wiring,
                         std::uint32_t shard_index, std::uint64_t random_seed)
    : shard_index_(shard_index), random_(random_seed) {
    for (std::size_t i = 0; i < settings.upstreams.size(); ++i) {
        UpstreamState& upstream = upstreams_.emplace_back();
        upstream.settings = &settings.upstreams[i];
        for (const auto& endpoint : upstream.settings->endpoints) {
            add_endpoint(endpoint, endpoints_.size(), i, wiring);
        }
        rotate(upstream.members, shard_index);
    }
    find_limited();
}

UpstreamSet::UpstreamSet(const config::Settings& settings,
                         const std::vector<std::vector<net::Address>>& addresses,
                         const std::vector<std::uint64_t>& permits, stats::ShardStats& stats,
                         std::uint32_t shard_index, std::uint64_t random_seed)
    : UpstreamSet(settings, EndpointWiring{addresses, permits, stats}, shard_index, random_seed) {}

// ---- endpoints come, change and go ------------------------------------------------------------

void UpstreamSet::add_endpoint(const config::Endpoint& settings, std::size_t slot,
                               std::size_t upstream_index, const EndpointWiring& wiring) {
    RW_ASSERT(slot < wiring.stats.endpoints.size());
    while (endpoints_.size() <= slot) endpoints_.emplace_back();
    Endpoint& made = endpoints_[slot];
    made.settings = &settings;
    made.upstream = upstreams_[upstream_index].settings;
    made.upstream_index = upstream_index;
    made.flat_index = slot;
    made.hash_seed = hash_seed_of(settings.name);
    made.stats = &wiring.stats.endpoints[slot];
    made.addresses.reserve(addresses_per_endpoint_max);
    set_target(made, wiring);
    if (is_limited(made)) made.permits_idle = first_permits(wiring, slot);
    join_members(made);
}

void UpstreamSet::set_target(Endpoint& endpoint, const EndpointWiring& wiring) {
    const config::Target& target = endpoint.settings->target;
    const std::size_t slot = endpoint.flat_index;
    endpoint.addresses.clear();
    endpoint.unix_path = {};
    endpoint.authority = config::is_unix(target.scheme) ? "localhost" : target.to_string();
    endpoint.next_address = 0;
    if (config::is_unix(target.scheme)) {
        endpoint.unix_path = net::UnixPath::parse(target.path).value_or(net::UnixPath{});
    } else if (slot < wiring.addresses.size() && !wiring.addresses[slot].empty()) {
        replace_addresses(endpoint, usable_part(wiring.addresses[slot]));
    } else if (const auto literal = net::Address::parse(target.host, target.port)) {
        endpoint.addresses.push_back(*literal);
    }
    // Shards of one process begin with different addresses, too.
    const std::size_t known = endpoint.addresses.size();
    if (known != 0) endpoint.next_address = shard_index_ % known;
}

// The place of a retired endpoint is taken over: a TriedSet has room for few.
void UpstreamSet::join_members(Endpoint& endpoint) {
    std::vector<Endpoint*>& members = upstreams_[endpoint.upstream_index].members;
    const auto place = std::find_if(members.begin(), members.end(),
                                    [](const Endpoint* each) { return each->settings->retired; });
    endpoint.index = static_cast<std::size_t>(place - members.begin());
    RW_ASSERT(endpoint.index < endpoints_per_upstream_max);
    if (place == members.end()) {
        members.push_back(&endpoint);
    } else {
        *place = &endpoint;
    }
}

void UpstreamSet::update_endpoint(Endpoint& endpoint, const config::Endpoint& settings,
                                  const EndpointWiring& wiring) {
    const config::Endpoint& old = *endpoint.settings;
    const bool moved = settings.target != old.target;
    const bool was_limited = is_limited(endpoint);
    endpoint.settings = &settings;
    endpoint.upstream = upstreams_[endpoint.upstream_index].settings;
    if (moved) {
        ++endpoint.target_version;
        set_target(endpoint, wiring);
        clear_marks(endpoint);
        endpoint.healthy = true;
        endpoint.latency_ns = 0;
        endpoint.stats->latency_ewma_ns.set(0);
    }
    if (was_limited == is_limited(endpoint)) return;
    endpoint.permits_wanted = endpoint.permits_to_ask = 0;
    endpoint.permits_owed = endpoint.permits_to_return = 0;
    endpoint.permits_idle = was_limited ? 0 : first_permits(wiring, endpoint.flat_index);
    endpoint.permits_exempt = was_limited ? 0 : endpoint.active;
}

void UpstreamSet::reload(const config::Settings& settings, const EndpointWiring& wiring) {
    RW_ASSERT(settings.upstreams.size() >= upstreams_.size());
    const std::size_t known = endpoints_.size();
    std::size_t updated = 0;
    upstreams_.resize(settings.upstreams.size());
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        upstreams_[i].settings = &settings.upstreams[i];
        for (const config::Endpoint& each : settings.upstreams[i].endpoints) {
            if (each.slot >= known) continue;
            RW_ASSERT(endpoints_[each.slot].upstream_index == i);
            update_endpoint(endpoints_[each.slot], each, wiring);
            ++updated;
        }
    }
    RW_ASSERT(updated == known);  // the old settings are about to go
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        for (const config::Endpoint& each : settings.upstreams[i].endpoints) {
            if (each.slot >= known) {
                add_endpoint(each, each.slot, i, wiring);
            } else if (Endpoint& back = endpoints_[each.slot]; !each.retired && !is_member(back)) {
                join_members(back);
            }
        }
        upstreams_[i].changed = true;
        ++upstreams_[i].changes;
    }
    anything_changed_ = true;
    ++told_;
    find_limited();
}

bool UpstreamSet::is_member(const Endpoint& endpoint) const {
    const Members members = endpoints_of(endpoint.upstream_index);
    return endpoint.index < members.size() && members[endpoint.index] == &endpoint;
}

void UpstreamSet::find_limited() {
    limited_.clear();
    for (UpstreamState& upstream : upstreams_) upstream.has_limits = false;
    for (Endpoint& each : endpoints_) {
        if (!is_limited(each)) continue;
        limited_.push_back(&each);
        upstream_of(each).has_limits = true;
        want_for_waiting(each);
    }
}

Endpoint& UpstreamSet::endpoint(std::size_t flat_index) {
    RW_ASSERT(flat_index < endpoints_.size());
    return endpoints_[flat_index];
}

UpstreamSet::UpstreamState& UpstreamSet::upstream_of(const Endpoint& endpoint) {
    return upstreams_[endpoint.upstream_index];
}

// ---- choosing and counting --------------------------------------------------------------------

Pick UpstreamSet::choose(std::size_t upstream, TriedSet tried, const net::Address& client,
                         base::Instant now) {
    RW_ASSERT(upstream < upstreams_.size());
    UpstreamState& state = upstreams_[upstream];
    // Whoever waits already comes before the newcomer.
    if (state.changed && state.waiting_count != 0) serve_waiting(state, now);
    const Pick made =
        pick(endpoints_of(upstream), state.settings->balance, tried, client, now, random_);
    if (state.has_limits && made.choice != Choice::none) want_missing(state, tried, made, now);
    if (made.choice == Choice::chosen) charge(*made.endpoint, now);
    return made;
}

void UpstreamSet::charge(Endpoint& endpoint, base::Instant now) {
    ++endpoint.active;
    if (is_limited(endpoint)) {
        RW_ASSERT(endpoint.permits_idle > 0);
        --endpoint.permits_idle;
    }
    connect_started(endpoint, now);
}

void UpstreamSet::take_charge_back(Endpoint& endpoint) {
    RW_ASSERT(endpoint.active > 0);
    --endpoint.active;
    if (!is_limited(endpoint)) return;
    if (endpoint.permits_exempt > 0) {
        --endpoint.permits_exempt;
        return;
    }
    if (endpoint.permits_owed > 0) {
        --endpoint.permits_owed;
        ++endpoint.permits_to_return;
        permit_news_ = true;
        want_for_waiting(endpoint);
        return;
    }
    ++endpoint.permits_idle;
    note_change(endpoint);
}

const net::Address& UpstreamSet::next_address(Endpoint& endpoint) {
    RW_ASSERT(!endpoint.addresses.empty());
    const std::size_t at = endpoint.next_address % endpoint.addresses.size();
    endpoint.next_address = at + 1;
    return endpoint.addresses[at];
}

void UpstreamSet::connected(Endpoint& endpoint) {
    const bool was_marked = is_marked_down(endpoint);
    connect_succeeded(endpoint);
    endpoint.stats->connections.add();
    endpoint.stats->active.add();
    if (was_marked) note_change(endpoint);
}

void UpstreamSet::connect_failed(Endpoint& endpoint, base::Instant now) {
    endpoint.stats->failures.add();
    upstream::connect_failed(endpoint, now);
    take_charge_back(endpoint);
}

void UpstreamSet::connect_abandoned(Endpoint& endpoint) { take_charge_back(endpoint); }

void UpstreamSet::disconnected(Endpoint& endpoint) {
    endpoint.stats->active.subtract();
    if (base::planted(base::Bug::endpoint_permit_leaked)) return;
    take_charge_back(endpoint);
}

// ---- permits ----------------------------------------------------------------------------------

void UpstreamSet::want(Endpoint& endpoint, std::uint64_t target) {
    target = std::min<std::uint64_t>(target, endpoint.settings->connections_max);
    if (endpoint.permits_wanted >= target) return;
    endpoint.permits_to_ask += target - endpoint.permits_wanted;
    endpoint.permits_wanted = target;
    permit_news_ = true;
}

// No more is asked for at once than the limit allows, and what leaves may have been waited for: so
// whenever permits come or go it is made sure that those who still wait are asked for.
void UpstreamSet::want_for_waiting(Endpoint& endpoint) {
    if (endpoint.permits_waiting <= endpoint.permits_idle) return;
    want(endpoint, endpoint.permits_waiting - endpoint.permits_idle);
}

// Every endpoint that this session could have used but for a permit is asked for: one each, so that
// permits idle on other shards are found wherever they are. Backups only once they are needed.
void UpstreamSet::want_missing(UpstreamState& upstream, TriedSet tried, const Pick& pick,
                               base::Instant now) {
    for (Endpoint* const member : upstream.members) {
        Endpoint& each = *member;
        if (has_permit(each) || (tried & tried_bit(each)) != 0) continue;
        if (each.settings->backup != pick.endpoint->settings->backup) continue;
        if (&each == pick.endpoint || can_serve(each, now)) want(each, 1);
    }
}

void UpstreamSet::grant_permits(std::size_t flat_index, std::uint64_t count) {
    Endpoint& to = endpoint(flat_index);
    if (!is_limited(to)) return;
    to.permits_idle += count;
    to.permits_wanted -= std::min(count, to.permits_wanted);
    // What came without being asked for need not be asked for any more.
    to.permits_to_ask = std::min(to.permits_to_ask, to.permits_wanted);
    want_for_waiting(to);
    note_change(to);
}

std::uint64_t UpstreamSet::recall_permits(std::size_t flat_index, std::uint64_t count) {
    Endpoint& from = endpoint(flat_index);
    if (!is_limited(from)) return 0;
    // What sessions here wait for was granted to them, though they have not been served yet.
    const std::uint64_t spare =
        from.permits_idle - std::min(from.permits_idle, from.permits_waiting);
    const std::uint64_t leaving = std::min(spare, count);
    from.permits_idle -= leaving;
    // A repeated recall is the same wish once more, not a further one; and no more can leave later
    // than connections hold now.
    const std::uint64_t missing = std::min(count - leaving, from.active - from.permits_exempt);
    from.permits_owed = std::max(from.permits_owed, missing);
    return leaving;
}

// ---- waiting ----------------------------------------------------------------------------------

void UpstreamSet::wait(PermitWaiter& waiter, const Pick& pick) {
    RW_ASSERT(pick.choice == Choice::at_limit);
    RW_ASSERT(waiter.granted == nullptr);
    UpstreamState& upstream = upstream_of(*pick.endpoint);
    RW_ASSERT(&upstream == &upstreams_[waiter.upstream]);
    upstream.waiting.push_back(waiter);
    ++upstream.waiting_count;
    ++waiting_total_;
    waiter.counted_at = pick.endpoint;
    ++pick.endpoint->permits_waiting;
    want(*pick.endpoint, pick.endpoint->permits_waiting);
}

void UpstreamSet::leave_queue(UpstreamState& upstream, PermitWaiter& waiter) {
    RW_ASSERT(waiter.counted_at->permits_waiting > 0);
    --waiter.counted_at->permits_waiting;
    waiter.counted_at = nullptr;
    waiter.link.unlink();
    --upstream.waiting_count;
    --waiting_total_;
}

void UpstreamSet::stop_waiting(PermitWaiter& waiter) {
    if (waiter.counted_at != nullptr) leave_queue(upstreams_[waiter.upstream], waiter);
    waiter.link.unlink();
    if (waiter.granted != nullptr) connect_abandoned(*std::exchange(waiter.granted, nullptr));
}

// Hands what is free to waiters in the order they came, passing over those that have tried it.
void UpstreamSet::serve_waiting(UpstreamState& upstream, base::Instant now) {
    upstream.changed = false;
    const Members endpoints = upstream.members;
    PermitWaiter* at = upstream.waiting.first();
    while (at != nullptr) {
        PermitWaiter* const following = upstream.waiting.next(*at);
        const bool any_usable =
            std::any_of(endpoints.begin(), endpoints.end(),
                        [](const Endpoint* each) { return is_choosable(*each); });
        const bool any_free = std::any_of(
            endpoints.begin(), endpoints.end(),
            [](const Endpoint* each) { return is_choosable(*each) && has_permit(*each); });
        if (any_usable && !any_free) return;
        const Pick made =
            pick(endpoints, upstream.settings->balance, at->tried, at->client, now, random_);
        if (made.choice != Choice::at_limit) {
            leave_queue(upstream, *at);
            at->granted = made.endpoint;
            if (made.choice == Choice::chosen) charge(*made.endpoint, now);
            served_.push_back(*at);
        }
        at = following;
    }
}

void UpstreamSet::run_waiters(base::Instant now) {
    // A woken session may fail at once and free what the next one waits for.
    do {
        const bool look =
            waiting_total_ != 0 && (anything_changed_ || earliest_trial(ran_at_) <= now);
        anything_changed_ = false;
        ran_at_ = now;
        for (UpstreamState& upstream : upstreams_) {
            if (look && upstream.waiting_count != 0) serve_waiting(upstream, now);
        }
        while (!served_.empty()) {
            PermitWaiter& waiter = served_.pop_front();
            waiter.wake(waiter);
        }
    } while (anything_changed_ && waiting_total_ != 0);
}

base::Instant UpstreamSet::next_due() const { return earliest_trial(ran_at_); }

// The end of the first back-off after `after` that a waiter may profit from. Those before it were
// looked at already: whoever still waits has no use for them.
base::Instant UpstreamSet::earliest_trial(base::Instant after) const {
    base::Instant earliest = base::Instant::never();
    if (waiting_total_ == 0) return earliest;
    for (const UpstreamState& upstream : upstreams_) {
        if (upstream.waiting_count == 0) continue;
        for (const Endpoint* const member : upstream.members) {
            const Endpoint& each = *member;
            if (!is_marked_down(each) || !is_usable(each) || !has_permit(each)) continue;
            if (each.down_until > after) earliest = std::min(earliest, each.down_until);
        }
    }
    return earliest;
}

void UpstreamSet::note_change(const Endpoint& endpoint) {
    upstream_of(endpoint).changed = true;
    ++upstream_of(endpoint).changes;
    anything_changed_ = true;
}

// ---- what the coordinator knows ---------------------------------------------------------------

void UpstreamSet::set_admin_state(std::size_t flat_index, AdminState state) {
    Endpoint& changed = endpoint(flat_index);
    changed.state = state;
    if (state == AdminState::ready) clear_marks(changed);
    ++told_;
    note_change(changed);
}

void UpstreamSet::set_healthy(std::size_t flat_index, bool healthy) {
    Endpoint& changed = endpoint(flat_index);
    if (changed.healthy == healthy) return;
    changed.healthy = healthy;
    if (healthy) clear_marks(changed);
    ++told_;
    note_change(changed);
}

void UpstreamSet::set_addresses(std::size_t flat_index,
                                const std::vector<net::Address>& addresses) {
    Endpoint& changed = endpoint(flat_index);
    if (same_addresses(changed.addresses, usable_part(addresses))) return;
    replace_addresses(changed, usable_part(addresses));
    clear_marks(changed);
    ++told_;
    note_change(changed);
}

}  // namespace ringway::upstream
