// An epoll loop for one thread: readiness, points in time to the nanosecond, and second turns.
//
// Registers descriptors edge-triggered, once, so that a connection that is served costs no further
// call than those that move its bytes. Owns no watcher until one is retired to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ringway/base/clock.h"

namespace ringway::mock {

// CLOCK_MONOTONIC, now.
base::Instant monotonic_now();

class Watcher {
  public:
    Watcher() = default;
    virtual ~Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    // What epoll reported since the last time; 0 for a second turn.
    virtual void on_events(std::uint32_t events) = 0;
    // The time that was set has come; none is set any more.
    virtual void on_time() {}

  private:
    friend class Loop;
    static constexpr std::size_t nowhere = ~std::size_t{0};
    static constexpr std::size_t retired = nowhere - 1;
    base::Instant due_ = base::Instant::never();
    std::size_t heap_index_ = nowhere;
    bool has_turn_ = false;
};

class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Edge-triggered for reading, writing and the peer's end.
    void add(int fd, Watcher& watcher);
    // Level-triggered for reading, as listeners want it; `shared` with other loops.
    void add_listener(int fd, bool shared, Watcher& watcher);
    void pause_listener(int fd, bool paused, Watcher& watcher);

    // never() unsets it.
    void set_time(Watcher& watcher, base::Instant at);
    // on_events(0) once more, after whatever else waits has had its turn.
    void again(Watcher& watcher);
    // Never called again, and destroyed once nothing of this round can name it.
    void retire(std::unique_ptr<Watcher> watcher);

    // Never called again; whoever owns it keeps it until this round is over.
    void drop(Watcher& watcher);

    // When this round began: fit for deadlines, and read without asking the kernel.
    base::Instant now() const { return now_; }

    void run();   // until stop()
    void stop();  // by any thread

  private:
    bool wait();  // false: stopped
    void run_times();
    void run_turns();
    void place(Watcher* watcher, std::size_t index);
    void sift_up(std::size_t index);
    void sift_down(std::size_t index);
    void control(int operation, int fd, std::uint32_t events, Watcher* watcher);

    int epoll_;
    int wake_;
    base::Instant now_;
    std::vector<Watcher*> heap_;  // by due_, the earliest first
    std::vector<Watcher*> turns_, turns_now_;
    std::vector<std::unique_ptr<Watcher>> retired_;
};

}  // namespace ringway::mock
