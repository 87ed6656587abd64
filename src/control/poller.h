// The coordinator's wait: one epoll instance and the callbacks behind its descriptors.
//
// Not for shards. Callbacks may add and remove any descriptor, their own included; one that was
// removed is not called for events that were already collected. Owns no descriptor but its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ringway/base/clock.h"

namespace ringway::control {

class Poller {
  public:
    using Callback = std::function<void(std::uint32_t events)>;

    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    // `events` are EPOLLIN, EPOLLOUT, ...; level triggered. False when the kernel refuses.
    bool add(int fd, std::uint32_t events, Callback callback);
    void change(int fd, std::uint32_t events);
    void remove(int fd);

    // Waits until something happens or `until` has come, then calls back. Returns how many events.
    int wait(base::Instant until);

  private:
    struct Watch {
        Callback callback;
        std::uint32_t generation = 0;
        bool active = false;
    };
    int epoll_fd_ = -1;
    // By descriptor. A deque would do as well; pointers keep a running callback in its place.
    std::vector<std::unique_ptr<Watch>> watches_;
};

}  // namespace ringway::control
