#include "admission.h"

#include "ringway/base/planted.h"
#include "ringway/config/cidr.h"
#include "ringway/proxy/preamble.h"

namespace ringway::proxy {

namespace {

using stats::CloseReason;

bool is_denied(Accepted& session) {
    const config::Listener& listener = session.listener_settings();
    if (listener.allow.empty() && listener.deny.empty()) return false;
    if (session.client().family() == AF_UNIX) return false;
    const auto address = session.client().mapped();
    if (config::any_contains(listener.deny, address)) return true;
    return !listener.allow.empty() && !config::any_contains(listener.allow, address);
}

// A connection that was reset before it was served has no address any more: where addresses decide
// what a client may do, nothing of it may pass.
bool is_lost_stranger(Accepted& session) {
    const config::Listener& listener = session.listener_settings();
    const bool asks = !listener.allow.empty() || !listener.deny.empty() ||
                      !listener.accept_proxy_protocol.empty();
    return asks && !session.client().is_specified() && !base::planted(base::Bug::stranger_trusted);
}

}  // namespace

async::Task<std::optional<CloseReason>> admit(Context& context, Accepted& session) {
    if (is_lost_stranger(session)) co_return CloseReason::downstream_reset;
    // The lists judge the client, not the proxy that is trusted to speak for it.
    const bool introduced = requires_preamble(context, session);
    if (!introduced && is_denied(session)) co_return CloseReason::denied;
    session.downstream.start_receiving();
    if (introduced) {
        auto reading = read_preamble(context, session);
        const std::optional<CloseReason> failed = co_await reading;
        if (failed) co_return failed;
        if (is_denied(session)) co_return CloseReason::denied;
    }
    co_return std::nullopt;
}

}  // namespace ringway::proxy
