// One `ctl connections` under way: which shards have answered, and what they said.
//
// Shards answer in the order they are asked, without naming the question. So one listing runs at a
// time, further ones wait their turn, and an answer that comes after the listing was given up is
// recognised by counting. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/shard/messages.h"

namespace ringway::control {

class Listing {
  public:
    explicit Listing(std::size_t shards) : answered_(shards, true), late_(shards, 0) {}

    // Begins to gather from the shards in `asked`, each of which is being sent ListConnections.
    void begin(const std::vector<std::size_t>& asked, std::size_t rows_max, base::Instant deadline);
    void take(std::size_t shard, shard::Connections&& answer);
    void shard_gone(std::size_t shard);
    // Gives up on those that have not answered.
    void give_up();

    bool running() const { return running_; }
    bool complete() const;
    std::vector<std::size_t> missing() const;
    // The shards that give_up() gave up on.
    const std::vector<std::size_t>& gave_up_on() const { return gave_up_on_; }
    base::Instant deadline() const { return running_ ? deadline_ : base::Instant::never(); }

    // Ends the listing.
    struct Outcome {
        std::vector<shard::ConnectionRow> rows;
        std::uint64_t total = 0;
    };
    Outcome finish();

  private:
    std::vector<bool> answered_;
    std::vector<unsigned> late_;  // answers still to come that belong to nobody
    std::size_t rows_max_ = 0;
    base::Instant deadline_ = base::Instant::never();
    bool running_ = false;
    std::vector<std::size_t> gave_up_on_;
    Outcome outcome_;
};

}  // namespace ringway::control
