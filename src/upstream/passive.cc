#include "ringway/upstream/passive.h"

#include <algorithm>

namespace ringway::upstream {

bool is_marked_down(const Endpoint& endpoint) { return endpoint.backoff.ns != 0; }

void connect_started(Endpoint& endpoint, base::Instant now) {
    if (!is_marked_down(endpoint) || now < endpoint.down_until) return;
    endpoint.trial_running = true;
    endpoint.down_until = now + endpoint.backoff;
}

namespace {

// Fewer exchanges than these say nothing about a rate.
constexpr std::uint32_t exchanges_for_rate_min = 20;

void mark_down(Endpoint& endpoint, base::Instant now) {
    const config::Upstream& rule = *endpoint.upstream;
    endpoint.backoff = std::min(rule.fail_backoff, rule.fail_backoff_max);
    endpoint.down_until = now + endpoint.backoff;
    endpoint.stats->marked_down.add();
    endpoint.stats->passive_down.set(1);
}

// What began before the mark fails together with what set it: only the trial's failure says
// something new.
void fail_again(Endpoint& endpoint, base::Instant now) {
    if (!endpoint.trial_running) return;
    endpoint.trial_running = false;
    endpoint.backoff = std::min(endpoint.backoff * 2, endpoint.upstream->fail_backoff_max);
    endpoint.down_until = now + endpoint.backoff;
}

void lift_mark(Endpoint& endpoint) {
    // What was counted before would eject it again at the next failure.
    if (endpoint.ejected) endpoint.exchanges.clear();
    endpoint.ejected = false;
    endpoint.backoff = {};
    endpoint.down_until = {};
    endpoint.trial_running = false;
    endpoint.stats->passive_down.set(0);
    endpoint.stats->ejected.set(0);
}

bool leaves_enough(Members all, std::uint32_t out_percent) {
    std::size_t serving = 0;
    std::size_t out = 1;  // with one more
    for (const Endpoint* each : all) {
        if (!is_usable(*each)) continue;
        ++serving;
        if (is_marked_down(*each)) ++out;
    }
    return out * 100 <= serving * out_percent;
}

bool fails_too_often(const Endpoint& endpoint) {
    const config::Upstream& rule = *endpoint.upstream;
    if (rule.eject_errors != 0 && endpoint.failed_exchanges_in_a_row >= rule.eject_errors) {
        return true;
    }
    const RecentCounts::Counts lately = endpoint.exchanges.sum();
    if (rule.eject_error_percent == 0 || lately.first < exchanges_for_rate_min) return false;
    return std::uint64_t{lately.second} * 100 >=
           std::uint64_t{lately.first} * rule.eject_error_percent;
}

}  // namespace

void connect_failed(Endpoint& endpoint, base::Instant now) {
    const config::Upstream& rule = *endpoint.upstream;
    ++endpoint.failures_in_a_row;
    if (is_marked_down(endpoint)) {
        fail_again(endpoint, now);
        return;
    }
    if (rule.fail_threshold == 0 || endpoint.failures_in_a_row < rule.fail_threshold) return;
    if (rule.fail_backoff.ns > 0) mark_down(endpoint, now);
}

void connect_succeeded(Endpoint& endpoint) {
    endpoint.failures_in_a_row = 0;
    if (is_marked_down(endpoint) && !endpoint.ejected) lift_mark(endpoint);
}

bool exchange_failed(Endpoint& endpoint, Members all, base::Instant now) {
    endpoint.exchanges.move_to(now);
    endpoint.exchanges.add({1, 1});
    ++endpoint.failed_exchanges_in_a_row;
    endpoint.stats->exchange_failures.add();
    if (is_marked_down(endpoint)) {
        fail_again(endpoint, now);
        return false;
    }
    const config::Upstream& rule = *endpoint.upstream;
    if (rule.fail_backoff.ns <= 0 || !fails_too_often(endpoint)) return false;
    if (!leaves_enough(all, rule.eject_share_percent)) return false;
    endpoint.ejected = true;
    endpoint.stats->ejections.add();
    endpoint.stats->ejected.set(1);
    mark_down(endpoint, now);
    return true;
}

void exchange_succeeded(Endpoint& endpoint, base::Instant now) {
    endpoint.exchanges.move_to(now);
    endpoint.exchanges.add({1, 0});
    endpoint.failed_exchanges_in_a_row = 0;
    // What began before the mark does not count for it.
    if (is_marked_down(endpoint) && endpoint.trial_running) lift_mark(endpoint);
}

void clear_marks(Endpoint& endpoint) {
    endpoint.failures_in_a_row = 0;
    endpoint.failed_exchanges_in_a_row = 0;
    endpoint.exchanges.clear();
    if (is_marked_down(endpoint)) lift_mark(endpoint);
}

}  // namespace ringway::upstream
