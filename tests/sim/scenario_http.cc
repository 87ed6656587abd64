// What a seed decides about HTTP: pools, timeouts, routes, and everybody's manners.
#include "scenario.h"

namespace ringway::sim {

namespace {

base::Duration ms(std::int64_t count) { return base::Duration::milliseconds(count); }

template <typename Value, std::size_t Count>
Value one_of(base::Random& random, const Value (&values)[Count]) {
    return values[random.below(Count)];
}

std::uint32_t few(base::Random& random, std::uint64_t most) {
    return 1 + static_cast<std::uint32_t>(random.below(most));
}

void draw_pool(Scenario& scenario, config::Upstream& upstream, base::Random& random) {
    config::PoolSettings& pool = upstream.pool;
    pool.connections_max = random.chance(1, 2) ? few(random, 6) : 64;
    if (random.chance(1, 4)) pool.connections_min = static_cast<std::uint32_t>(random.below(3));
    pool.connections_min = std::min(pool.connections_min, pool.connections_max);
    pool.warm = random.chance(1, 6);
    pool.idle_timeout = ms(one_of(random, {5, 100, 60'000}));
    pool.order = random.chance(1, 2) ? config::PoolOrder::lifo : config::PoolOrder::fifo;
    if (random.chance(1, 6)) pool.age_max = ms(50);
    if (random.chance(1, 5)) pool.requests_max = few(random, 4);
    pool.wait_timeout = ms(60'000);
    if (scenario.waits_briefly) {
        if (random.chance(2, 3)) pool.wait_timeout = ms(few(random, 40));
        if (random.chance(1, 2)) pool.waiters_max = few(random, 3);
    }
}

void draw_upstreams(Scenario& scenario, base::Random& random) {
    for (config::Upstream& upstream : scenario.settings.upstreams) {
        upstream.proxy_protocol = config::ProxyProtocol::none;
        upstream.balance =
            one_of(random, {config::Balance::round_robin, config::Balance::least_connections,
                            config::Balance::least_requests, config::Balance::p2c,
                            config::Balance::hash_client, config::Balance::hash_header});
        if (upstream.balance == config::Balance::hash_header) upstream.hash_key = "x-sim-id";
        if (random.chance(1, 8)) upstream.sticky_cookie = "sim";
        for (config::Endpoint& endpoint : upstream.endpoints) {
            endpoint.target.scheme = config::Scheme::http;
        }
        draw_pool(scenario, upstream, random);
        if (scenario.limits_requests && random.chance(1, 2)) {
            upstream.requests_max = few(random, 5);
        }
        if (scenario.generous_retries) {
            upstream.retry_percent = 100;
            upstream.retry_floor_per_second = 100'000;
        } else if (random.chance(1, 2)) {
            upstream.retry_percent = upstream.retry_floor_per_second = 0;
        }
        if (random.chance(1, 2)) upstream.eject_errors = upstream.eject_error_percent = 0;
    }
}

void draw_manners(Scenario& scenario, base::Random& random) {
    HttpManners& manners = scenario.manners;
    manners.request_bytes_max = scenario.bytes_max;
    manners.response_bytes_max = scenario.bytes_max;
    manners.requests_max = one_of(random, {1u, 4u, 12u});
    if (scenario.bulk) manners.requests_max = 3;
    manners.depth_max = random.chance(1, 2) ? 1 : few(random, 5);
    manners.breaks = scenario.breaks;
    manners.stalls = scenario.stalls;
    manners.bad_requests = random.chance(1, 3);
    manners.http10 = random.chance(1, 3);
    manners.pads_heads = random.chance(1, 3);
    // Half of the runs have origins that only do what origins should.
    const bool decent = random.chance(1, 2);
    manners.closes_after = random.chance(1, 3);
    manners.sends_interim = random.chance(1, 3);
    manners.until_close = random.chance(1, 3);
    manners.closes_idle = random.chance(1, 3);
    if (decent) return;
    manners.cuts = random.chance(1, 2);
    manners.talks_nonsense = random.chance(1, 3);
    manners.answers_early = random.chance(1, 3);
    manners.stalls_for_ever = random.chance(1, 4);
}

void draw_timeouts(Scenario& scenario, base::Random& random) {
    config::Settings& settings = scenario.settings;
    settings.http_idle_timeout =
        scenario.short_idle_timeout ? settings.idle_timeout : base::Duration::seconds(60);
    if (scenario.manners.stalls_for_ever) settings.first_byte_timeout = ms(20 + few(random, 100));
    if (random.chance(1, 10)) settings.request_timeout = ms(50 + few(random, 200));
    if (random.chance(1, 6)) settings.keepalive_requests_max = few(random, 4);
    if (random.chance(1, 10)) settings.keepalive_age_max = ms(few(random, 40));
    if (random.chance(1, 4)) settings.request_id_name.clear();
    if (random.chance(1, 4)) settings.header_bytes_max = 8192;
}

}  // namespace

void draw_http(Scenario& scenario) {
    base::Random random(scatter(scenario.seed, 6 + (scenario.round << 16)));
    scenario.http = true;
    scenario.stalls_for_ever = false;
    scenario.inbound_preambles.clear();
    scenario.waits_briefly = random.chance(1, 4);
    scenario.limits_requests = random.chance(1, 6);
    scenario.generous_retries = random.chance(1, 2);
    draw_manners(scenario, random);
    draw_upstreams(scenario, random);
    draw_timeouts(scenario, random);
    config::Settings& settings = scenario.settings;
    for (config::Listener& listener : settings.listeners) {
        listener.target.scheme = config::Scheme::http;
        listener.accept_proxy_protocol.clear();
        config::Route route;
        route.name = listener.name;
        route.match.listener = listener.name;
        route.upstream = listener.upstream;
        route.slot = settings.routes.size();
        if (scenario.limits_requests && random.chance(1, 2)) route.requests_max = few(random, 5);
        settings.routes.push_back(std::move(route));
    }
}

std::string Scenario::describe_http() const {
    const auto& pool = settings.upstreams[0].pool;
    std::string text = fmt::format(
        " pool={}..{} pool-idle={}ms requests<={} depth<={}", pool.connections_min,
        pool.connections_max, pool.idle_timeout.to_ms(), manners.requests_max, manners.depth_max);
    const std::pair<bool, const char*> words[] = {{manners.bad_requests, " bad-requests"},
                                                  {manners.http10, " http10"},
                                                  {manners.cuts, " cuts"},
                                                  {manners.talks_nonsense, " nonsense"},
                                                  {manners.closes_idle, " closes-idle"},
                                                  {manners.closes_after, " closes-after"},
                                                  {manners.answers_early, " early"},
                                                  {manners.sends_interim, " interim"},
                                                  {manners.until_close, " until-close"},
                                                  {manners.stalls_for_ever, " silent"},
                                                  {waits_briefly, " waits-briefly"},
                                                  {limits_requests, " request-limits"},
                                                  {generous_retries, " generous-retries"}};
    for (const auto& [holds, word] : words) {
        if (holds) text += word;
    }
    return text;
}

}  // namespace ringway::sim
