// Passive marking: an endpoint whose connects or exchanges fail is left alone for a while.
//
// After fail_threshold failed connects in a row the endpoint is marked down for fail_backoff. Then
// one connect tries it: success clears the mark, failure doubles the back-off, up to
// fail_backoff_max. Failed exchanges (HTTP) eject in the same way: too many in a row, or too large
// a share of those of the last ten seconds; then it takes a good exchange to come back, and the
// endpoints that are out stay below a share of all. Pure: the caller says when. Counts marks in the
// endpoint's statistics.
#pragma once

#include "ringway/base/clock.h"
#include "ringway/upstream/balancer.h"
#include "ringway/upstream/endpoint.h"

namespace ringway::upstream {

bool is_marked_down(const Endpoint& endpoint);

// A connect to the endpoint is about to start. The first one after a back-off is the trial, and
// keeps others away for another back-off: if its session is abandoned, the next trial comes then.
void connect_started(Endpoint& endpoint, base::Instant now);
void connect_failed(Endpoint& endpoint, base::Instant now);
void connect_succeeded(Endpoint& endpoint);

// `all` are the endpoints of its upstream. True when this failure took the endpoint out.
bool exchange_failed(Endpoint& endpoint, Members all, base::Instant now);
void exchange_succeeded(Endpoint& endpoint, base::Instant now);

// Forgets all failures: the operator, an active check or a new address says it is worth trying.
void clear_marks(Endpoint& endpoint);

}  // namespace ringway::upstream
