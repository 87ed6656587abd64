// One thread of an origin: its listening socket, its loop and its connections.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "connection.h"
#include "counters.h"
#include "loop.h"
#include "ringway/mock/origin.h"

namespace ringway::mock {

class OriginThread final : public Watcher {
  public:
    // Takes the listening descriptor. `settings` and `totals` outlive it.
    OriginThread(const OriginSettings& settings, const std::string& name, int listener,
                 std::uint64_t seed, Totals& totals);
    ~OriginThread() override;

    void start();
    void stop();
    const SharedCounters& counters() const { return counters_; }

    void on_events(std::uint32_t events) override;  // somebody wants to connect
    void on_time() override;                        // the listener has rested

  private:
    void serve();
    void add(int fd);

    SharedCounters counters_;
    Loop loop_;
    ConnectionContext context_;
    const int listener_;
    std::thread thread_;
};

}  // namespace ringway::mock
