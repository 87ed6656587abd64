// Who may connect: the address lists, and the PROXY preamble of trusted clients.
#pragma once

#include <optional>

#include "ringway/async/task.h"
#include "ringway/proxy/accepted.h"

namespace ringway::proxy {

// From accept to the client's first byte of its own: starts receiving. Says why the session must
// end, or nothing.
async::Task<std::optional<stats::CloseReason>> admit(Context& context, Accepted& session);

}  // namespace ringway::proxy
