// One request and its response, whatever version of HTTP the client speaks.
//
// Lives in a slot of its shard from a request's first byte to its response's last; owned by the
// session (or stream) that it serves. Holds everything that is about one exchange: the heads, the
// lease on an upstream connection, both bodies on their way, and what will be logged of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/async/task.h"
#include "ringway/http/framing.h"
#include "ringway/http/parser.h"
#include "ringway/http/target.h"
#include "ringway/net/splice_pump.h"
#include "ringway/proxy/accepted.h"
#include "ringway/proxy/body_transfer.h"
#include "ringway/proxy/client_stream.h"
#include "ringway/proxy/generation.h"
#include "ringway/proxy/local_reply.h"
#include "ringway/upstream/pool_set.h"

namespace ringway::proxy {

// What may be done with the client's connection (or stream) afterwards.
enum class Reuse : std::uint8_t {
    keep,    // the next request may follow
    close,   // end it in an orderly way, once everything is sent
    linger,  // likewise, but the client may still be sending
    cut,     // reset it: the response is incomplete, and must not look complete
};

class Exchange;

// The exchange's wish for a connection, and whom to wake when it is fulfilled.
struct ExchangeWaiter : upstream::LeaseWaiter {
    explicit ExchangeWaiter(Exchange& waiting);
    Exchange& exchange;
};

class Exchange {
  public:
    Exchange(Context& context, ClientStream& client, Accepted& session, std::uint64_t number);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange();

    const config::Settings& settings() const { return *generation.settings; }

    Context& context;
    ClientStream& client;
    Accepted& session;
    Generation& generation;  // pinned: a reload does not change what this exchange goes by
    const std::uint64_t number;

    // ---- the request --------------------------------------------------------------------------
    http::RequestHead request;
    http::RequestParser parser;
    net::Block* request_block = nullptr;  // the head as it came, then the normalized path
    http::Target target;
    http::Framing request_framing;
    std::string_view path;  // normalized
    std::string_view request_id;
    char request_id_room[32];
    bool client_keeps_alive = true;  // it wishes to, and so do we
    bool wants_upgrade = false;
    bool head_complete = false;

    // ---- where it goes ------------------------------------------------------------------------
    const config::Route* route = nullptr;
    RouteState* route_state = nullptr;
    UpstreamState* upstream_state = nullptr;
    ExchangeWaiter lease;
    upstream::Connection* connection = nullptr;
    upstream::TriedSet tried = 0;
    std::uint64_t tried_in = 0;  // the generation whose endpoints `tried` means
    std::uint32_t retries = 0;
    bool in_route_flight = false;
    bool in_upstream_flight = false;

    // ---- the response -------------------------------------------------------------------------
    http::ResponseHead response;
    http::ResponseParser response_parser;
    BodyForm down_form = BodyForm::none;
    bool response_begun = false;  // its head is on its way to the client: no other reply
    bool response_tunnels = false;
    bool upstream_keeps_alive = false;
    int status = 0;  // sent, or about to be

    // ---- bodies -------------------------------------------------------------------------------
    BodyTransfer up;
    BodyTransfer down;
    net::SplicePump up_pump;
    net::SplicePump down_pump;
    net::Flow up_flow;    // what was spliced to the endpoint
    net::Flow down_flow;  // what was spliced to the client

    std::uint64_t tunnel_up_bytes = 0;
    std::uint64_t tunnel_down_bytes = 0;
    std::uint64_t sent_before = 0;  // to the client, when the exchange began

    // ---- times and counts ---------------------------------------------------------------------
    base::Instant began_at;                              // first byte of the head
    base::Instant head_at{0};                            // head complete
    base::Instant sent_at{0};                            // the request went to the upstream
    base::Instant deadline_at = base::Instant::never();  // of the whole request
    stats::ExchangeTimes times;
    stats::ExchangeEnd end = stats::ExchangeEnd::downstream_aborted;
    http::Fault fault = http::Fault::none;  // of a refused request
    // What the log says of the endpoint, also when its connection is given back already.
    const upstream::Endpoint* endpoint = nullptr;
    bool reused = false;
};

// Serves a request whose head is complete: THE function to read first (src/proxy/exchange.cc).
async::Task<Reuse> serve(Exchange& exchange);

// Answers with an error of ours, before anything was served.
Reuse refuse(Exchange& exchange, const Failure& failure);

// Counts and logs an exchange that is over.
void account(Exchange& exchange);

}  // namespace ringway::proxy
