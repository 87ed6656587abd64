// The HTTP side of a run: its clients and origins, and what must hold of every exchange.
#include <algorithm>

#include "http_client.h"
#include "http_origin.h"
#include "run.h"

namespace ringway::sim {

using Outcome = HttpExchange::Outcome;

// ---- traffic ---------------------------------------------------------------------------------

void Run::build_http() {
    http_ = std::make_unique<HttpWorld>(network_, scenario_.manners,
                                        scatter(scenario_.seed, 7 + (scenario_.round << 16)));
    std::size_t flat = 0;
    const auto& upstreams = scenario_.settings.upstreams;
    for (std::size_t u = 0; u < upstreams.size(); ++u) {
        for (std::size_t e = 0; e < upstreams[u].endpoints.size(); ++e, ++flat) {
            upstream_of_[key_of(scenario_.addresses[flat][0])] = u;
            upstream_of_[key_of(scenario_.spare_addresses[flat])] = u;
        }
    }
    network_.on_ringway_connects = [this](const AddressKey& address) { judge_pool(address); };
}

void Run::serve_http(Socket& accepted) {
    http_->connections.push_back(std::make_unique<HttpOriginConnection>(*http_, accepted));
}

void Run::start_http_client(const AddressKey& from, const AddressKey& to, std::string ip,
                            bool gone_early) {
    HttpClientPlan plan = draw_client_plan(*http_);
    if (gone_early) {
        plan.breaks = HttpClientPlan::Break::reset;
        plan.break_after = 0;
    }
    http_->clients.push_back(std::make_unique<HttpClient>(*http_, http_->clients.size() + 1, plan));
    HttpClient& client = *http_->clients.back();
    client.connect(from, to, std::move(ip));
    if (quiet_) client.hurry();
}

void Run::hurry_http() {
    http_->quiet = true;
    for (const auto& client : http_->clients) client->hurry();
    for (const auto& connection : http_->connections) connection->hurry();
}

std::string Run::http_straggler() const {
    for (const auto& client : http_->clients) {
        if (client->outcome == HttpClient::Outcome::running) return client->describe();
    }
    return {};
}

// ---- what must hold --------------------------------------------------------------------------

// No total is exceeded at any instant: asked with every connection that is opened.
void Run::judge_pool(const AddressKey& address) {
    const auto found = upstream_of_.find(address);
    if (found == upstream_of_.end()) return;
    const config::Upstream& upstream = scenario_.settings.upstreams[found->second];
    std::uint64_t open = 0;
    for (const auto& [key, index] : upstream_of_) {
        if (index == found->second) open += network_.sites[key].ringway_open;
    }
    if (open > upstream.pool.connections_max) {
        kernel_.fail("{} connections at once to {}, its pool has {}", open, upstream.name,
                     upstream.pool.connections_max);
    }
}

// What may keep an exchange from being answered by an origin, although its client and the origin
// that it reached did nothing wrong.
bool Run::http_is_healthy() const {
    const Scenario& s = scenario_;
    const HttpManners& m = s.manners;
    const auto second = base::Duration::seconds(1);
    return !s.faults_connects && !s.flaps_endpoints && !s.moves_addresses && !s.jumps_clock &&
           !s.limits_endpoints && !s.drains_early && !s.waits_briefly && !s.limits_requests &&
           !s.short_idle_timeout && s.kernel.descriptors_max >= 256 &&
           s.settings.connect_timeout >= second && s.settings.header_timeout >= second &&
           s.settings.request_timeout.is_forever() && !m.stalls_for_ever && !m.breaks &&
           !socket_errors_;
}

void Run::judge_http() {
    judge_exchanges();
    judge_http_counters();
}

bool Run::may_be_denied(const HttpExchange& exchange) const {
    const auto& listeners = scenario_.settings.listeners;
    const bool denies = std::any_of(listeners.begin(), listeners.end(),
                                    [](const auto& each) { return !each.deny.empty(); });
    return denies && exchange.client_ip.starts_with("10.3.");
}

// Why ringway may not have had the exchange answered; empty: it should have.
bool Run::excused(const HttpExchange& exchange) const {
    if (exchange.refusable || exchange.forbidden || exchange.client_faulted) return true;
    if (exchange.broken_attempts > 0 || exchange.close_announced) return true;
    if (!http_is_healthy() || may_be_denied(exchange)) return true;
    // An idle client that is closed to make room for another may just be asking.
    const bool tight = scenario_.settings.connections_max < scenario_.clients;
    if (tight && exchange.outcome == Outcome::dropped) return true;
    // A connection that its origin closes while a request is on its way: who may try again must.
    const bool may_retry = exchange.is_idempotent() && exchange.request_bytes == 0 &&
                           !exchange.request_chunked && scenario_.generous_retries;
    return http_->manners.closes_idle && !may_retry;
}

void Run::judge_exchanges() {
    for (const HttpExchange& exchange : http_->exchanges) {
        if (exchange.outcome == Outcome::answered || exchange.outcome == Outcome::abandoned) {
            continue;
        }
        if (exchange.outcome == Outcome::waiting) {
            kernel_.fail("nobody knows what became of {}", exchange.id);
        } else if (!excused(exchange)) {
            kernel_.fail("{} {} was {} (status {}), and nobody's fault", exchange.method,
                         exchange.id, name_of(exchange.outcome), exchange.status_seen);
        }
    }
}

void Run::judge_http_counters() {
    const auto expect = [this](const char* what, std::uint64_t counted, std::uint64_t expected) {
        if (counted != expected)
            kernel_.fail("{}: counted {}, expected {}", what, counted, expected);
    };
    std::uint64_t requests = 0;
    std::uint64_t finished = 0;
    for (const auto& shard : stats_) {
        const auto conserve = [&](const stats::TrafficStats& traffic) {
            std::uint64_t ends = 0;
            for (const auto& end : traffic.ends) ends += end.read();
            std::uint64_t methods = 0;
            for (const auto& method : traffic.by_method) methods += method.read();
            expect("requests by their ends", ends, traffic.requests.read());
            expect("requests by method", methods, traffic.requests.read());
            expect("requests active", traffic.active.read(), 0);
        };
        for (std::size_t r = 0; r < scenario_.settings.routes.size(); ++r) {
            const stats::TrafficStats& traffic = shard->routes[r];
            conserve(traffic);
            requests += traffic.requests.read();
            finished += traffic.ends[static_cast<std::size_t>(stats::ExchangeEnd::finished)].read();
        }
        for (std::size_t u = 0; u < scenario_.settings.upstreams.size(); ++u) {
            conserve(shard->upstreams[u]);
            const stats::PoolStats& pool = shard->pools[u];
            expect("pooled connections", pool.connections.read(), 0);
            expect("pooled connections idle", pool.idle.read(), 0);
            expect("pooled connections leased", pool.leased.read(), 0);
            expect("requests waiting for a connection", pool.waiting.read(), 0);
        }
        expect("clients idle", shard->http.idle.read(), 0);
    }
    std::uint64_t answered = 0;
    std::uint64_t sent = 0;
    for (const HttpExchange& exchange : http_->exchanges) {
        answered += exchange.outcome == Outcome::answered;
        sent += !exchange.forbidden;
    }
    if (finished < answered) {
        kernel_.fail("{} exchanges were finished, {} clients have their answers", finished,
                     answered);
    }
    if (requests > sent) kernel_.fail("{} requests were counted, {} sent", requests, sent);
}

void Run::add_http_reach(std::vector<Reach>& list) const {
    std::uint64_t sums[8] = {};
    std::vector<std::uint64_t> ends(stats::exchange_end_count);
    for (const auto& shard : stats_) {
        sums[0] += shard->http.pipelined.read();
        sums[1] += shard->http.idle_closed.read();
        if (!scenario_.http) continue;
        for (std::size_t r = 0; r < scenario_.settings.routes.size(); ++r) {
            for (std::size_t e = 0; e < ends.size(); ++e) {
                ends[e] += shard->routes[r].ends[e].read();
            }
            sums[2] += shard->routes[r].retries.read();
            sums[3] += shard->routes[r].retries_denied.read();
        }
        for (std::size_t u = 0; u < scenario_.settings.upstreams.size(); ++u) {
            sums[4] += shard->pools[u].reuses.read();
            sums[5] += shard->pools[u].waits.read();
            sums[6] += shard->pools[u].evicted.read();
            sums[7] += shard->pools[u].closed_by_peer.read();
        }
    }
    constexpr std::string_view names[] = {
        "requests pipelined", "idle clients closed", "requests retried",  "retries denied",
        "connections reused", "waits for a lease",   "idle ones evicted", "idle ones found dead"};
    for (std::size_t i = 0; i < std::size(sums); ++i) list.push_back({names[i], sums[i]});
    using stats::ExchangeEnd;
    for (const ExchangeEnd end :
         {ExchangeEnd::finished, ExchangeEnd::downstream_aborted, ExchangeEnd::bad_request,
          ExchangeEnd::downstream_timeout, ExchangeEnd::overloaded, ExchangeEnd::no_endpoint,
          ExchangeEnd::pool_timeout, ExchangeEnd::connect_failed, ExchangeEnd::connect_timeout,
          ExchangeEnd::upstream_reset, ExchangeEnd::upstream_bad, ExchangeEnd::upstream_timeout,
          ExchangeEnd::upstream_cut, ExchangeEnd::request_timeout}) {
        list.push_back({stats::name_of(end), ends[static_cast<std::size_t>(end)]});
    }
}

}  // namespace ringway::sim
