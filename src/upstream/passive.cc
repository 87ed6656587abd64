#include "ringway/upstream/passive.h"

#include <algorithm>

namespace ringway::upstream {

bool is_marked_down(const Endpoint& endpoint) { return endpoint.backoff.ns != 0; }

void connect_started(Endpoint& endpoint, base::Instant now) {
    if (!is_marked_down(endpoint) || now < endpoint.down_until) return;
    endpoint.trial_running = true;
    endpoint.down_until = now + endpoint.backoff;
}

void connect_failed(Endpoint& endpoint, base::Instant now) {
    const config::Upstream& rule = *endpoint.upstream;
    ++endpoint.failures_in_a_row;
    if (is_marked_down(endpoint)) {
        // Connects that began before the mark fail together with the one that set it: only the
        // trial's failure says something new.
        if (!endpoint.trial_running) return;
        endpoint.trial_running = false;
        endpoint.backoff = std::min(endpoint.backoff * 2, rule.fail_backoff_max);
        endpoint.down_until = now + endpoint.backoff;
        return;
    }
    if (rule.fail_threshold == 0 || endpoint.failures_in_a_row < rule.fail_threshold) return;
    if (rule.fail_backoff.ns <= 0) return;
    endpoint.backoff = std::min(rule.fail_backoff, rule.fail_backoff_max);
    endpoint.down_until = now + endpoint.backoff;
    endpoint.stats->marked_down.add();
    endpoint.stats->passive_down.set(1);
}

void connect_succeeded(Endpoint& endpoint) { clear_marks(endpoint); }

void clear_marks(Endpoint& endpoint) {
    endpoint.failures_in_a_row = 0;
    if (!is_marked_down(endpoint)) return;
    endpoint.backoff = {};
    endpoint.down_until = {};
    endpoint.trial_running = false;
    endpoint.stats->passive_down.set(0);
}

}  // namespace ringway::upstream
