// One attempt's state, while forward() runs: what moves between the client and the endpoint.
//
// Lives in forward()'s frame; nothing in it is known to the kernel. Its functions never wait: each
// does what can be done now. forward.cc has the loop, the request and the time limits;
// forward_response.cc the response.
#pragma once

#include <cstdint>

#include "body_way.h"
#include "exchange_steps.h"
#include "head_gather.h"
#include "ringway/proxy/reader.h"

namespace ringway::proxy {

// What of a body may be sent in one piece with its head (net::Socket gathers so few bytes).
inline std::size_t small_body(std::uint32_t arrived_bytes) {
    constexpr std::uint32_t small_bytes = 3072;
    return arrived_bytes <= small_bytes ? arrived_bytes : 0;
}

class Forwarding {
  public:
    explicit Forwarding(Exchange& exchange);

    // Queues the request's head. False when there is no memory for it.
    bool begin();
    // Moves everything that can be moved now.
    void advance();
    // After a wake-up: who has left, and what has taken too long.
    void look_around();
    bool is_over() const { return over_; }
    Attempt attempt;

  private:
    void advance_request();
    void advance_response();
    void look_at_bulk();
    void release_gathered();
    void consume_head(std::uint32_t bytes);
    bool pass_interim();
    void begin_response();
    bool write_response(const ResponseRewrite& rewrite);
    void flush_request();
    void request_body_failed();
    void server_ended();
    void response_ended();
    void fail(stats::ExchangeEnd end, http::Fault fault = http::Fault::none);
    void end_with_cut();
    void let_go(upstream::ExchangeOutcome outcome, bool reset);
    void time_out();
    void set_idle_deadline();
    void renew_deadline();
    bool request_is_complete() const;
    bool nothing_came_back() const;
    bool client_has_left() const;
    std::uint64_t traffic() const;
    base::Duration idle_timeout() const;

    Exchange& x_;
    upstream::Connection& server_;
    net::Socket& socket_;
    BodyWay up_;
    BodyWay down_;
    Reader reader_;
    Gathered gathered_;  // a response's head that comes in pieces
    std::uint64_t traffic_seen_ = 0;
    std::uint64_t sent_before_ = 0;  // on this connection, by earlier requests
    unsigned interim_ = 0;
    bool head_done_ = false;
    bool waits_for_head_ = false;  // the request is complete: the first-byte timeout runs
    bool over_ = false;
};

}  // namespace ringway::proxy
