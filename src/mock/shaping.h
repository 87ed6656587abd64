// What makes a hop slow: a Link that all connections share in one direction, and for each
// connection and direction a Flow that holds bytes back until their time has come.
//
// Time of arrival = when the link has sent it + delay +- jitter, one timeout later when a segment
// of it was lost, and never before what went ahead of it. What a Flow holds is bounded; beyond
// that, and while the link has enough to send, it does not read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "loop.h"
#include "ringway/base/random.h"
#include "ringway/mock/throttle.h"
#include "ringway/stats/counter.h"

namespace ringway::mock {

class Flow;

class Link final : public Watcher {
  public:
    Link(const ThrottleSettings& settings, Loop& loop) : settings_(settings), loop_(loop) {}

    bool has_room() const;
    std::size_t piece_bytes() const;
    // Puts so many bytes on the link and answers when the last of them has left it.
    base::Instant send(std::size_t bytes);
    // Calls flow.read_piece() when it is its turn.
    void wait(Flow& flow);
    void forget(Flow& flow);

    void on_events(std::uint32_t) override {}
    void on_time() override;

  private:
    base::Duration slack() const;

    const ThrottleSettings& settings_;
    Loop& loop_;
    base::Instant free_at_{};
    std::deque<Flow*> waiting_;
};

class FlowOwner {
  public:
    virtual ~FlowOwner() = default;
    // It has ended or failed; the flow must not be touched after this.
    virtual void flow_changed() = 0;
};

// What the flows of one hop share.
struct FlowContext {
    const ThrottleSettings& settings;
    Loop& loop;
    base::Random& random;
    stats::Counter& stalls;
};

class Flow final : public Watcher {
  public:
    Flow(int from, int to, Link& link, stats::Counter& bytes_moved, FlowContext& context,
         FlowOwner& owner);
    ~Flow() override;

    void source_is_readable();
    void target_is_writable();
    // One piece, as its turn on the link has come.
    void read_piece();
    bool has_failed() const { return failed_; }
    bool has_ended() const { return end_passed_on_; }

    void on_events(std::uint32_t) override {}
    void on_time() override { pump(); }

  private:
    friend class Link;
    struct Segment {
        base::Instant arrives;
        std::size_t bytes = 0;  // 0: the end
    };
    static constexpr std::size_t segments_max = 4096;

    void read();
    void pump();
    void write();
    void write_released();
    void schedule(std::size_t bytes);
    bool is_lost(std::size_t bytes);
    bool may_read() const;
    std::span<std::byte> room();
    static std::size_t window_of(const ThrottleSettings& settings);

    const int from_;
    const int to_;
    Link& link_;
    stats::Counter& bytes_moved_;
    FlowContext& context_;
    FlowOwner& owner_;
    const std::size_t window_bytes_;
    std::unique_ptr<std::byte[]> buffer_;  // a ring of window_bytes_, made with the first byte
    std::size_t first_ = 0;
    std::size_t held_ = 0;
    std::size_t released_ = 0;  // of held_: their time has come
    std::deque<Segment> segments_;
    base::Instant last_arrival_{};
    bool readable_ = false;
    bool writable_ = false;
    bool waits_for_link_ = false;
    bool source_ended_ = false;
    bool end_released_ = false;
    bool end_passed_on_ = false;
    bool failed_ = false;
};

}  // namespace ringway::mock
