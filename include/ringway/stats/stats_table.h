// Numbers of things that appear while ringway runs: endpoints, routes, upstreams.
//
// One thread grows the table (the coordinator), one other writes what is in the objects (the
// shard), and both may look objects up at any time: an object never moves and none is ever removed,
// so that a pointer to one stays good as long as the table. Whoever tells the shard of an index
// does so after growing, through something that orders memory (a mailbox).
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>

#include "ringway/base/assert.h"

namespace ringway::stats {

template <typename T>
class StatsTable {
  public:
    StatsTable() = default;
    StatsTable(const StatsTable&) = delete;
    StatsTable& operator=(const StatsTable&) = delete;

    // By the thread that grows the table. Fewer than there are changes nothing; `prepare` sees each
    // new object before anybody else does.
    template <typename Prepare>
    void grow(std::size_t count, Prepare prepare) {
        for (std::size_t index = size(); index < count; ++index) {
            const Place place = place_of(index);
            RW_ASSERT(place.chunk < chunk_count);
            Chunk& chunk = chunks_[place.chunk];
            if (chunk == nullptr) chunk = std::make_unique<Slot[]>(first_chunk << place.chunk);
            chunk[place.within] = std::make_unique<T>();
            prepare(*chunk[place.within]);
            size_.store(index + 1, std::memory_order_release);
        }
    }
    void grow(std::size_t count) {
        grow(count, [](T&) {});
    }

    // What lies below it may be used.
    std::size_t size() const { return size_.load(std::memory_order_acquire); }

    T& operator[](std::size_t index) { return *slot(index); }
    const T& operator[](std::size_t index) const { return *slot(index); }

  private:
    using Slot = std::unique_ptr<T>;
    using Chunk = std::unique_ptr<Slot[]>;
    // Each chunk holds twice as many as the one before it, so that none is ever moved to grow.
    static constexpr std::size_t first_chunk = 16;
    static constexpr std::size_t chunk_count = 24;

    struct Place {
        std::size_t chunk;
        std::size_t within;
    };
    static Place place_of(std::size_t index) {
        const std::size_t shifted = index / first_chunk + 1;
        const auto chunk = static_cast<std::size_t>(std::bit_width(shifted)) - 1;
        return {chunk, index - first_chunk * ((std::size_t{1} << chunk) - 1)};
    }
    const Slot& slot(std::size_t index) const {
        RW_DEBUG_ASSERT(index < size());
        const Place place = place_of(index);
        return chunks_[place.chunk][place.within];
    }

    std::atomic<std::size_t> size_{0};
    std::array<Chunk, chunk_count> chunks_;
};

}  // namespace ringway::stats
