// The coordinator's end of one shard: its mailboxes, its numbers, its log, its thread.
//
// The shard references what lies here, so a link stays where it is until the thread was joined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "ringway/shard/messages.h"
#include "ringway/stats/log_ring.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::control {

class ShardLink {
  public:
    // `event_wake_fd` is the coordinator's.
    ShardLink(std::size_t listeners, const stats::StatsSizes& sizes, int event_wake_fd,
              std::size_t log_bytes);
    ~ShardLink();
    ShardLink(const ShardLink&) = delete;
    ShardLink& operator=(const ShardLink&) = delete;

    // Sends, or keeps the command for later when the mailbox is full. Order is kept.
    void send(shard::Command command);
    // Tries again. True when nothing is left.
    bool flush();
    // After the thread was joined: the connections dealt to it that it did not take.
    std::vector<shard::Adopt> take_back_connections();
    bool alive() const { return state == State::starting || state == State::running; }

    enum class State : std::uint8_t { starting, running, failed, drained };

    static constexpr std::size_t mailbox_slots = 256;

    int wake_fd;  // the shard's
    shard::CommandBox commands;
    shard::EventBox events;
    stats::ShardStats stats;
    stats::LogRing log;
    State state = State::starting;
    std::string failure;       // State::failed: what did not work ...
    int failure_os_error = 0;  // ... and the errno behind it
    std::string ring_features;
    int cpu = -1;
    std::thread thread;

  private:
    std::deque<shard::Command> outbox_;
};

}  // namespace ringway::control
