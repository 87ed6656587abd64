// What one run of the load generator does: plain values, made by the command and by suites.
//
// A run is one stretch of load at one level: warm-up, measured window, end. Suites are many runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "ringway/base/clock.h"

namespace ringway::bench {

// Whom the clients connect to: one address for a whole run.
struct Destination {
    sockaddr_storage address{};
    socklen_t address_bytes = 0;
    std::string text;       // "127.0.0.1:8080" or "unix:/path", for people
    std::string authority;  // what Host says: "example.org:8080"
    bool is_http = true;    // http://, http+unix:; otherwise tcp://, tcp+unix:
};

struct HeaderField {
    std::string name;
    std::string value;
};

// One kind of request. Target, field values and body may hold {{placeholders}}
// (src/bench/request/template.h).
struct RequestKind {
    std::string method = "GET";
    std::string target = "/";  // origin-form
    std::vector<HeaderField> fields;
    std::string body;
    double weight = 1;
    std::string label;  // the URL as given, for reports
};

// One line of an access log, to be sent again.
struct ReplayedRequest {
    RequestKind request;
    base::Duration offset{};  // after the first line of the log
};

struct ReplayPlan {
    std::vector<ReplayedRequest> requests;
    bool keep_times = false;  // begin each at its offset (open loop); otherwise as fast as asked
    double speed = 1;         // 2: twice as fast as it was logged
    bool repeat = true;       // from the beginning when the log is used up
};

enum class Work : std::uint8_t {
    requests,   // HTTP requests
    events,     // HTTP responses that are event streams (SSE)
    ping_pong,  // TCP: a message there, a message of `message_bytes` back
    download,   // TCP: what the peer sends, as fast as it comes
    upload,     // TCP: as fast as the peer takes it
};
// What download and upload count as an answer: so many bytes of one connection.
inline constexpr std::size_t bulk_block_bytes = 65536;

enum class BodyCheck : std::uint8_t {
    none,    // framing alone is judged, as always
    length,  // the body has `expected_body_bytes`
    hash,    // and its XXH3 (64 bits) is `expected_body_hash`
    first,   // as the first response of its kind: length and hash
};

struct Verification {
    BodyCheck check = BodyCheck::none;
    std::uint64_t expected_body_bytes = 0;
    std::uint64_t expected_body_hash = 0;
    // Status codes that are no errors; empty: everything below 400.
    std::vector<std::uint16_t> expected_status;
};

struct RunPlan {
    Destination destination;
    Work work = Work::requests;
    std::vector<RequestKind> kinds;  // of requests and events; at least one
    std::optional<ReplayPlan> replay;

    unsigned threads = 1;
    bool pin = false;          // thread i on the i-th core of `cores`, or of those allowed
    std::vector<int> cores{};  // empty: the last of those that the process may use
    unsigned connections = 64;
    bool new_connection_each = false;
    unsigned pipeline = 1;  // requests under way on one connection; > 1 only in a closed loop
    base::Duration think_time{};

    // Requests per second over all threads, begun on schedule whether or not earlier ones were
    // answered. 0: closed loop. `rate_end` > 0: from `rate` to it in a straight line over the
    // measured window.
    double rate = 0;
    double rate_end = 0;

    base::Duration warm_up = base::Duration::seconds(1);
    base::Duration measure = base::Duration::seconds(10);
    std::uint64_t requests_max = 0;  // ends the window early once so many were answered; 0: none
    base::Duration connect_timeout = base::Duration::seconds(5);
    base::Duration timeout = base::Duration::seconds(30);  // from begin to the last byte
    base::Duration drain = base::Duration::seconds(1);  // after the window, for what is under way

    Verification verification;
    std::size_t message_bytes = 128;  // ping_pong, each way
    bool stamped_events = false;      // events carry "t=NANOSECONDS" of CLOCK_MONOTONIC
    int watch_pid = 0;                // whose CPU and memory to read beside the own; 0: nobody's
    std::uint64_t seed = 1;           // of placeholders and of the choice among kinds
};

}  // namespace ringway::bench
