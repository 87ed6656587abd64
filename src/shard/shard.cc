// The composition of one shard and its loop: turn() is the heart of ringway.

#include "ringway/shard/shard.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <poll.h>

#include "core.h"
#include "ringway/base/planted.h"
#include "ringway/config/limits.h"
#include "ringway/proxy/passthrough.h"
#include "ringway/ring/sys.h"

namespace ringway::shard {

namespace {

constexpr base::Duration tick_interval = base::Duration::milliseconds(50);
constexpr base::Duration long_turn = base::Duration::milliseconds(10);
constexpr base::Duration cpu_interval = base::Duration::milliseconds(100);
constexpr std::size_t scratch_bytes = 64 * 1024;
constexpr std::size_t send_vectors_max = 4096;
constexpr std::size_t frame_bytes_per_session = 2048;
constexpr std::size_t frame_bytes_base = 1 << 20;
constexpr std::uint64_t permits_per_request = 64;
// Heads of both messages as received and as sent, and a reply of ours.
constexpr std::size_t blocks_per_exchange = 5;
constexpr std::size_t upstream_slots_min = 65536;
constexpr std::size_t slices_per_exchange = 16;
// Where receives cannot share a buffer, more and smaller ones hold the same memory.
constexpr std::uint32_t split_of_whole_buffers = 8;

std::size_t slots_for(const ShardWiring& wiring) {
    // Permits move between shards: one shard may come to hold them all.
    return std::max<std::size_t>(wiring.settings->connections_max, 1);
}

// All pools together, as far as there can be descriptors for them.
std::size_t upstream_connections_max(const config::Settings& settings) {
    std::size_t sum = 0;
    for (const config::Upstream& upstream : settings.upstreams) {
        if (upstream.speaks_http()) sum += upstream.pool.connections_max;
    }
    // A reload may bring other upstreams: slots cost address space alone.
    return std::max<std::size_t>(sum * 4, upstream_slots_min);
}

// A head with what is added to it, or a whole reply of ringway's own.
std::size_t block_bytes_max(const config::Settings& settings) {
    return std::max<std::size_t>(settings.header_bytes_max * 2, config::reply_bytes_max * 2);
}

stats::LogSettings log_settings(const ShardWiring& wiring) {
    stats::LogSettings settings;
    settings.json = wiring.settings->log_format == config::LogFormat::json;
    settings.shard = wiring.index;
    settings.now = &ring::sys::now;
    settings.wall_clock_us = &ring::sys::wall_clock_us;
    return settings;
}

net::RelaySettings relay_settings_of(const config::Settings& settings) {
    return {settings.relay, settings.held_bytes_max};
}

std::uint64_t thread_cpu_ns() {
    timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return static_cast<std::uint64_t>(at.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(at.tv_nsec);
}

}  // namespace

Core::DrainTimer::DrainTimer(Core& owner)
    : base::Timer([](base::Timer& timer) { static_cast<DrainTimer&>(timer).core.cut_off(); }),
      core(owner) {}

Core::Core(ShardWiring given)
    : PermitReturn{&Core::on_permit},
      Op(&Core::on_wake),
      wiring(std::move(given)),
      now(ring::sys::now()),
      runtime(slots_for(wiring) * frame_bytes_per_session + frame_bytes_base),
      timers(now),
      random(wiring.random_seed),
      blocks(slots_for(wiring) * blocks_per_exchange, block_bytes_max(*wiring.settings)),
      vectors(send_vectors_max),
      pipes(wiring.settings->pipes_max, wiring.settings->pipe_bytes),
      relay_settings(relay_settings_of(*wiring.settings)),
      generations(wiring.settings),
      upstreams(*wiring.settings, wiring.addresses, wiring.shares.endpoints, wiring.stats,
                wiring.index, wiring.random_seed),
      log(wiring.log, log_settings(wiring)),
      slots(slots_for(wiring)),
      http_slots(slots_for(wiring)),
      exchanges(slots_for(wiring)),
      introductions(slots_for(wiring)),
      ticker(timers, now, tick_interval),
      drain_timer_(*this) {
    permits.idle = static_cast<std::int64_t>(wiring.connection_permits);
    arrange_traffic(*wiring.settings, wiring.shares);
}

Core::~Core() {
    // The ring goes first in spirit: after it nothing of ours is known to the kernel any more.
    async::Runtime::Use use(runtime);
    accept_loops.clear();
    context.reset();
}

base::Result<void> Core::open_ring() {
    auto opened = ring::Ring::open({});
    if (!opened) return base::unexpected(opened.error());
    ring = std::move(*opened);
    return {};
}

base::Result<void> Core::build_pools() {
    ring::BufferGroupSettings wanted;
    wanted.count = wiring.settings->buffers;
    wanted.bytes_each = wiring.settings->buffer_bytes;
    wanted.split_when_whole = split_of_whole_buffers;
    auto created = ring::BufferGroup::create(*ring, wanted);
    if (!created) return base::unexpected(created.error());
    buffers = std::move(*created);
    // A node for every byte that a buffer may hold, and for what stands beside them.
    slices =
        std::make_unique<net::SlicePool>(std::size_t{buffers->count()} * buffers->bytes_each() * 3 +
                                         slots_for(wiring) * slices_per_exchange);
    sockets = std::make_unique<net::SocketPools>(
        net::SocketPools{{*slices, *buffers, blocks}, *ring, vectors});
    scratch = std::make_unique<std::byte[]>(scratch_bytes);
    relay = std::make_unique<net::RelayContext>(
        net::RelayContext{relay_settings, pipes, *buffers, scratch.get(), scratch_bytes, now});
    pools = std::make_unique<upstream::PoolSet>(pool_wiring());
    context = std::make_unique<proxy::Context>(
        proxy::Context{generations, wiring.index, now,          timers,     random,        *sockets,
                       *relay,      upstreams,    wiring.stats, wiring.log, log,           sessions,
                       drain_begun, slots,        http_slots,   exchanges,  introductions, *pools,
                       traffic,     idle_clients, date,         ticker,     *this});
    return {};
}

upstream::PoolWiring Core::pool_wiring() {
    return {.settings = wiring.settings.get(),
            .endpoints = upstreams,
            .sockets = *sockets,
            .timers = timers,
            .now = now,
            .stats = wiring.stats,
            .connections_max = upstream_connections_max(*wiring.settings),
            .shard = wiring.index,
            .shards = wiring.settings->shards,
            .connection_permits = wiring.shares.pools,
            .request_permits = wiring.shares.upstream_requests};
}

// Counters and permits for every route and upstream there is; those that are there already stay
// where they are. A share is of a limit that is new here.
void Core::arrange_traffic(const config::Settings& settings, const PermitShares& shares) {
    for (const config::Route& route : settings.routes) {
        while (traffic.routes.size() <= route.slot) {
            const std::size_t slot = traffic.routes.size();
            traffic.routes.emplace_back().stats = &wiring.stats.routes[slot];
        }
        upstream::PermitHolder& holder = traffic.routes[route.slot].in_flight;
        if (route.requests_max == 0) {
            holder.set_unlimited();
        } else if (!holder.is_limited()) {
            holder.set_limited(shares.route_requests[route.slot]);
        }
    }
    while (traffic.upstreams.size() < settings.upstreams.size()) {
        const std::size_t index = traffic.upstreams.size();
        traffic.upstreams.emplace_back().stats = &wiring.stats.upstreams[index];
    }
}

base::Result<void> Core::start() {
    async::Runtime::Use use(runtime);
    const auto fail = [this](base::Error error, const char* what) {
        Started started;
        started.os_error = error.os_error;
        started.what = what;
        send(std::move(started));
        return base::unexpected(error);
    };
    if (const auto opened = open_ring(); !opened) return fail(opened.error(), "io_uring");
    if (const auto built = build_pools(); !built) return fail(built.error(), "receive buffers");
    upkeep.spawn(pools->keep());
    ring->poll_multishot(static_cast<ring::Op&>(*this), wiring.wake_fd, POLLIN);
    mail_ = true;  // look once: commands may have come before the watch
    for (std::uint32_t index = 0; index < wiring.listener_fds.size(); ++index) {
        if (wiring.listener_fds[index] < 0) continue;
        permits.many_margin += AcceptLoop::many_margin(wiring.settings->listeners[index].backlog);
    }
    if (pools->is_warm()) start_accepting();
    Started started;
    started.ring_features = ring->features().describe();
    started.incremental_buffers = buffers->incremental();
    send(std::move(started));
    return {};
}

// Once: at the start, or when the pools that are to be warm by then are. Until then connections
// wait in the listeners' queues.
void Core::start_accepting() {
    if (std::exchange(accepts_, true)) return;
    for (std::uint32_t index = 0; index < wiring.listener_fds.size(); ++index) {
        if (wiring.listener_fds[index] < 0) continue;
        auto loop = std::make_unique<AcceptLoop>(*this, index, wiring.listener_fds[index],
                                                 wiring.hands_over[index]);
        accepting.spawn(loop->run());
        accept_loops.push_back(std::move(loop));
    }
}

// ---- the loop ---------------------------------------------------------------------------------

bool Core::turn(base::Instant wait_until) {
    async::Runtime::Use use(runtime);
    if (!accepts_ && pools->is_warm()) start_accepting();
    // 1. What time, messages and completions have made ready runs, and may queue requests.
    if (mail_) run_commands();
    timers.advance(now);
    runtime.ready.begin_turn();
    buffers->offer();
    do {
        runtime.ready.run();
        upstreams.run_waiters(now);
        pools->run_waiters();
        buffers->flush();  // returned buffers may wake readers: they run in this turn as well
    } while (!runtime.ready.ran_dry());
    if (upstreams.has_permit_news() || pools->has_permit_news() || traffic.has_permit_news) {
        report_permits();
    }
    if (permits.recalled > 0 && !accepts_many()) answer_recall();
    if (!outbox_.empty()) flush_outbox();
    if (draining && !reported_drained_) {
        if (accepting.running() == 0 && sessions.running() == 0) pools->finish();
        if (has_drained()) {
            reported_drained_ = true;
            send(Drained{});
        }
    }
    publish();
    if (reported_drained_ && outbox_.empty()) return false;
    // 2. One system call hands everything over and waits.
    ring->turn(next_wait(wait_until));
    // 3. All completions were recorded; what they woke runs in the next turn, on a fresh clock.
    now = ring::sys::now();
    return true;
}

base::Instant Core::next_wait(base::Instant wait_until) {
    if (!runtime.ready.empty() || mail_ || buffers->has_offer()) return {0};
    if (!outbox_.empty()) wait_until = std::min(wait_until, now + base::Duration::milliseconds(1));
    return std::min({wait_until, timers.next_due(), upstreams.next_due()});
}

void Core::publish() {
    stats::ShardStats& stats = wiring.stats;
    const ring::RingCounters& counters = ring->counters();
    stats.ring.turns.add();
    stats.heartbeat.add();
    stats.ring.enters.set(counters.enters);
    stats.ring.completions.set(counters.completions);
    stats.ring.submissions.set(counters.submissions);
    stats.ring.sends.set(counters.sends);
    stats.ring.overflows.set(counters.overflows);
    stats.ring.stale.set(counters.stale);
    stats.ring.buffer_parks.set(buffers->parks());
    stats.buffers_in_use.set(buffers->in_use());
    stats.buffers_total.set(buffers->count());
    stats.pipes_in_use.set(pipes.lent());
    stats.pipes_open.set(pipes.open());
    stats.slots_in_use.set(slots.in_use() + http_slots.in_use());
    stats.frames_in_use.set(runtime.frames.in_use());
    stats.frame_spills.set(runtime.frames.spills());
    stats.log_lines.set(wiring.log.written());
    stats.log_lines_dropped.set(wiring.log.dropped());
    if (now - cpu_read_at_ >= cpu_interval) {
        cpu_read_at_ = now;
        stats.cpu_ns.set(thread_cpu_ns());
    }
    if (ring::sys::now() - now >= long_turn) stats.ring.long_turns.add();
}

// ---- sessions and permits ---------------------------------------------------------------------

void Core::begin_session(std::uint32_t listener, int fd) {
    stats::ShardStats& stats = wiring.stats;
    stats.active.add();
    stats.listeners[listener].active.add();
    const std::uint64_t id = next_session_id_++;
    if (wiring.settings->listeners[listener].speaks_http()) {
        if (auto* session = http_slots.emplace(*context, listener, fd, id)) {
            sessions.spawn(session->run());
            return;
        }
    } else if (auto* session = slots.emplace(*context, listener, fd, id)) {
        sessions.spawn(proxy::serve_connection(*context, *session));
        return;
    }
    // Cannot be: a permit stands for a slot. Counted rather than trusted.
    stats.active.subtract();
    stats.listeners[listener].active.subtract();
    stats.refused.add();
    ring::sys::close(fd);
    ++permits.idle;
}

void Core::hand_over(std::uint32_t listener, int fd) { send(HandOver{fd, listener}); }

void Core::on_permit(proxy::PermitReturn& returned) {
    auto& self = static_cast<Core&>(returned);
    if (base::planted(base::Bug::permit_leaked) && self.next_session_id_ % 8 == 0) return;
    // Whoever waits for a permit is woken by the first that comes.
    if (self.permits.idle++ == 0) self.wake_accept_loops();
}

void Core::wake_accept_loops() {
    for (auto& loop : accept_loops) loop->permits_changed();
}

void Core::ask_for_permits() {
    // A client that asks for nothing makes room for one that does.
    if (permits.idle == 0 && idle_clients.close_one()) return;
    if (permits.asked || draining) return;
    permits.asked = true;
    send(WantPermits{{}, permits_per_request});
}

// What is to be told to the coordinator of one kind of permits: `Message` with a count.
template <typename Message>
auto Core::tell(PermitKind kind) {
    return [this, kind](std::size_t index, std::uint64_t count) {
        send(Message{{kind, static_cast<std::uint32_t>(index)}, count});
        return true;
    };
}

void Core::report_permits() {
    if (upstreams.has_permit_news()) {
        upstreams.report_permits(tell<WantPermits>(PermitKind::endpoint),
                                 tell<ReturnPermits>(PermitKind::endpoint));
    }
    if (pools->has_permit_news()) {
        pools->report_permits(tell<WantPermits>(PermitKind::pool),
                              tell<ReturnPermits>(PermitKind::pool),
                              tell<WantPermits>(PermitKind::upstream_requests),
                              tell<ReturnPermits>(PermitKind::upstream_requests));
    }
    if (!traffic.has_permit_news) return;
    traffic.has_permit_news = false;
    for (std::size_t slot = 0; slot < traffic.routes.size(); ++slot) {
        traffic.routes[slot].in_flight.report(
            [&](std::uint64_t count) {
                return tell<WantPermits>(PermitKind::route_requests)(slot, count);
            },
            [&](std::uint64_t count) {
                return tell<ReturnPermits>(PermitKind::route_requests)(slot, count);
            });
    }
}

// ---- the outside ------------------------------------------------------------------------------

Shard::Shard(ShardWiring wiring) : core_(std::make_unique<Core>(std::move(wiring))) {}
Shard::~Shard() = default;
base::Result<void> Shard::start() { return core_->start(); }
bool Shard::turn(base::Instant wait_until) { return core_->turn(wait_until); }

}  // namespace ringway::shard
