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
    : listener_count(listeners_wanted),
      endpoint_count(endpoints_wanted),
      listeners(std::make_unique<ListenerStats[]>(listeners_wanted)),
      endpoints(std::make_unique<EndpointStats[]>(endpoints_wanted)) {}

void ShardStats::set_window(base::Duration window) {
    for (Latency* latency : {&connect, &first_byte, &session}) latency->set_window(window);
}

void ShardStats::reset_peaks() {
    for (Latency* latency : {&connect, &first_byte, &session}) latency->reset_peaks();
}

}  // namespace ringway::stats
