#include "run.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "preamble_text.h"
#include "ringway/ring/sys.h"

namespace ringway::sim {

namespace sys = ringway::ring::sys;

namespace {

constexpr base::Duration active_span = base::Duration::seconds(3);
constexpr base::Duration quiet_span = base::Duration::seconds(120);
// Longer than the default connect timeout on every endpoint in turn.
constexpr base::Duration final_span = base::Duration::seconds(60);
constexpr std::uint64_t steps_max = 3'000'000;
constexpr std::uint64_t idle_turns_max = 2'000;
constexpr std::uint64_t overdue_steps_max = 200;

sockaddr_in ipv4(std::uint32_t ip, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(ip);
    address.sin_port = htons(port);
    return address;
}

AddressKey key_of_ipv4(std::uint32_t ip, std::uint16_t port) {
    const sockaddr_in address = ipv4(ip, port);
    return key_of(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

KernelSettings with_trace(KernelSettings settings, bool trace) {
    settings.trace = trace;
    return settings;
}

}  // namespace

Run::Run(const Scenario& scenario, bool trace)
    : scenario_(scenario),
      kernel_(scatter(scenario.seed, 3 + (scenario.round << 16)),
              with_trace(scenario.kernel, trace)),
      network_(kernel_),
      random_(scatter(scenario.seed, 4 + (scenario.round << 16))) {
    cast_.preamble = scenario_.settings.upstreams[0].proxy_protocol;
    if (scenario_.http) build_http();
    coordinator_ = std::make_unique<Coordinator>(kernel_, scenario_.settings, scenario_.shards);
}

Run::~Run() = default;

bool Run::carry_out() {
    build_servers();
    build_shards();
    set_rates(kernel_.faults(), scenario_);
    for (const Fault fault : {Fault::send_error, Fault::receive_error, Fault::splice_error}) {
        socket_errors_ = socket_errors_ || kernel_.faults().rate(fault) > 0;
    }
    started_ = kernel_.now();
    if (failure().empty()) active_phase();
    if (failure().empty()) quiet_phase();
    if (failure().empty()) final_phase();
    return failure().empty();
}

// ---- building --------------------------------------------------------------------------------

void Run::build_servers() {
    const auto serve = [this](Socket& accepted) {
        if (http_ != nullptr) return serve_http(accepted);
        PeerPlan plan = draw_plan(scenario_, random_, false);
        if (quiet_) plan.stalls = false;
        cast_.add(network_, false, plan).take(accepted);
    };
    const auto add = [&](const net::Address& address) {
        servers_.push_back(std::make_unique<Server>(network_, key_of(address), serve));
        servers_.back()->open(128);
    };
    for (const auto& addresses : scenario_.addresses) add(addresses[0]);
    for (const auto& address : scenario_.spare_addresses) add(address);
}

void Run::build_shards() {
    const config::Settings& settings = scenario_.settings;
    const auto shared = std::make_shared<const config::Settings>(settings);
    stats::StatsSizes sizes;
    for (const auto& upstream : settings.upstreams) sizes.endpoints += upstream.endpoints.size();
    sizes.routes = settings.routes.size();
    sizes.upstreams = settings.upstreams.size();
    for (std::size_t i = 0; i < scenario_.shards; ++i) {
        stats_.push_back(std::make_unique<stats::ShardStats>(settings.listeners.size(), sizes));
        logs_.push_back(std::make_unique<stats::LogRing>(1u << 14));
        shard::ShardWiring wiring{.settings = shared,
                                  .index = static_cast<std::uint32_t>(i),
                                  .addresses = scenario_.addresses,
                                  .connection_permits = coordinator_->connection_share(),
                                  .shares = coordinator_->first_shares(),
                                  .wake_fd = coordinator_->wake_fd_of(i),
                                  .commands = coordinator_->commands_of(i),
                                  .events = coordinator_->events_of(i),
                                  .stats = *stats_.back(),
                                  .log = *logs_.back(),
                                  .random_seed = scatter(scenario_.seed, 100 + i)};
        for (std::size_t l = 0; l < settings.listeners.size(); ++l) {
            const bool hands_over = scenario_.hands_over[l];
            wiring.hands_over.push_back(hands_over);
            if (hands_over && i > 0) {
                wiring.listener_fds.push_back(-1);
                continue;
            }
            const int fd = sys::socket(AF_INET, SOCK_STREAM, 0);
            const sockaddr_in address = ipv4(0x0A000001, settings.listeners[l].target.port);
            sys::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
            sys::listen(fd, static_cast<int>(settings.listeners[l].backlog));
            wiring.listener_fds.push_back(fd);
        }
        shards_.push_back(std::make_unique<shard::Shard>(std::move(wiring)));
    }
    done_.resize(scenario_.shards);
    stalled_until_.resize(scenario_.shards);
    for (auto& shard : shards_) {
        if (!shard->start()) kernel_.fail("a shard did not start");
    }
    coordinator_->poll();
    if (!coordinator_->all_started()) kernel_.fail("a shard did not say that it started");
}

// ---- traffic ---------------------------------------------------------------------------------

void Run::start_clients(std::size_t count, base::Duration within) {
    clients_due_ += count;
    const bool burst = within.ns == 0;
    if (burst) kernel_.faults().note(Fault::accept_burst);
    for (std::size_t i = 0; i < count; ++i) {
        const auto delay = burst ? base::Duration{0} : kernel_.some_time(within);
        kernel_.after(delay, [this] {
            --clients_due_;
            start_client();
        });
    }
}

void Run::give_preamble(PeerPlan& plan, std::uint32_t ip, std::uint16_t port, std::string& source) {
    Faults& faults = kernel_.faults();
    const auto version =
        scenario_.inbound_preambles == "v1" ? config::ProxyProtocol::v1 : config::ProxyProtocol::v2;
    const std::uint32_t told = 0xC6336400 | (ip & 255);  // 198.51.100/24
    const std::string good = write_preamble(version, told, port);
    source = text_of(told, port);
    plan.prefix = good;
    const std::uint64_t what = random_.below(8);
    if (what > 1) return;
    plan.prefix_is_bad = true;
    if (what == 0) {
        faults.note(Fault::preamble_bad);
        plan.prefix = random_.chance(1, 2) ? "PROXY nonsense\r\n" : "";
        plan.silent = false;
    } else {
        faults.note(Fault::preamble_slow);
        plan.prefix = good.substr(0, random_.below(good.size()));
        plan.silent = true;
        plan.ends_first = false;
    }
}

void Run::start_client() {
    PeerPlan plan = draw_plan(scenario_, random_, true);
    const std::uint32_t number = ++next_client_;
    const std::uint64_t kind = random_.below(4);
    const std::uint32_t network = kind == 0   ? denied_network
                                  : kind == 1 ? untrusted_network
                                              : trusted_network;
    const std::uint32_t ip = network | (number & 255);
    const auto port = static_cast<std::uint16_t>(10'000 + number);
    std::string source = text_of(ip, port);
    if (network == trusted_network && !scenario_.inbound_preambles.empty()) {
        give_preamble(plan, ip, port, source);
    }
    const bool gone_early = scenario_.breaks && random_.chance(1, 15);
    if (gone_early) {
        kernel_.faults().note(Fault::client_gone_early);
        plan.breaks = PeerPlan::Break::reset;
        plan.break_after = 0;
    }
    const auto& listeners = scenario_.settings.listeners;
    const AddressKey from = key_of_ipv4(ip, port);
    const AddressKey to =
        key_of_ipv4(0x0A000001, listeners[random_.below(listeners.size())].target.port);
    if (http_ != nullptr) {
        start_http_client(from, to, source.substr(0, source.find(':')), gone_early);
    } else {
        start_tcp_client(from, to, plan, source);
    }
}

void Run::start_tcp_client(const AddressKey& from, const AddressKey& to, const PeerPlan& plan,
                           std::string source) {
    Peer& client = cast_.add(network_, true, plan);
    client.expected_source = std::move(source);
    client.connect(from, to);
    if (quiet_) client.hurry();
}

std::uint64_t Run::peers_open() const {
    return http_ != nullptr ? http_->clients_open : cast_.open;
}

void Run::hurry() {
    if (http_ != nullptr) return hurry_http();
    for (std::size_t i = 0; i < cast_.peers.size(); ++i) {
        if (cast_.peers[i]->outcome == Peer::Outcome::running) cast_.peers[i]->hurry();
    }
}

// Somebody who still waits, if there is one.
std::string Run::straggler() const {
    if (http_ != nullptr) return http_straggler();
    for (const auto& peer : cast_.peers) {
        if (peer->outcome != Peer::Outcome::running) continue;
        return peer->describe() +
               (peer->partner == nullptr ? "" : ", partner " + peer->partner->describe());
    }
    return {};
}

// ---- phases ----------------------------------------------------------------------------------

void Run::active_phase() {
    start_clients(scenario_.clients, scenario_.arrivals_within);
    while (failure().empty()) {
        step();
        const base::Duration passed = kernel_.now() - started_;
        if (scenario_.drains_early && !draining_ && passed >= scenario_.drain_after) {
            kernel_.faults().note(Fault::drain_mid_flight);
            begin_drain();
        }
        if (clients_due_ == 0 && peers_open() == 0) {
            if (kernel_.operations >= 500 || draining_) return;
            start_clients(10, scenario_.arrivals_within);
        }
        if (passed >= active_span) return;
    }
}

// No fault from here on, and every peer does its part: all that is under way must come to its end.
void Run::quiet_phase() {
    quiet_ = true;
    kernel_.faults().silence();
    kernel_.trace("---- quiet");
    for (auto& [key, site] : network_.sites) site.unreachable = false;
    for (auto& server : servers_) server->open(128);
    for (std::size_t e = 0; e < scenario_.addresses.size(); ++e) {
        coordinator_->send_all(shard::SetEndpoint{e, upstream::AdminState::ready, true});
    }
    const base::Instant until = kernel_.now() + quiet_span;
    while (failure().empty() && (peers_open() > 0 || clients_due_ > 0)) {
        step();
        hurry();
        if (kernel_.now() < until || peers_open() == 0) continue;
        kernel_.fail("no progress: {} peers still wait, first {}", peers_open(), straggler());
    }
    // What ringway still has to close, it closes without anybody's help.
    const base::Instant settled = kernel_.now() + final_span;
    while (failure().empty() && network_.accepted_open > 0 && kernel_.now() < settled) step();
    if (network_.accepted_open > 0 && failure().empty()) {
        kernel_.fail("{} connections are still open after all peers have ended",
                     network_.accepted_open);
    }
}

void Run::final_phase() {
    if (!draining_) {
        coordinator_->collect_permits();
        const base::Instant answered = kernel_.now() + base::Duration::milliseconds(50);
        while (failure().empty() && kernel_.now() < answered) step();
        coordinator_->compare_permits();
        begin_drain();
    }
    const base::Instant until = kernel_.now() + final_span;
    while (failure().empty() && !all_done()) {
        step();
        if (kernel_.now() >= until) kernel_.fail("a shard did not drain");
    }
    if (!failure().empty()) return;
    coordinator_->poll();
    judge();
    if (!failure().empty()) return;
    shards_.clear();
    const std::size_t own = scenario_.shards + 1;
    if (kernel_.descriptors_open() != own) {
        kernel_.fail("descriptors were left open: {}", kernel_.list_descriptors());
        return;
    }
    coordinator_->close_wake_fds();
}

bool Run::all_done() const {
    return std::all_of(done_.begin(), done_.end(), [](bool done) { return done; });
}

void Run::begin_drain() {
    draining_ = true;
    shard::Drain drain;
    if (!quiet_ && !scenario_.drain_for.is_forever()) {
        drain.deadline = drain_deadline_ = kernel_.now() + scenario_.drain_for;
    }
    kernel_.trace("---- drain");
    coordinator_->send_all(drain);
}

// ---- one step --------------------------------------------------------------------------------

void Run::step() {
    if (++steps_ > steps_max) return kernel_.fail("too many turns without an end");
    turn_shards();
    watch_drain();
    if (!kernel_.faults().fires(Fault::mailbox_late)) coordinator_->poll();
    if (!quiet_) stir();
    for (auto& log : logs_) log->drain([](stats::LogStream, std::string_view) {});
    advance_clock();
}

// Once the deadline has passed, what is left is closed soon, whoever else does nothing.
void Run::watch_drain() {
    if (kernel_.now() <= drain_deadline_ || all_done()) return;
    if (overdue_since_.is_never()) overdue_since_ = kernel_.now();
    // Both, since the clock may jump while nobody runs.
    const bool late = kernel_.now() - overdue_since_ > base::Duration::seconds(1);
    if (late && ++overdue_steps_ > overdue_steps_max) {
        kernel_.fail("the drain deadline has passed and {} connections are open",
                     network_.accepted_open);
    }
}

void Run::turn_shards() {
    const std::size_t first = random_.below(shards_.size());
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        const std::size_t shard = (first + i) % shards_.size();
        if (done_[shard] || stalled_until_[shard] > kernel_.now()) continue;
        if (kernel_.faults().fires(Fault::shard_stall)) {
            kernel_.trace("---- shard {} stalls", shard);
            stalled_until_[shard] =
                kernel_.now() + kernel_.some_time(base::Duration::milliseconds(20));
            continue;
        }
        if (!shards_[shard]->turn(base::Instant::never())) done_[shard] = true;
        if (network_.accepted_open > scenario_.settings.connections_max) {
            kernel_.fail("{} connections are open, --max-connections is {}", network_.accepted_open,
                         scenario_.settings.connections_max);
        }
    }
}

void Run::stir() {
    Faults& faults = kernel_.faults();
    if (faults.fires(Fault::clock_jump)) {
        kernel_.trace("---- the clock jumps");
        kernel_.advance_to(kernel_.now() + base::Duration::milliseconds(
                                               static_cast<std::int64_t>(random_.below(8000))));
    }
    if (faults.fires(Fault::endpoint_flapped)) stir_endpoints();
    if (faults.fires(Fault::addresses_changed)) {
        const std::size_t endpoint = random_.below(scenario_.addresses.size());
        shard::SetAddresses change{endpoint, scenario_.addresses[endpoint]};
        if (random_.chance(1, 2)) change.addresses = {scenario_.spare_addresses[endpoint]};
        if (random_.chance(1, 4)) change.addresses.push_back(scenario_.addresses[endpoint][0]);
        coordinator_->send_all(change);
    }
    if (random_.chance(1, 300)) {
        coordinator_->send(random_.below(shards_.size()), shard::ListConnections{random_.below(8)});
    }
    if (random_.chance(1, 1000)) coordinator_->send_all(shard::ResetPeaks{});
}

void Run::stir_endpoints() {
    const std::size_t endpoint = random_.below(scenario_.addresses.size());
    Server& server = *servers_[endpoint];
    shard::SetEndpoint change{endpoint, {}, {}};
    switch (random_.below(5)) {
        case 0: return server.is_open() ? server.shut() : server.open(128);
        case 1: {
            bool& unreachable = network_.sites[server.address].unreachable;
            unreachable = !unreachable;
            return;
        }
        case 2: change.state = upstream::AdminState::drain; break;
        case 3:
            change.state =
                random_.chance(1, 2) ? upstream::AdminState::down : upstream::AdminState::ready;
            break;
        default: change.healthy = random_.chance(1, 2); break;
    }
    coordinator_->send_all(change);
}

// The clock stands still while anybody has something to do but for a few microseconds, and jumps to
// the next event when nobody has.
void Run::advance_clock() {
    bool busy = coordinator_->has_work();
    bool spins = false;
    base::Instant next = std::min(kernel_.next_event(), coordinator_->next_due());
    for (std::size_t i = 0; i < kernel_.rings.size(); ++i) {
        if (done_[i]) continue;
        if (stalled_until_[i] > kernel_.now()) {
            next = std::min(next, stalled_until_[i]);
            continue;
        }
        const RingWait& wait = *kernel_.rings[i];
        const bool wants_turn = wait.until <= kernel_.now();
        if (wait.delivered > 0 || wait.queued || wants_turn) busy = true;
        if (wait.delivered == 0 && wants_turn) spins = true;
        next = std::min({next, wait.until, wait.next_due});
    }
    idle_turns_ = spins ? idle_turns_ + 1 : 0;
    if (idle_turns_ > idle_turns_max) return kernel_.fail("a shard spins");
    if (busy) {
        kernel_.advance_to(kernel_.now() + base::Duration::nanoseconds(
                                               1 + static_cast<std::int64_t>(random_.below(4000))));
        return;
    }
    // Whatever the shards say they wait for, a phase is never jumped over.
    next = std::min(next, kernel_.now() + base::Duration::seconds(1));
    kernel_.advance_to(std::max(next, kernel_.now() + base::Duration::nanoseconds(1)));
}

}  // namespace ringway::sim
