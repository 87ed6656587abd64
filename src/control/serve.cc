#include "ringway/control/serve.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "control_listener.h"
#include "coordinator.h"
#include "listener_set.h"
#include "permit_pools.h"
#include "permits.h"
#include "poller.h"
#include "privileges.h"
#include "replies.h"
#include "ringway/base/assert.h"
#include "ringway/config/machine.h"
#include "ringway/config/reload.h"
#include "ringway/ring/probe.h"
#include "ringway/ring/sys.h"
#include "ringway/shard/shard.h"
#include "ringway/stats/log.h"
#include "ringway/stats/log_sink.h"
#include "sd_notify.h"
#include "server_state.h"
#include "stats_rows.h"

namespace ringway::control {
namespace {

// A tenth of a second of lines of a busy shard; what is never written to is no memory.
constexpr std::size_t log_bytes_with_access_log = std::size_t{8} << 20;
constexpr std::size_t log_bytes = std::size_t{128} << 10;

int refuse(const std::string& sentence) {
    fmt::print(stderr, "ringway: {}\n", sentence);
    return 1;
}

// The server, step by step in the order of serve(); each step answers with one sentence on failure.
class Server {
  public:
    Server(std::shared_ptr<const config::Settings> settings, const ServeOptions& options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string open_logs();
    std::string open_sockets();
    std::string drop_root();
    std::string start_shards();
    int run();

  private:
    shard::ShardWiring wiring_of(std::size_t shard);
    std::string shard_failure() const;
    void say_what_runs();
    void remove_files();

    // What is fixed while the process runs is read here; what a reload may change, in state_.
    const std::shared_ptr<const config::Settings> started_with_;
    const config::Settings& settings_;
    const ServeOptions& options_;
    const config::Machine machine_;
    ServerState state_;
    Poller poller_;
    stats::LogSink server_sink_;
    stats::LogSink access_sink_;
    std::optional<stats::Log> log_;
    SdNotify notify_;
    Identity identity_;
    ListenerSet listeners_;
    PermitLedger permits_;
    int event_wake_fd_;
    int control_fd_ = -1;
    std::vector<std::string> notes_;
    std::unique_ptr<Coordinator> coordinator_;
};

Server::Server(std::shared_ptr<const config::Settings> settings, const ServeOptions& options)
    : started_with_(std::move(settings)),
      settings_(*started_with_),
      options_(options),
      machine_(config::Machine::read()),
      state_(started_with_),
      notify_(SdNotify::socket_from_environment()),
      listeners_(settings_, poller_),
      permits_(settings_.shards,
               [this](std::size_t shard, PermitPool pool) {
                   return permits_in_use(state_.settings(), state_.shards.at(shard)->stats, pool);
               }),
      event_wake_fd_(ring::sys::make_wake_fd()) {
    if (event_wake_fd_ < 0) RW_PANIC("no descriptor left for the coordinator's wake-up");
    state_.started = ring::sys::now();
    state_.started_wall_us = ring::sys::wall_clock_us();
    state_.descriptors_max = raise_descriptor_limit();
}

Server::~Server() {
    coordinator_.reset();
    remove_files();
    ::close(event_wake_fd_);
}

std::string Server::open_logs() {
    if (const int failure = server_sink_.open("-", STDERR_FILENO); failure != 0) {
        return fmt::format("standard error: {}", std::strerror(failure));
    }
    server_sink_.set_level(static_cast<stats::LogLevel>(settings_.log_level));
    stats::LogSettings shape;
    shape.json = settings_.log_format == config::LogFormat::json;
    shape.now = &ring::sys::now;
    shape.wall_clock_us = &ring::sys::wall_clock_us;
    log_.emplace(server_sink_, shape);
    if (settings_.access_log.empty()) return {};
    if (const int failure = access_sink_.open(settings_.access_log, STDOUT_FILENO); failure != 0) {
        return fmt::format("--access-log {}: {}", settings_.access_log, std::strerror(failure));
    }
    return {};
}

std::string Server::open_sockets() {
    if (!settings_.user.empty()) {
        identity_ = identity_named(settings_.user);
        if (!identity_.error.empty()) return identity_.error;
    }
    if (std::string error = listeners_.open_all(notes_); !error.empty()) return error;
    state_.listeners = listeners_.rows();
    ControlListener control = open_control_listener(settings_.control_path);
    if (control.fd < 0) return control.error;
    control_fd_ = control.fd;
    return {};
}

std::string Server::drop_root() {
    if (settings_.user.empty()) return {};
    // So that the new identity can be talked to, and can reopen its log.
    give_file(settings_.control_path, identity_);
    if (access_sink_.is_open() && settings_.access_log != "-") {
        give_file(settings_.access_log, identity_);
    }
    return become(identity_);
}

std::string Server::start_shards() {
    CoordinatorParts parts{state_,
                           poller_,
                           *log_,
                           server_sink_,
                           access_sink_,
                           permits_,
                           notify_,
                           options_.reread,
                           event_wake_fd_,
                           control_fd_,
                           [this] { remove_files(); }};
    coordinator_ = std::make_unique<Coordinator>(std::move(parts));
    coordinator_->resolve_names(settings_.connect_timeout);

    permits_.add_pool({}, settings_.connections_max, PermitLedger::Wants::anew);
    for_each_limit(settings_, [this](PermitPool pool, std::uint64_t total) {
        permits_.add_pool(pool, total);
    });
    state_.pinned = settings_.pin.value_or(settings_.shards <= machine_.cpus.size());
    const std::size_t ring_bytes =
        settings_.access_log.empty() ? log_bytes : log_bytes_with_access_log;
    for (std::size_t shard = 0; shard < settings_.shards; ++shard) {
        state_.shards.push_back(std::make_unique<ShardLink>(
            settings_.listeners.size(), stats_sizes_of(settings_), event_wake_fd_, ring_bytes));
        state_.shards.back()->stats.set_window(settings_.stats_window);
        state_.shards.back()->log.set_level(static_cast<stats::LogLevel>(settings_.log_level));
        if (state_.pinned && !machine_.cpus.empty()) {
            state_.shards.back()->cpu = machine_.cpus[shard % machine_.cpus.size()];
        }
    }
    // All links exist before the first thread runs: what the coordinator walks no longer grows.
    for (std::size_t shard = 0; shard < settings_.shards; ++shard) {
        state_.shards[shard]->thread = shard::run_shard_thread(wiring_of(shard));
    }
    return coordinator_->wait_for_shards() ? std::string{} : shard_failure();
}

shard::ShardWiring Server::wiring_of(std::size_t shard) {
    ShardLink& link = *state_.shards[shard];
    std::vector<std::vector<net::Address>> addresses;
    for (const EndpointStatus& status : state_.endpoints) addresses.push_back(status.addresses);
    return shard::ShardWiring{
        .settings = started_with_,
        .index = static_cast<std::uint32_t>(shard),
        .cpu = link.cpu,
        .listener_fds = listeners_.take_descriptors(shard),
        .hands_over = listeners_.hands_over(shard),
        .addresses = std::move(addresses),
        .connection_permits = permits_.first_share({}),
        .shares = first_shares(permits_),
        .wake_fd = link.wake_fd,
        .commands = link.commands,
        .events = link.events,
        .stats = link.stats,
        .log = link.log,
        .random_seed = static_cast<std::uint64_t>(state_.started_wall_us) + shard,
    };
}

std::string Server::shard_failure() const {
    for (const auto& link : state_.shards) {
        if (link->state != ShardLink::State::failed) continue;
        const bool ring_refused = link->failure.empty() || link->failure.starts_with("io_uring");
        if (ring_refused && link->failure_os_error != 0) {
            return ring::explain_setup_failure(link->failure_os_error);
        }
        if (link->failure_os_error == 0) return link->failure;
        return fmt::format("{}: {}", link->failure, std::strerror(link->failure_os_error));
    }
    return "a shard could not start";
}

void Server::say_what_runs() {
    using stats::kv;
    log_->info("ringway runs", kv("version", version()), kv("pid", ::getpid()),
               kv("shards", settings_.shards), kv("pinned", state_.pinned),
               kv("relay", name_of(settings_.relay)),
               kv("ring", state_.shards.front()->ring_features));
    for (const stats::ListenerRow& row : state_.listeners) {
        log_->info("listening", kv("listener", row.name), kv("url", row.url),
                   kv("upstream", row.upstream));
    }
    for (const config::Upstream& upstream : settings_.upstreams) {
        std::string endpoints;
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            if (!endpoints.empty()) endpoints += ',';
            endpoints += endpoint.name;
        }
        log_->info("upstream", kv("upstream", upstream.name), kv("endpoints", endpoints),
                   kv("balance", name_of(upstream.balance)), kv("checks", upstream.health.enabled));
    }
    log_->info(
        "limits", kv("max_connections", settings_.connections_max),
        kv("descriptors", state_.descriptors_max),
        kv("buffer_bytes_per_shard", std::uint64_t{settings_.buffers} * settings_.buffer_bytes));
    log_->info("control socket", kv("path", settings_.control_path));
    for (const std::string& note : notes_) log_->info("socket activation", kv("note", note));
    for (const std::string& warning : options_.warnings) {
        log_->warn("settings", kv("note", warning));
    }
}

int Server::run() {
    say_what_runs();
    server_sink_.flush();
    notify_.ready(fmt::format("serving on {} listeners with {} shards", state_.listeners.size(),
                              state_.shards.size()));
    if (options_.on_ready) options_.on_ready(state_.listeners);
    return coordinator_->run();
}

void Server::remove_files() {
    if (control_fd_ >= 0) remove_control_file(settings_.control_path);
    control_fd_ = -1;  // the control server closes it
    listeners_.remove_files();
}

}  // namespace

int serve(const config::Settings& settings, const ServeOptions& options) {
    RW_ASSERT(settings.shards > 0);
    RW_ASSERT(settings.connections_max > 0);
    block_signals();
    config::Settings placed = settings;
    config::assign_slots(placed);
    Server server(std::make_shared<const config::Settings>(std::move(placed)), options);
    if (const std::string error = server.open_logs(); !error.empty()) return refuse(error);
    if (const std::string error = server.open_sockets(); !error.empty()) return refuse(error);
    if (const std::string error = server.drop_root(); !error.empty()) return refuse(error);
    if (const std::string error = server.start_shards(); !error.empty()) return refuse(error);
    return server.run();
}

}  // namespace ringway::control
