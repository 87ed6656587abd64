#include "poller.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::control {
namespace {

// Descriptor and generation, so that an event of a closed and reused number is recognised.
std::uint64_t key_of(int fd, std::uint32_t generation) {
    return (static_cast<std::uint64_t>(generation) << 32) | static_cast<std::uint32_t>(fd);
}

int timeout_ms_until(base::Instant until) {
    if (until.is_never()) return -1;
    const std::int64_t left_ns = until.ns - ring::sys::now().ns;
    if (left_ns <= 0) return 0;
    // Rounded up: waking a little early would only mean turning once more.
    return static_cast<int>(std::min<std::int64_t>((left_ns + 999'999) / 1'000'000, 3'600'000));
}

}  // namespace

Poller::Poller() : epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_fd_ < 0) RW_PANIC("epoll_create1 failed: no descriptor left for the coordinator");
}

Poller::~Poller() { ::close(epoll_fd_); }

bool Poller::add(int fd, std::uint32_t events, Callback callback) {
    RW_ASSERT(fd >= 0);
    const auto index = static_cast<std::size_t>(fd);
    if (index >= watches_.size()) watches_.resize(index + 1);
    if (!watches_[index]) watches_[index] = std::make_unique<Watch>();
    Watch& watch = *watches_[index];
    RW_ASSERT(!watch.active);
    ++watch.generation;
    epoll_event event{};
    event.events = events;
    event.data.u64 = key_of(fd, watch.generation);
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
    watch.callback = std::move(callback);
    watch.active = true;
    return true;
}

void Poller::change(int fd, std::uint32_t events) {
    Watch& watch = *watches_.at(static_cast<std::size_t>(fd));
    RW_ASSERT(watch.active);
    epoll_event event{};
    event.events = events;
    event.data.u64 = key_of(fd, watch.generation);
    RW_ASSERT(::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void Poller::remove(int fd) {
    Watch& watch = *watches_.at(static_cast<std::size_t>(fd));
    RW_ASSERT(watch.active);
    watch.active = false;
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

int Poller::wait(base::Instant until) {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()),
                                   timeout_ms_until(until));
    if (count < 0) {
        RW_ASSERT(errno == EINTR);
        return 0;
    }
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const auto index = static_cast<std::uint32_t>(event.data.u64);
        Watch& watch = *watches_[index];
        if (!watch.active || watch.generation != event.data.u64 >> 32) continue;
        // The callback may remove itself and even be replaced: it runs from a place of its own.
        Callback running = std::move(watch.callback);
        const std::uint32_t generation = watch.generation;
        running(event.events);
        if (watch.generation == generation) watch.callback = std::move(running);
    }
    return count;
}

}  // namespace ringway::control
