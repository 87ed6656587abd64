// A hop in a TCP path that is as slow as one asks for: bandwidth, delay, jitter, and loss as an
// application sees it, in both directions.
//
// A ThrottleHop owns its listening socket, one thread and the connections through it. Bytes keep
// their order and none is lost: a lost segment is a stream that stands still for one retransmission
// timeout. What has been read and not yet passed on is bounded; a sender meets the limit as
// backpressure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ringway/base/clock.h"
#include "ringway/base/result.h"

namespace ringway::mock {

struct ThrottleSettings {
    std::string host = "127.0.0.1";  // where the hop listens
    std::uint16_t port = 0;          // 0: the kernel chooses
    std::string to_host;             // where it leads
    std::uint16_t to_port = 0;

    std::uint64_t bytes_per_second = 0;  // each way, shared by all connections; 0: unlimited
    base::Duration delay{};              // one way
    base::Duration jitter{};             // of each segment, uniform to either side
    double loss = 0;                     // share of segments, from 0 to 1
    base::Duration retransmission_timeout = base::Duration::milliseconds(200);
    std::uint64_t seed = 0;  // 0: another one each time
};

struct ThrottleCounters {
    std::uint64_t accepted = 0;
    std::uint64_t active = 0;
    std::uint64_t bytes_up = 0;    // passed on to where the hop leads
    std::uint64_t bytes_down = 0;  // passed back
    std::uint64_t stalls = 0;      // for segments that were lost
    std::uint64_t resets = 0;      // connections that ended in an error
};

// As one line of JSON.
void write_json(const ThrottleCounters& counters, std::string& out);

class ThrottleHop {
  public:
    // Binds and listens; start() begins to pass on.
    static base::Result<std::unique_ptr<ThrottleHop>> open(const ThrottleSettings& settings);
    ~ThrottleHop();
    ThrottleHop(const ThrottleHop&) = delete;
    ThrottleHop& operator=(const ThrottleHop&) = delete;

    std::uint16_t port() const;
    std::string url() const;  // "tcp://127.0.0.1:4711"
    void start();
    void stop();                        // closes everything and joins; may be called twice
    ThrottleCounters counters() const;  // by any thread, at any time

  private:
    struct Impl;
    explicit ThrottleHop(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::mock
