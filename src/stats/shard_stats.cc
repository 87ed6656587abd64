#include "ringway/stats/shard_stats.h"

namespace ringway::stats {

std::string_view name_of(CloseReason reason) {
    switch (reason) {
        case CloseReason::finished: return "finished";
        case CloseReason::downstream_reset: return "downstream-reset";
        case CloseReason::upstream_reset: return "upstream-reset";
        case CloseReason::connect_failed: return "connect-failed";
        case CloseReason::connect_timeout: return "connect-timeout";
        case CloseReason::no_endpoint: return "no-endpoint";
        case CloseReason::idle_timeout: return "idle-timeout";
        case CloseReason::denied: return "denied";
        case CloseReason::bad_preamble: return "bad-preamble";
        case CloseReason::preamble_timeout: return "preamble-timeout";
        case CloseReason::drained: return "drained";
        case CloseReason::out_of_memory: return "out-of-memory";
    }
    return "unknown";
}
static_assert(static_cast<std::size_t>(CloseReason::out_of_memory) + 1 == close_reason_count);

ShardStats::ShardStats(std::size_t listeners_wanted, std::size_t endpoints_wanted)
    : ShardStats(listeners_wanted, StatsSizes{endpoints_wanted, 0, 0}) {}

ShardStats::ShardStats(std::size_t listeners_wanted, const StatsSizes& sizes)
    : listener_count(listeners_wanted),
      listeners(std::make_unique<ListenerStats[]>(listeners_wanted)) {
    grow(sizes);
}

void ShardStats::grow(const StatsSizes& sizes) {
    const auto with_window = [this](auto& fresh) { fresh.set_window(window_); };
    endpoints.grow(sizes.endpoints);
    routes.grow(sizes.routes, with_window);
    upstreams.grow(sizes.upstreams, with_window);
    pools.grow(sizes.upstreams, with_window);
}

void ShardStats::set_window(base::Duration window) {
    window_ = window;
    for (Latency* latency : {&connect, &first_byte, &session}) latency->set_window(window);
    http.set_window(window);
    for (std::size_t slot = 0; slot < routes.size(); ++slot) routes[slot].set_window(window);
    for (std::size_t index = 0; index < upstreams.size(); ++index) {
        upstreams[index].set_window(window);
        pools[index].set_window(window);
    }
}

// The coordinator may be growing the tables meanwhile: what is new then has no peaks yet.
void ShardStats::reset_peaks() {
    for (Latency* latency : {&connect, &first_byte, &session}) latency->reset_peaks();
    http.reset_peaks();
    for (std::size_t slot = 0; slot < routes.size(); ++slot) routes[slot].reset_peaks();
    for (std::size_t index = 0; index < upstreams.size(); ++index) upstreams[index].reset_peaks();
    for (std::size_t index = 0; index < pools.size(); ++index) pools[index].reset_peaks();
}

}  // namespace ringway::stats
