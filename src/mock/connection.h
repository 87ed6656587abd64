// One accepted connection of a mock origin and what its mode does with it.
//
// Owns its descriptor and the bytes it has yet to send. Never blocks; every step is bounded, so
// that one fast peer cannot keep the others from being served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "http_serving.h"
#include "ringway/mock/origin.h"
#include "ringway/stats/counter.h"

namespace ringway::mock {

// Written by the origin's thread, read by any.
struct SharedCounters {
    stats::Counter accepted, active, bytes_in, bytes_out, requests, resets;
};

// What every connection of one origin shares; belongs to the origin's thread.
struct ConnectionContext {
    const OriginSettings& settings;
    SharedCounters& counters;
    std::string name;                // who answers, for the HTTP text
    std::vector<std::byte> scratch;  // one read's worth, used within one step
};

class Connection {
  public:
    Connection(int fd, ConnectionContext& context);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    enum class Progress : std::uint8_t { waiting, finished, failed };
    // Does what can be done now, within a bound.
    Progress step();

    bool wants_to_read() const;
    bool wants_to_write() const {
        return !pending_.empty() || source_left_ > 0 || http_.has_more();
    }
    // When a step is due though nothing happens; max() when none is. While something waits to be
    // sent the peer says when to go on.
    HttpServing::Clock::time_point due() const {
        return pending_.empty() ? http_.due() : HttpServing::Clock::time_point::max();
    }
    int fd() const { return fd_; }
    std::uint32_t watched = 0;  // the events that epoll was last told to report
    HttpServing::Clock::time_point alarm = HttpServing::Clock::time_point::max();  // as noted

  private:
    enum class Read : std::uint8_t { bytes, nothing, end, failed };
    Read read_some(std::size_t& bytes);
    Read drop_some();
    bool take_input();  // false: failed
    void consume(std::size_t bytes);
    bool send_pending();  // false: failed
    bool answer_requests();
    bool send_source();
    void end_sending();

    static constexpr std::size_t pending_bytes_max = 256 * 1024;

    int fd_;
    ConnectionContext& context_;
    std::vector<std::byte> pending_;
    std::size_t sent_ = 0;  // of pending_
    std::uint64_t source_left_ = 0;
    std::uint64_t source_offset_ = 0;
    std::uint64_t bytes_seen_ = 0;  // by close-first
    HttpServing http_;
    bool peer_ended_ = false;
    bool end_after_pending_ = false;  // everything to say is in pending_
    bool sending_ended_ = false;      // FIN sent: only waiting for the peer's
};

}  // namespace ringway::mock
