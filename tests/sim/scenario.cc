#include "scenario.h"

#include <algorithm>

#include "preamble_text.h"

namespace ringway::sim {

namespace {

template <typename Value, std::size_t Count>
Value one_of(base::Random& random, const Value (&values)[Count]) {
    return values[random.below(Count)];
}

base::Duration ms(std::int64_t count) { return base::Duration::milliseconds(count); }

config::Cidr range(std::uint32_t network) {
    config::Cidr cidr;
    cidr.prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    for (std::size_t i = 0; i < 4; ++i) {
        cidr.prefix[12 + i] = static_cast<std::uint8_t>(network >> (24 - 8 * i));
    }
    cidr.prefix_bits = 96 + 16;
    return cidr;
}

void draw_machine(Scenario& scenario, base::Random& random) {
    KernelSettings& kernel = scenario.kernel;
    kernel.descriptors_max = random.chance(1, 8) ? 24 + random.below(40) : 4096;
    if (random.chance(1, 4)) kernel.submission_entries_max = 1 + random.below(8);
    if (random.chance(1, 6)) kernel.completion_entries_max = 4 + random.below(12);
    constexpr std::size_t smallest[] = {1, 64, 1024, 4096, 65536};
    kernel.socket_bytes_min = one_of(random, smallest);
    kernel.socket_bytes_max = kernel.socket_bytes_min + random.below(262'144);
    constexpr std::size_t packets[] = {100, 1460, 16384, 65536};
    kernel.packet_bytes_max = one_of(random, packets);
    kernel.pipe_slot_bytes = random.chance(1, 2) ? 4096 : 1460;
    constexpr std::int64_t latencies_us[] = {1, 50, 500, 5000};
    kernel.latency_max = base::Duration::microseconds(one_of(random, latencies_us));
    kernel.late_max = random.chance(1, 4) ? ms(20) : ms(1);
    kernel.incremental_buffers = random.chance(2, 3);
}

void draw_endpoints(Scenario& scenario, base::Random& random) {
    scenario.limits_endpoints = random.chance(1, 4);
    const std::size_t upstreams = 1 + random.below(2);
    std::uint8_t host = 1;
    for (std::size_t u = 0; u < upstreams; ++u) {
        config::Upstream upstream;
        upstream.name = fmt::format("upstream{}", u + 1);
        upstream.balance = static_cast<config::Balance>(random.below(4));
        upstream.fail_backoff = random.chance(1, 2) ? ms(5) : ms(1000);
        const std::size_t endpoints = 1 + random.below(3);
        for (std::size_t e = 0; e < endpoints; ++e, ++host) {
            config::Endpoint endpoint;
            endpoint.target.host = fmt::format("10.9.0.{}", host);
            endpoint.target.port = 9000;
            endpoint.name = endpoint.target.host;
            endpoint.slot = host - 1u;
            endpoint.weight = 1 + static_cast<std::uint32_t>(random.below(3));
            endpoint.backup = e > 0 && random.chance(1, 5);
            if (scenario.limits_endpoints && random.chance(2, 3)) {
                endpoint.connections_max = 1 + static_cast<std::uint32_t>(random.below(5));
            }
            upstream.endpoints.push_back(endpoint);
            scenario.addresses.push_back({*net::Address::parse(endpoint.target.host, 9000)});
            scenario.spare_addresses.push_back(
                *net::Address::parse(fmt::format("10.8.0.{}", host), 9000));
        }
        scenario.settings.upstreams.push_back(std::move(upstream));
    }
}

void draw_settings(Scenario& scenario, base::Random& random) {
    config::Settings& settings = scenario.settings;
    settings.shards = static_cast<std::uint32_t>(scenario.shards);
    settings.relay = one_of(random, {config::RelayMode::automatic, config::RelayMode::automatic,
                                     config::RelayMode::copy, config::RelayMode::splice});
    settings.buffers = one_of(random, {2u, 4u, 8u, 16u, 64u});
    settings.buffer_bytes = one_of(random, {256u, 1024u, 4096u, 32768u, 65536u});
    settings.pipe_bytes = one_of(random, {4096u, 16384u, 65536u, 262144u});
    settings.pipes_max = one_of(random, {1u, 2u, 4u, 16u});
    settings.held_bytes_max = one_of(random, {512u, 4096u, 16384u, 65536u});
    settings.connections_max = random.chance(1, 3) ? scenario.shards + random.below(6) : 1024;
    if (random.chance(1, 5)) settings.connect_timeout = ms(20);
    if (random.chance(1, 3)) settings.header_timeout = ms(30);
    scenario.short_idle_timeout = random.chance(1, 6);
    if (scenario.short_idle_timeout) {
        settings.idle_timeout = ms(100 + static_cast<std::int64_t>(random.below(400)));
    }
    if (random.chance(1, 4)) settings.access_log = "-";
    scenario.hands_over.clear();
    const std::size_t listeners = 1 + random.below(2);
    const std::uint64_t preambles = random.below(4);
    if (preambles == 1) scenario.inbound_preambles = "v1";
    if (preambles == 2) scenario.inbound_preambles = "v2";
    const auto outbound =
        random.chance(1, 3) ? one_of(random, {config::ProxyProtocol::v1, config::ProxyProtocol::v2})
                            : config::ProxyProtocol::none;
    for (config::Upstream& upstream : settings.upstreams) upstream.proxy_protocol = outbound;
    for (std::size_t l = 0; l < listeners; ++l) {
        config::Listener listener;
        listener.name = fmt::format("listener{}", l + 1);
        listener.target.host = "10.0.0.1";
        listener.target.port = static_cast<std::uint16_t>(80 + l);
        listener.backlog =
            random.chance(1, 4) ? 2 : 16 + static_cast<std::uint32_t>(random.below(48));
        listener.upstream = random.below(settings.upstreams.size());
        if (random.chance(1, 6)) listener.deny.push_back(range(denied_network));
        if (!scenario.inbound_preambles.empty()) {
            listener.accept_proxy_protocol.push_back(range(trusted_network));
        }
        settings.listeners.push_back(std::move(listener));
        scenario.hands_over.push_back(random.chance(1, 8));
    }
}

void draw_traffic(Scenario& scenario, base::Random& random) {
    scenario.bulk = random.chance(1, 3);
    scenario.clients = scenario.bulk ? 4 + random.below(10) : 10 + random.below(30);
    scenario.bytes_max = scenario.bulk ? 300'000 : one_of(random, {100u, 3000u, 20'000u});
    constexpr std::int64_t spans_ms[] = {0, 5, 50, 500};
    scenario.arrivals_within = ms(one_of(random, spans_ms));
    scenario.breaks = random.chance(1, 2);
    scenario.stalls = random.chance(1, 2);
    scenario.stalls_for_ever = scenario.short_idle_timeout && random.chance(1, 2);
    scenario.faults_connects = random.chance(1, 3);
    scenario.flaps_endpoints = random.chance(1, 5);
    scenario.moves_addresses = !scenario.limits_endpoints && random.chance(1, 6);
    scenario.jumps_clock = random.chance(1, 6);
    scenario.drains_early = random.chance(1, 4);
    scenario.drain_after = ms(static_cast<std::int64_t>(random.below(60)));
    // Some deadlines have passed before the shards have heard of them.
    constexpr std::uint64_t spans_us[] = {1, 1000, 100'000};
    if (random.chance(2, 3)) {
        const std::uint64_t span = random.below(one_of(random, spans_us));
        scenario.drain_for = base::Duration::microseconds(static_cast<std::int64_t>(span));
    }
}

}  // namespace

AddressKey key_of(const net::Address& address) {
    return key_of(address.raw(), address.raw_bytes());
}

Scenario draw_scenario(std::uint64_t seed, std::uint64_t round) {
    base::Random random(scatter(seed, 1 + (round << 16)));
    Scenario scenario;
    scenario.seed = seed;
    scenario.round = round;
    scenario.shards = one_of(random, {1u, 1u, 2u, 3u});
    draw_machine(scenario, random);
    draw_endpoints(scenario, random);
    draw_settings(scenario, random);
    draw_traffic(scenario, random);
    // Half of the seeds speak HTTP.
    if (base::Random(scatter(seed, 5)).chance(1, 2)) draw_http(scenario);
    return scenario;
}

void set_rates(Faults& faults, const Scenario& scenario) {
    base::Random random(scatter(scenario.seed, 2 + (scenario.round << 16)));
    // Off, rare or common, by fault and seed.
    const auto draw = [&](Fault fault, std::uint32_t rare, std::uint32_t common) {
        const std::uint64_t what = random.below(3);
        faults.set_rate(fault, what == 0 ? 0 : what == 1 ? rare : common);
    };
    draw(Fault::short_send, 20'000, 400'000);
    draw(Fault::short_receive, 20'000, 300'000);
    draw(Fault::late_completion, 20'000, 300'000);
    draw(Fault::reordered_completions, 100'000, 800'000);
    draw(Fault::multishot_ended, 10'000, 200'000);
    draw(Fault::spurious_readiness, 20'000, 300'000);
    draw(Fault::cancel_lost_race, 100'000, 500'000);
    draw(Fault::pipe_shrunk, 100'000, 500'000);
    draw(Fault::pipe_full, 1, 1);
    draw(Fault::pipe_error, 50'000, 500'000);
    draw(Fault::accept_error, 10'000, 200'000);
    draw(Fault::mailbox_late, 50'000, 500'000);
    draw(Fault::shard_stall, 500, 10'000);
    if (random.chance(1, 3)) {
        draw(Fault::send_error, 200, 5'000);
        draw(Fault::receive_error, 200, 5'000);
        draw(Fault::splice_error, 200, 5'000);
    }
    if (scenario.faults_connects) {
        draw(Fault::connect_refused, 20'000, 300'000);
        draw(Fault::connect_unreachable, 20'000, 200'000);
        draw(Fault::connect_timeout, 10'000, 200'000);
        draw(Fault::connect_no_port, 10'000, 100'000);
        draw(Fault::socket_error, 10'000, 100'000);
    }
    if (scenario.jumps_clock) faults.set_rate(Fault::clock_jump, 300);
    if (scenario.flaps_endpoints) faults.set_rate(Fault::endpoint_flapped, 3'000);
    if (scenario.moves_addresses) faults.set_rate(Fault::addresses_changed, 2'000);
}

PeerPlan draw_plan(const Scenario& scenario, base::Random& random, bool is_client) {
    PeerPlan plan;
    plan.bytes = random.chance(1, 3) ? 0 : random.below(scenario.bytes_max + 1);
    if (scenario.bulk && random.chance(1, 3)) plan.bytes = scenario.bytes_max;
    plan.silent = is_client && random.chance(1, 12);
    plan.write_max = scenario.bulk && random.chance(2, 3) ? 65536 : 1 + random.below(6000);
    plan.read_max = random.chance(1, 4) ? 1 + random.below(1000) : 65536;
    constexpr std::int64_t pauses_us[] = {0, 20, 300, 3000};
    plan.pause_max = base::Duration::microseconds(one_of(random, pauses_us));
    if (scenario.bulk) plan.pause_max = plan.pause_max / 8;
    plan.ends_first = random.chance(3, 4);
    const std::uint64_t reach = 2 * (plan.bytes + Peer::header_bytes) + 1;
    if (scenario.breaks && random.chance(1, 4)) {
        plan.breaks = random.chance(2, 3) ? PeerPlan::Break::reset : PeerPlan::Break::close;
        plan.break_after = random.below(reach);
    }
    if (scenario.stalls && random.chance(1, 3)) {
        plan.stalls = true;
        plan.stalls_for_ever = scenario.stalls_for_ever && random.chance(1, 2);
        plan.stall_after = random.below(reach);
        plan.stall_time =
            base::Duration::milliseconds(1 + static_cast<std::int64_t>(random.below(80)));
    }
    return plan;
}

std::string Scenario::describe() const {
    const char* relays[] = {"auto", "copy", "splice"};
    std::size_t endpoints = 0;
    for (const auto& upstream : settings.upstreams) endpoints += upstream.endpoints.size();
    return fmt::format(
        "shards={} listeners={} endpoints={} relay={} buffers={}x{}{} pipes={}x{} held={} "
        "connections-max={} clients={} bytes<={} socket={}..{} sq={} cq={} fds={} idle={}ms"
        "{}{}{}{}{}{}{}{}{}{} preamble-in={} preamble-out={}{}",
        shards, settings.listeners.size(), endpoints, relays[static_cast<int>(settings.relay)],
        settings.buffers, settings.buffer_bytes, kernel.incremental_buffers ? " incremental" : "",
        settings.pipes_max, settings.pipe_bytes, settings.held_bytes_max, settings.connections_max,
        clients, bytes_max, kernel.socket_bytes_min, kernel.socket_bytes_max,
        kernel.submission_entries_max, kernel.completion_entries_max, kernel.descriptors_max,
        settings.idle_timeout.to_ms(), breaks ? " breaks" : "", stalls ? " stalls" : "",
        stalls_for_ever ? " stalls-for-ever" : "", limits_endpoints ? " endpoint-limits" : "",
        faults_connects ? " connect-faults" : "", flaps_endpoints ? " flaps" : "",
        moves_addresses ? " moves" : "",
        std::find(hands_over.begin(), hands_over.end(), true) != hands_over.end() ? " hands-over"
                                                                                  : "",
        drains_early ? fmt::format(" drains-after={}ms", drain_after.to_ms()) : "",
        jumps_clock ? " jumps" : "", inbound_preambles.empty() ? "none" : inbound_preambles,
        settings.upstreams[0].proxy_protocol == config::ProxyProtocol::none ? "no" : "yes",
        http ? " http" + describe_http() : "");
}

}  // namespace ringway::sim
