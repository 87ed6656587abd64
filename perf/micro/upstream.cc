// Costs of choosing an endpoint, by every way of balancing.

#include <string>
#include <utility>

#include "bench.h"
#include "ringway/upstream/upstream_set.h"

namespace ringway::perf {
namespace {

void bench_balance(config::Balance balance, const std::string& name) {
    config::Settings settings;
    settings.upstreams.emplace_back();
    settings.upstreams[0].name = "origin";
    settings.upstreams[0].balance = balance;
    for (std::uint16_t i = 0; i < 8; ++i) {
        config::Endpoint endpoint;
        endpoint.name = std::to_string(i);
        endpoint.target.host = "127.0.0.1";
        endpoint.target.port = static_cast<std::uint16_t>(9000 + i);
        settings.upstreams[0].endpoints.push_back(endpoint);
    }
    stats::ShardStats stats(1, 8);
    upstream::UpstreamSet set(settings, {}, {}, stats, 0, 1);
    const net::Address client = *net::Address::parse("192.0.2.7", 4711);
    measure("upstream: choose of 8, connect, disconnect: " + name, [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const upstream::Pick pick = set.choose(0, 0, client, base::Instant{1});
            set.connected(*pick.endpoint);
            set.disconnected(*pick.endpoint);
        }
    });
}

}  // namespace

void bench_upstream() {
    bench_balance(config::Balance::round_robin, "round robin");
    bench_balance(config::Balance::least_connections, "least connections");
    bench_balance(config::Balance::p2c, "p2c");
    bench_balance(config::Balance::hash_client, "client hash");
}

}  // namespace ringway::perf
