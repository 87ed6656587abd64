// A coordinator in miniature: answers what shards ask and passes orders on, at its own pace.
//
// The permits are kept by production code (control/permits.h); the rest is what the simulation
// needs to see every message that a shard can send or receive.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "kernel.h"
#include "permits.h"
#include "ringway/config/settings.h"
#include "ringway/shard/messages.h"

namespace ringway::sim {

class Coordinator {
  public:
    Coordinator(Kernel& kernel, const config::Settings& settings, std::size_t shards);

    shard::CommandBox& commands_of(std::size_t shard) { return *links_[shard].commands; }
    shard::EventBox& events_of(std::size_t shard) { return *links_[shard].events; }
    int wake_fd_of(std::size_t shard) const { return links_[shard].wake_fd; }
    std::uint64_t connection_share() const { return ledger_.first_share({}); }
    shard::PermitShares first_shares() const;

    void send(std::size_t shard, shard::Command command);
    void send_all(const shard::Command& command);
    // Takes and answers what has come. True when there was something.
    bool poll();
    bool has_work();
    base::Instant next_due() const { return ledger_.next_due(); }

    // No connection is left: asks every shard for all its permits and compares with the books.
    void collect_permits();
    void compare_permits();  // some time later

    bool all_started() const;
    bool has_drained(std::size_t shard) const { return links_[shard].drained; }
    void close_wake_fds();

    std::uint64_t listings_answered = 0;
    std::uint64_t handed_to_nobody = 0;  // accepted while every shard had drained: closed

  private:
    struct Link {
        int wake_fd = -1;
        std::unique_ptr<shard::CommandBox> commands;
        std::unique_ptr<shard::EventBox> events;
        std::deque<shard::Command> outbox;
        bool started = false;
        bool drained = false;
    };
    void handle(std::size_t shard, shard::Event& event);
    void handle_return(std::size_t shard, const shard::ReturnPermits& back);
    void deal(std::size_t from, const shard::HandOver& fresh);
    void take_back(std::size_t shard);
    void act();
    void flush();

    Kernel& kernel_;
    const config::Settings& settings_;
    control::PermitLedger ledger_;
    std::vector<Link> links_;
    int own_wake_fd_ = -1;
    std::size_t next_shard_ = 0;
    bool collecting_ = false;
    bool poked_ = false;
    // By shard and pool.
    std::map<std::tuple<std::size_t, shard::PermitKind, std::uint32_t>, std::uint64_t> collected_;
};

}  // namespace ringway::sim
