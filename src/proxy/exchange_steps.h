// The steps of an exchange, each in a file of its own; put in order by serve() (exchange.cc).
#pragma once

#include <optional>

#include "ringway/async/task.h"
#include "ringway/proxy/exchange.h"

namespace ringway::proxy {

// ---- flights.cc -------------------------------------------------------------------------------

// True when the route and its upstream have room for one more request; then it is taken.
bool enter_flights(Exchange& exchange);
// After enter_flights was refused: waits a moment for another shard's permit.
async::Task<bool> wait_to_enter(Exchange& exchange);
void leave_flights(Exchange& exchange);

// ---- lease.cc ---------------------------------------------------------------------------------

// Asks the pool. True when an idle connection was to be had: exchange.connection is set. Else
// exchange.lease says what is to be done, and lease_connection does it.
bool lease_at_once(Exchange& exchange);
// Waits for a connection or opens one; endpoints that refuse are passed over without the client
// noticing. Sets exchange.connection, or says why not.
async::Task<std::optional<Failure>> lease_connection(Exchange& exchange);

// ---- forward.cc -------------------------------------------------------------------------------

// How one attempt ended. The connection is given back or discarded by then, unless it tunnels.
struct Attempt {
    std::optional<Failure> failure;  // nothing: the response was passed on to its end
    Reuse reuse = Reuse::close;
    bool tunnels = false;
    // For may_retry: no response byte came and no byte of the body was used up; a byte of the
    // request may have reached the endpoint; the connection had served another request before.
    bool may_be_repeated = false;
    bool was_sent = false;
    bool was_reused = false;
};
async::Task<Attempt> forward(Exchange& exchange);

// ---- tunnel.cc --------------------------------------------------------------------------------

// After a 101 or a successful CONNECT whose head is in the client's queue: bytes both ways.
async::Task<Reuse> tunnel(Exchange& exchange);

// ---- shared -----------------------------------------------------------------------------------

// Gives the connection up, to be closed.
void discard_connection(Exchange& exchange, upstream::ExchangeOutcome outcome, bool reset);

}  // namespace ringway::proxy
