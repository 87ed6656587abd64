// One reload under way: who has taken the new settings, and who asked for it.
//
// One at a time: permits and slots rely on every shard having heard of one reload before the next.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "control_server.h"
#include "ringway/base/clock.h"

namespace ringway::control {

class ReloadProgress {
  public:
    explicit ReloadProgress(std::size_t shards) : missing_(shards, false) {}

    // Shards in `asked` are being sent the settings of `generation`.
    void begin(std::uint64_t generation, const std::vector<std::size_t>& asked, base::Instant now,
               base::Instant patience_until);
    void taken(std::size_t shard, std::uint64_t generation);
    void shard_gone(std::size_t shard) { missing_.at(shard) = false; }

    bool running() const { return running_; }
    bool complete() const;
    std::vector<std::size_t> missing() const;
    std::uint64_t generation() const { return generation_; }
    base::Instant began() const { return began_; }
    // When to tell those who wait that it takes long; once.
    base::Instant due() const { return running_ ? patience_until_ : base::Instant::never(); }
    void patience_is_over() { patience_until_ = base::Instant::never(); }
    void finish() { running_ = false; }

  private:
    std::vector<bool> missing_;
    std::uint64_t generation_ = 1;
    base::Instant began_{0};
    base::Instant patience_until_ = base::Instant::never();
    bool running_ = false;
};

}  // namespace ringway::control
