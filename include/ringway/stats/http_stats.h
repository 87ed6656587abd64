// What is counted of HTTP exchanges: per route and per upstream by the same struct, per shard.
//
// Written by the shard's thread alone, read at any time. Objects are made by the coordinator when a
// route or upstream first appears and live as long as the process: a shard gets pointers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/stats/counter.h"
#include "ringway/stats/latency.h"

namespace ringway::stats {

// How an exchange ended; every request whose head was complete ends in exactly one of them, and is
// `aborted` until then.
enum class ExchangeEnd : std::uint8_t {
    finished,            // a response was passed on to its end
    answered_here,       // a redirect or fixed reply
    bad_request,         // the request was refused: 4xx or 501, 505 by ringway
    downstream_aborted,  // the client went away, or its body ended early
    downstream_timeout,  // 408: the body, or the reading of the response, came to rest
    no_route,
    overloaded,        // 503: too many requests in flight, or too many waiters
    no_endpoint,       // 503
    pool_timeout,      // 503: no connection in time
    connect_failed,    // 502
    connect_timeout,   // 504
    upstream_reset,    // 502: gone before the response's head
    upstream_bad,      // 502: a response that is none
    upstream_timeout,  // 504: no head in time
    upstream_cut,      // the response's body ended early: passed on as cut
    request_timeout,   // --request-timeout
    drained,           // cut by the drain deadline
    internal,          // 500, 503: out of memory or descriptors
    tunnelled,         // 101 or CONNECT, relayed to its end
};
inline constexpr std::size_t exchange_end_count =
    static_cast<std::size_t>(ExchangeEnd::tunnelled) + 1;
std::string_view name_of(ExchangeEnd end);  // "finished", "downstream-aborted", ...
// Whether the client got no whole response and the fault was not its own.
bool is_failure(ExchangeEnd end);

// GET and HEAD, POST, PUT and PATCH, DELETE, and the rest.
enum class MethodClass : std::uint8_t { read, post, update, remove, other };
inline constexpr std::size_t method_class_count = 5;
std::string_view name_of(MethodClass method);

// [0]: no status was sent, [1..5]: 1xx .. 5xx.
inline constexpr std::size_t status_class_count = 6;
std::size_t status_class_of(int status);
std::string_view name_of_status_class(std::size_t status_class);  // "none", "1xx", ...

// Times of one exchange; a phase that did not happen is negative.
struct ExchangeTimes {
    base::Duration queue{-1};       // waited for a connection
    base::Duration connect{-1};     // opened one
    base::Duration first_byte{-1};  // request sent on (or first byte of it) to response head
    base::Duration total{0};        // head complete to last byte handed to the kernel
};

struct alignas(64) TrafficStats {
    Counter requests;  // heads complete
    Counter active;    // now
    Counter errors;    // ended with a status of 500 or more, or by a failure (is_failure)
    std::array<Counter, method_class_count> by_method;
    std::array<Counter, status_class_count> by_status_class;  // final ones; 1xx: a 101
    std::array<Counter, exchange_end_count> ends;
    Counter request_body_bytes;   // passed on
    Counter response_body_bytes;  // passed on
    Counter retries;
    Counter retries_denied;  // by the budget
    Counter upgrades;
    Latency total;
    Latency queue;
    Latency connect;
    Latency first_byte;

    void set_window(base::Duration window);
    void reset_peaks();
    // Every exchange is counted by one pair of these, on the route and the upstream that it had.
    // Bytes, retries and upgrades are counted by whoever sees them.
    void count_begin() {
        requests.add();
        active.add();
    }
    void count_end(MethodClass method, int status, ExchangeEnd end, const ExchangeTimes& times,
                   base::Instant now);
};

// The pool of one upstream on one shard.
struct alignas(64) PoolStats {
    Counter connections;  // open now, in any state
    Counter idle;
    Counter leased;
    Counter waiting;
    Counter opened;  // ever
    Counter connect_failures;
    Counter leases;  // ever
    Counter reuses;  // of these, of a connection that was open
    Counter waits;   // leases that had to wait
    Counter wait_timeouts;
    Counter closed_idle;     // by idle timeout, age, requests
    Counter closed_by_peer;  // found dead while idle
    Counter evicted;         // idle ones closed for another endpoint's or shard's sake
    Counter ejections;       // endpoints taken out by failed exchanges
    Counter ejected;         // endpoints now
    Counter successes;
    Counter failures;
    Latency wait;  // of leases that had to wait, and of waits that ended without one

    void set_window(base::Duration window);
    void reset_peaks();
};

// Room for the faults that the parser knows; their names are its own.
inline constexpr std::size_t fault_count_max = 64;

// What is about client connections and belongs to no route.
struct alignas(64) HttpStats {
    Counter sessions;      // client connections that spoke HTTP, ever
    Counter idle;          // between requests now
    Counter requests;      // heads that were complete, whatever became of them
    Counter pipelined;     // found complete when the one before it had been answered
    Counter bad_requests;  // refused before a route was known
    Counter idle_closed;   // keep-alive connections closed under pressure
    std::array<Counter, fault_count_max> request_faults;   // by http::Fault
    std::array<Counter, fault_count_max> response_faults;  // likewise
    Latency shed;  // head complete to a 503 for overload submitted
    void set_window(base::Duration window);
    void reset_peaks();
};

}  // namespace ringway::stats
