// TCP streams in one direction, as fast as the other side goes.
//
// A download takes what the peer sends until it ends; asked to verify, it compares every byte with
// the pattern that `ringway mock` sends. An upload sends the same block of that pattern again and
// again, and what it counts are bytes that the kernel took, of which some may still be on their
// way. A unit of work is one transfer; one that has no end of its own is cut when the window is
// over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "unit_client.h"

namespace ringway::bench {

// Compares parts of a stream with mock's pattern, at the speed of memory.
class PatternCheck {
  public:
    PatternCheck();
    bool matches(std::uint64_t offset, std::string_view bytes) const;

  private:
    static constexpr std::size_t block_bytes = 1 << 16;
    std::string block_;  // the pattern's first: all others are it, with a number added to each byte
};

// Counts a stream's bytes, and its blocks as answers: how long each took shows where it stood
// still.
class BlockMeter {
  public:
    void begin(base::Instant at) {
        bytes_ = 0;
        begun_ = at;
    }
    void count(std::size_t bytes, bool in_window, Tally& tally);

  private:
    std::size_t bytes_ = 0;  // of the block that is not full yet
    base::Instant begun_{};
};

class DownloadClient final : public UnitClient {
  public:
    DownloadClient(Worker& worker, std::uint32_t index);
    void wind_down() override { abandon(); }

  private:
    // The peer began by itself, when the connection was opened; what is measured begins now.
    void start() override { meter_.begin(now()); }
    void forget() override { offset_ = 0; }
    void received(std::string_view bytes) override;
    void sent() override {}
    void peer_ended() override;

    BlockMeter meter_;
    const PatternCheck* check_;  // shared; null: nothing is compared
    std::uint64_t offset_ = 0;   // in what this connection brought
};

class UploadClient final : public UnitClient {
  public:
    UploadClient(Worker& worker, std::uint32_t index);
    void wind_down() override { abandon(); }

  private:
    void start() override;
    void forget() override {}
    void received(std::string_view) override {}  // a peer may say what it likes
    void sent() override;

    BlockMeter meter_;
    std::string_view outgoing_;  // shared
};

}  // namespace ringway::bench
