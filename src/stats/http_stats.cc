#include "ringway/stats/http_stats.h"

#include <algorithm>

namespace ringway::stats {

std::string_view name_of(ExchangeEnd end) {
    switch (end) {
        case ExchangeEnd::finished: return "finished";
        case ExchangeEnd::answered_here: return "answered-here";
        case ExchangeEnd::bad_request: return "bad-request";
        case ExchangeEnd::downstream_aborted: return "downstream-aborted";
        case ExchangeEnd::downstream_timeout: return "downstream-timeout";
        case ExchangeEnd::no_route: return "no-route";
        case ExchangeEnd::overloaded: return "overloaded";
        case ExchangeEnd::no_endpoint: return "no-endpoint";
        case ExchangeEnd::pool_timeout: return "pool-timeout";
        case ExchangeEnd::connect_failed: return "connect-failed";
        case ExchangeEnd::connect_timeout: return "connect-timeout";
        case ExchangeEnd::upstream_reset: return "upstream-reset";
        case ExchangeEnd::upstream_bad: return "upstream-bad";
        case ExchangeEnd::upstream_timeout: return "upstream-timeout";
        case ExchangeEnd::upstream_cut: return "upstream-cut";
        case ExchangeEnd::request_timeout: return "request-timeout";
        case ExchangeEnd::drained: return "drained";
        case ExchangeEnd::internal: return "internal";
        case ExchangeEnd::tunnelled: return "tunnelled";
    }
    return "unknown";
}

bool is_failure(ExchangeEnd end) {
    switch (end) {
        case ExchangeEnd::finished:
        case ExchangeEnd::answered_here:
        case ExchangeEnd::bad_request:
        case ExchangeEnd::downstream_aborted:
        case ExchangeEnd::downstream_timeout:
        case ExchangeEnd::no_route:
        case ExchangeEnd::tunnelled: return false;
        case ExchangeEnd::overloaded:
        case ExchangeEnd::no_endpoint:
        case ExchangeEnd::pool_timeout:
        case ExchangeEnd::connect_failed:
        case ExchangeEnd::connect_timeout:
        case ExchangeEnd::upstream_reset:
        case ExchangeEnd::upstream_bad:
        case ExchangeEnd::upstream_timeout:
        case ExchangeEnd::upstream_cut:
        case ExchangeEnd::request_timeout:
        case ExchangeEnd::drained:
        case ExchangeEnd::internal: return true;
    }
    return false;
}

std::string_view name_of(MethodClass method) {
    switch (method) {
        case MethodClass::read: return "read";
        case MethodClass::post: return "post";
        case MethodClass::update: return "update";
        case MethodClass::remove: return "remove";
        case MethodClass::other: return "other";
    }
    return "unknown";
}
static_assert(static_cast<std::size_t>(MethodClass::other) + 1 == method_class_count);

// Statuses beyond 599 are none that we know (RFC 9110, 15): they count with the server's errors.
std::size_t status_class_of(int status) {
    if (status < 100) return 0;
    return std::min<std::size_t>(static_cast<std::size_t>(status) / 100, status_class_count - 1);
}

std::string_view name_of_status_class(std::size_t status_class) {
    constexpr std::array<std::string_view, status_class_count> names{"none", "1xx", "2xx",
                                                                     "3xx",  "4xx", "5xx"};
    return status_class < names.size() ? names[status_class] : "unknown";
}

void TrafficStats::set_window(base::Duration window) {
    for (Latency* latency : {&total, &queue, &connect, &first_byte}) latency->set_window(window);
}

void TrafficStats::reset_peaks() {
    for (Latency* latency : {&total, &queue, &connect, &first_byte}) latency->reset_peaks();
}

void TrafficStats::count_end(MethodClass method, int status, ExchangeEnd end,
                             const ExchangeTimes& times, base::Instant now) {
    active.subtract();
    by_method[static_cast<std::size_t>(method)].add();
    by_status_class[status_class_of(status)].add();
    ends[static_cast<std::size_t>(end)].add();
    if (status >= 500 || is_failure(end)) errors.add();
    total.record(times.total, now);
    if (times.first_byte.ns >= 0) first_byte.record(times.first_byte, now);
    if (times.connect.ns >= 0) connect.record(times.connect, now);
    if (times.queue.ns >= 0) queue.record(times.queue, now);
}

void PoolStats::set_window(base::Duration window) { wait.set_window(window); }
void PoolStats::reset_peaks() { wait.reset_peaks(); }

void HttpStats::set_window(base::Duration window) { shed.set_window(window); }
void HttpStats::reset_peaks() { shed.reset_peaks(); }

}  // namespace ringway::stats
