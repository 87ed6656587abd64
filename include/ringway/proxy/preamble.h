// The PROXY protocol around a session: reading the preamble of trusted clients, writing ours.
#pragma once

#include <optional>

#include "ringway/async/task.h"
#include "ringway/proxy/session.h"

namespace ringway::proxy {

// True when the listener requires a preamble from this client.
bool requires_preamble(Context& context, Accepted& session);

// Reads and takes the preamble; what follows it stays queued. Answers why the session must end, or
// nothing when it may go on.
async::Task<std::optional<stats::CloseReason>> read_preamble(Context& context, Accepted& session);

// Sends the preamble that the upstream asks for, if it does.
async::Task<std::optional<stats::CloseReason>> send_preamble(Context& context, Session& session);

}  // namespace ringway::proxy
