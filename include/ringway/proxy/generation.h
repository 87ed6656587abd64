// The settings a shard runs on: the current ones, and older ones that somebody still works with.
//
// A reload replaces the current generation. An exchange pins the one it began with, so that routes
// and limits do not change under it; what nobody pins any more is freed. Owned by the shard and
// touched by its thread alone: the count of users is no atomic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "ringway/base/assert.h"
#include "ringway/config/settings.h"
#include "ringway/http/parser.h"
#include "ringway/proxy/route_table.h"

namespace ringway::proxy {

struct Generation {
    Generation(std::uint64_t which, std::shared_ptr<const config::Settings> chosen)
        : number(which),
          settings(std::move(chosen)),
          routes(*settings),
          head_limits{settings->header_bytes_max, settings->target_bytes_max,
                      http::HeadLimits{}.fields_max} {}

    const std::uint64_t number;  // 1 is what the process was started with
    const std::shared_ptr<const config::Settings> settings;
    const RouteTable routes;
    const http::HeadLimits head_limits;
    std::uint32_t users = 0;
};

class Generations {
  public:
    explicit Generations(std::shared_ptr<const config::Settings> first);
    ~Generations() { RW_ASSERT(kept_.empty()); }
    Generations(const Generations&) = delete;
    Generations& operator=(const Generations&) = delete;

    Generation& current() { return *current_; }
    const config::Settings& settings() const { return *current_->settings; }

    // What is current from now on; the one before goes as soon as nobody uses it.
    void replace(std::uint64_t number, std::shared_ptr<const config::Settings> settings);

    void pin(Generation& generation) { ++generation.users; }
    void unpin(Generation& generation) {
        RW_ASSERT(generation.users > 0);
        if (--generation.users == 0 && &generation != current_.get()) forget(generation);
    }
    // Older ones that are still in use.
    std::size_t kept() const { return kept_.size(); }

  private:
    void forget(Generation& generation);

    std::unique_ptr<Generation> current_;
    std::list<std::unique_ptr<Generation>> kept_;
};

}  // namespace ringway::proxy
