// Serves one TCP connection: THE file to read first (src/proxy/passthrough.cc).
#pragma once

#include "ringway/async/task.h"
#include "ringway/proxy/session.h"

namespace ringway::proxy {

// Runs from accept to close, then counts, logs and gives the session's slot back. Spawn it into
// Context::sessions; cancelling that scope closes the connection with CloseReason::drained.
async::Task<void> serve_connection(Context& context, Session& session);

}  // namespace ringway::proxy
