// After a 101 or a successful CONNECT: bytes both ways, as raw TCP goes.

#include "exchange_steps.h"
#include "ringway/base/assert.h"

namespace ringway::proxy {

namespace {

using stats::ExchangeEnd;
using upstream::ExchangeOutcome;

// A relay that splices wants a look now and then.
struct TunnelTicks : private Ticking {
    TunnelTicks(Exchange& owner, net::Relay& relayed)
        : Ticking(&TunnelTicks::on_tick), exchange(owner), relay(relayed) {}

    void want() {
        if (wanted()) exchange.context.ticker.add(*this);
    }

  private:
    bool wanted() const { return relay.up.wants_ticks() || relay.down.wants_ticks(); }
    static bool on_tick(Ticking& ticking) {
        auto& self = static_cast<TunnelTicks&>(ticking);
        self.relay.up.tick();
        self.relay.down.tick();
        return self.wanted();
    }

    Exchange& exchange;
    net::Relay& relay;
};

// Both sockets still know the relay's counters while they send: it may go when they are quiet.
async::Task<void> quiet_both(Exchange& exchange) {
    net::Socket& server = exchange.connection->socket;
    net::Socket& client = *exchange.client.bare_socket();
    server.stop();
    client.stop();
    while (!server.is_quiet() || !client.is_quiet()) co_await exchange.client.wake.wait();
}

// The response's head goes first; a relay knows nothing of the session's queue.
async::Task<bool> deliver_head(Exchange& exchange) {
    ClientStream& client = exchange.client;
    client.set_wake_on_sent(true);
    while (client.is_slow()) {
        client.flush();
        co_await client.wake.wait();
        if (client.is_gone() || client.is_cancelled() || client.deadline.expired()) co_return false;
    }
    client.set_wake_on_sent(false);
    co_return true;
}

async::Task<void> relay_until_end(Exchange& exchange, net::Relay& relay) {
    Context& context = exchange.context;
    const base::Duration idle = context.settings().idle_timeout;
    exchange.client.deadline.set(context.now + idle);
    relay.start();
    std::uint64_t seen = relay.traffic();
    TunnelTicks ticks(exchange, relay);
    while (!relay.has_ended()) {
        ticks.want();
        co_await exchange.client.wake.wait();
        if (exchange.client.is_cancelled()) {
            exchange.end = ExchangeEnd::drained;
            break;
        }
        if (exchange.client.deadline.expired()) break;
        if (const std::uint64_t sum = relay.traffic(); sum != seen) {
            seen = sum;
            exchange.client.deadline.renew(context.now + idle);
        }
        relay.advance();
    }
}

}  // namespace

async::Task<Reuse> tunnel(Exchange& exchange) {
    exchange.session.phase = Phase::tunnel;
    exchange.end = ExchangeEnd::tunnelled;
    if (exchange.response.status == 101) {
        exchange.route_state->stats->upgrades.add();
        exchange.upstream_state->stats->upgrades.add();
    }
    bool cut = true;
    {
        auto delivering = deliver_head(exchange);
        const bool delivered = co_await delivering;
        if (!delivered) exchange.end = ExchangeEnd::downstream_aborted;
    }
    if (exchange.end == ExchangeEnd::tunnelled) {
        net::Socket& server = exchange.connection->socket;
        net::Relay relay(exchange.context.relay, *exchange.client.bare_socket(), server);
        relay.up.flow.direction = &exchange.context.stats.direction[0];
        relay.down.flow.direction = &exchange.context.stats.direction[1];
        {
            auto relaying = relay_until_end(exchange, relay);
            co_await relaying;
        }
        cut =
            !relay.has_ended() || server.is_broken() || exchange.client.bare_socket()->is_broken();
        exchange.tunnel_up_bytes = relay.up.flow.bytes;
        exchange.tunnel_down_bytes = relay.down.flow.bytes;
        {
            auto quieting = quiet_both(exchange);
            co_await quieting;
        }
        relay.up.abandon();
        relay.down.abandon();
    }
    discard_connection(exchange, ExchangeOutcome::success, cut);
    co_return cut ? Reuse::cut : Reuse::close;
}

}  // namespace ringway::proxy
