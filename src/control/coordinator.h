// The one thread that is not a shard: signals, control socket, permits, names, checks, logs.
//
// Owns no connection and touches no shard's state: it sends commands, takes events and reads
// published numbers. One poll loop; nothing in it waits for a client, a shard or a name server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control_server.h"
#include "health_prober.h"
#include "listing.h"
#include "permits.h"
#include "poller.h"
#include "reload_progress.h"
#include "resolver.h"
#include "ringway/control/serve.h"
#include "ringway/stats/log.h"
#include "ringway/stats/log_sink.h"
#include "sd_notify.h"
#include "server_state.h"

namespace ringway::control {

// What serve() prepared. All references outlive the coordinator.
struct CoordinatorParts {
    ServerState& state;
    Poller& poller;
    stats::Log& log;
    stats::LogSink& server_sink;
    stats::LogSink& access_sink;
    PermitLedger& permits;
    SdNotify& notify;
    std::function<Reread()> reread;  // may be empty
    int event_wake_fd = -1;          // the shards' event boxes signal it
    int control_listener_fd = -1;
    // Before the process ends at once: removes files that would stay behind.
    std::function<void()> remove_files;
};

class Coordinator {
  public:
    explicit Coordinator(CoordinatorParts parts);
    ~Coordinator();
    Coordinator(const Coordinator&) = delete;
    Coordinator& operator=(const Coordinator&) = delete;

    // Resolves names that are no literals, for at most `wait`; call before shards are built.
    void resolve_names(base::Duration wait);

    // Waits for every shard's Started. False when one failed (ShardLink::failure says why); the
    // others have been told to stop and have stopped.
    bool wait_for_shards();

    // From here on until everything has drained; returns the exit code.
    int run();

  private:
    void turn(base::Instant until);
    void take_events();
    void take_event(std::size_t shard, shard::Event& event);
    void send_permit_actions();
    void deal_out(std::size_t from, int fd, std::uint32_t listener);
    void shard_ended(std::size_t shard);
    void tick(base::Instant now);
    base::Instant next_due() const;

    // Signals and draining.
    void on_signal_fd();
    void on_signal(int number);
    void begin_drain(base::Instant deadline, const char* why);
    [[noreturn]] void stop_at_once(const char* why);
    int finish();

    // Logs and the watchdog.
    void drain_logs(base::Instant now);
    void reopen_logs();
    void look_after_shards(base::Instant now);

    // Reloads.
    struct StagedReload {
        std::shared_ptr<const config::Settings> settings;
        std::vector<EndpointStatus> endpoints;  // as they will be
        base::Instant commit_at;
        const char* why = "";
        std::optional<ClientId> client;  // that asked, if one did
    };
    void reload(const char* why, std::optional<ClientId> client);
    void refuse_reload(const char* why, std::optional<ClientId> client, const std::string& reason);
    void note_reload(std::string result);
    std::string stage(const char* why, std::optional<ClientId> client);
    void commit_when_ready(base::Instant now);
    void commit(StagedReload staged, base::Instant now);
    void send_reload(base::Instant now);
    void tell_changed_endpoints(const std::vector<EndpointStatus>& before);
    void look_after_reload(base::Instant now);
    void finish_reload(base::Instant now);
    void reload_if_wished();
    void drop_staged_reload();

    // Endpoints.
    EndpointStatus& latest_status(std::size_t endpoint);
    void addresses_changed(std::size_t endpoint, const std::vector<net::Address>& addresses);
    void health_changed(std::size_t endpoint, bool healthy, std::string_view reason);

    // Commands of the control socket.
    void execute(ClientId client, const Request& request);
    void set_endpoint_state(ClientId client, const Request& request);
    void apply_log_level(config::LogLevel level);
    void next_listing();
    void finish_listing();
    void broadcast(const std::function<shard::Command()>& make);

    CoordinatorParts parts_;
    ServerState& state_;
    stats::Log& log_;
    int signal_fd_ = -1;
    std::unique_ptr<Resolver> resolver_;
    std::unique_ptr<HealthProber> prober_;
    std::unique_ptr<ControlServer> server_;

    struct WaitingListing {
        ClientId client;
        std::size_t rows_max = 0;
        bool json = false;
    };
    Listing listing_;
    WaitingListing listing_for_;
    std::deque<WaitingListing> waiting_listings_;

    ReloadProgress reload_;
    std::optional<StagedReload> staged_;
    // Of the reload under way: who waits for it, and what caused it.
    std::optional<ClientId> reload_client_;
    const char* reload_why_ = "";
    bool reload_again_ = false;  // when this one is over, or ringway serves
    std::optional<ClientId> next_reload_client_;
    bool serving_ = false;  // every shard has started

    std::size_t next_hand_over_ = 0;
    base::Instant drain_deadline_ = base::Instant::never();
    bool deadline_set_by_signal_ = false;  // a further TERM or INT stops at once
    base::Instant give_up_at_ = base::Instant::never();

    base::Instant logs_due_{0};
    base::Instant suppressed_due_{0};
    unsigned quiet_looks_ = 0;

    WatchdogJudge judge_;
    base::Duration watchdog_period_ = base::Duration::forever();
    base::Instant watchdog_due_ = base::Instant::never();
};

}  // namespace ringway::control
