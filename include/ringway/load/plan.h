// What a load run does and what it reports: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <sys/socket.h>

#include "ringway/base/clock.h"
#include "ringway/stats/histogram.h"

namespace ringway::load {

// Whom the clients connect to.
struct Target {
    sockaddr_storage address{};
    socklen_t bytes = 0;
    static Target loopback(std::uint16_t port);  // 127.0.0.1
};

// Called at both ends of the measured window, on the generator's thread, between two turns: the
// place to read CPU clocks, so that they cover exactly what was counted.
struct WindowMarks {
    std::function<void()> begin = [] {};
    std::function<void()> end = [] {};
};

// Closed loop: every connection sends a request, waits for the whole response, sends the next.
struct ExchangePlan {
    Target target;
    unsigned connections = 64;
    std::size_t request_bytes = 128;   // at least message_bytes_min
    std::size_t response_bytes = 128;  // likewise
    // 0: as many as the run lasts. Otherwise the origin ends each connection after so many
    // exchanges, before the client does, and the client opens another: connection churn.
    unsigned exchanges_per_connection = 0;
    base::Duration warm_up = base::Duration::milliseconds(300);
    base::Duration measure = base::Duration::seconds(1);
    base::Duration patience = base::Duration::seconds(10);  // without progress: LoadErrors::stalled
};
inline constexpr std::size_t message_bytes_min = 24;

// One-way streams as fast as they go.
struct BulkPlan {
    Target target;
    unsigned streams = 1;
    bool upload = false;       // otherwise the origin is the source
    bool from_memory = false;  // send(2) from memory; otherwise sendfile(2) from page cache
    base::Duration warm_up = base::Duration::milliseconds(300);
    base::Duration measure = base::Duration::seconds(1);
    base::Duration patience = base::Duration::seconds(10);  // without progress: LoadErrors::stalled
};

// HTTP/1.1 requests with the id of their connection and their number, answered by the origin with
// the same id: an answer to somebody else's request is an error, not a result.
struct HttpPlan {
    enum class Kind : std::uint8_t {
        requests,  // each answered by one body of known length
        events,    // one endless response per connection, an event in each of its chunks
    };
    Target target;
    Kind kind = Kind::requests;
    unsigned connections = 64;
    std::size_t request_body_bytes = 0;      // 0: GET; otherwise POST
    std::size_t response_body_bytes = 1024;  // at least http_body_bytes_min
    bool new_connection_each = false;        // "Connection: close"
    // Requests per second over all connections, begun on schedule: what has to wait for a free
    // connection counts its waiting. 0: closed loop.
    double rate = 0;
    double events_per_second = 200;  // of each connection
    std::size_t event_bytes = 100;   // with its framing as an event, without the chunk's
    base::Duration warm_up = base::Duration::milliseconds(300);
    base::Duration measure = base::Duration::seconds(1);
    base::Duration patience = base::Duration::seconds(10);  // without progress: LoadErrors::stalled
};
inline constexpr std::size_t http_body_bytes_min = 32;
inline constexpr std::size_t event_bytes_min = 64;

// What went wrong, by kind. Anything but zero makes a run worthless.
struct LoadErrors {
    std::uint64_t connect = 0;      // nobody answered
    std::uint64_t reset = 0;        // the connection broke
    std::uint64_t early_end = 0;    // it ended in the middle of an exchange
    std::uint64_t wrong_bytes = 0;  // bytes that belong elsewhere, or more or fewer than sent
    std::uint64_t stalled = 0;      // no progress for too long, or connections that never closed
    std::uint64_t total() const { return connect + reset + early_end + wrong_bytes + stalled; }
};

struct LoadReport {
    base::Duration window{};  // how long was measured
    // Within the window:
    std::uint64_t exchanges = 0;      // or events
    std::uint64_t connections = 0;    // opened and ended in order (churn)
    std::uint64_t bytes = 0;          // bulk: as received
    std::uint64_t turns = 0;          // of the generator's own ring
    stats::HistogramReading latency;  // of exchanges; of connect to answer under churn
    // Over the whole run, as each end counted them:
    std::uint64_t client_exchanges = 0;
    std::uint64_t origin_exchanges = 0;
    std::uint64_t source_bytes = 0;
    std::uint64_t sink_bytes = 0;
    std::uint64_t bytes_compared = 0;  // bulk: how many were looked at, not only counted
    LoadErrors errors;
};

}  // namespace ringway::load
