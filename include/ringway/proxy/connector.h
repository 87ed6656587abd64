// Finds an endpoint for a session and connects to it.
#pragma once

#include <optional>

#include "ringway/async/task.h"
#include "ringway/proxy/session.h"

namespace ringway::proxy {

// Tries endpoints until one answers; the client notices nothing of those that do not. On success
// session.upstream is connected and session.endpoint is charged; otherwise says why the session
// must end, and nothing is held.
async::Task<std::optional<stats::CloseReason>> connect_upstream(Context& context, Session& session);

}  // namespace ringway::proxy
