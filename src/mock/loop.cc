#include "loop.h"

#include <algorithm>
#include <ctime>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ringway/base/assert.h"

namespace ringway::mock {

base::Instant monotonic_now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
}

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_(monotonic_now()) {
    RW_ASSERT(epoll_ >= 0 && wake_ >= 0);
    control(EPOLL_CTL_ADD, wake_, EPOLLIN, nullptr);
}

Loop::~Loop() {
    ::close(epoll_);
    ::close(wake_);
}

void Loop::control(int operation, int fd, std::uint32_t events, Watcher* watcher) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    RW_ASSERT(::epoll_ctl(epoll_, operation, fd, &event) == 0);
}

void Loop::add(int fd, Watcher& watcher) {
    control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &watcher);
}

void Loop::add_listener(int fd, bool shared, Watcher& watcher) {
    control(EPOLL_CTL_ADD, fd, EPOLLIN | (shared ? EPOLLEXCLUSIVE : 0U), &watcher);
}

// An exclusive registration cannot be changed, so it goes and comes back.
void Loop::pause_listener(int fd, bool paused, Watcher& watcher) {
    if (paused)
        control(EPOLL_CTL_DEL, fd, 0, nullptr);
    else
        control(EPOLL_CTL_ADD, fd, EPOLLIN, &watcher);
}

void Loop::run() {
    // Without this the kernel may wake a thread 50 us late to save power.
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    while (wait()) {
        run_times();
        run_turns();
        retired_.clear();
    }
    retired_.clear();
}

void Loop::stop() {
    const std::uint64_t one = 1;
    RW_ASSERT(::write(wake_, &one, sizeof one) == sizeof one);
}

bool Loop::wait() {
    epoll_event events[256];
    timespec patience{};
    const timespec* limit = nullptr;
    if (!turns_.empty() || !heap_.empty()) {
        limit = &patience;
        if (turns_.empty()) {
            const std::int64_t left =
                std::max<std::int64_t>(heap_.front()->due_.ns - monotonic_now().ns, 0);
            patience = {left / 1'000'000'000, left % 1'000'000'000};
        }
    }
    const int ready = ::epoll_pwait2(epoll_, events, 256, limit, nullptr);
    now_ = monotonic_now();
    for (int i = 0; i < ready; ++i) {
        auto* watcher = static_cast<Watcher*>(events[i].data.ptr);
        if (watcher == nullptr) return false;
        // One that was retired earlier in this round still exists, but must not be called.
        if (watcher->heap_index_ != Watcher::retired) watcher->on_events(events[i].events);
    }
    return true;
}

void Loop::run_times() {
    while (!heap_.empty() && heap_.front()->due_ <= now_) {
        Watcher& watcher = *heap_.front();
        set_time(watcher, base::Instant::never());
        watcher.on_time();
    }
}

void Loop::run_turns() {
    turns_now_.swap(turns_);
    for (Watcher*& watcher : turns_now_) {
        if (watcher == nullptr) continue;
        watcher->has_turn_ = false;
        watcher->on_events(0);
    }
    turns_now_.clear();
}

void Loop::again(Watcher& watcher) {
    if (watcher.has_turn_) return;
    watcher.has_turn_ = true;
    turns_.push_back(&watcher);
}

void Loop::retire(std::unique_ptr<Watcher> watcher) {
    drop(*watcher);
    retired_.push_back(std::move(watcher));
}

void Loop::drop(Watcher& watcher) {
    set_time(watcher, base::Instant::never());
    watcher.heap_index_ = Watcher::retired;
    for (std::vector<Watcher*>* list : {&turns_, &turns_now_}) {
        if (!watcher.has_turn_) break;
        std::replace(list->begin(), list->end(), &watcher, static_cast<Watcher*>(nullptr));
    }
    if (watcher.has_turn_) std::erase(turns_, nullptr);
}

// ---- the heap of times ------------------------------------------------------------------------

void Loop::set_time(Watcher& watcher, base::Instant at) {
    if (at == watcher.due_) return;
    const bool was_in = !watcher.due_.is_never();
    watcher.due_ = at;
    if (at.is_never()) {
        const std::size_t hole = watcher.heap_index_;
        watcher.heap_index_ = Watcher::nowhere;
        Watcher* last = heap_.back();
        heap_.pop_back();
        if (last == &watcher) return;
        place(last, hole);
        sift_up(hole);
        sift_down(last->heap_index_);
        return;
    }
    if (!was_in) {
        heap_.push_back(&watcher);
        watcher.heap_index_ = heap_.size() - 1;
    }
    sift_up(watcher.heap_index_);
    sift_down(watcher.heap_index_);
}

void Loop::place(Watcher* watcher, std::size_t index) {
    heap_[index] = watcher;
    watcher->heap_index_ = index;
}

void Loop::sift_up(std::size_t index) {
    Watcher* watcher = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent]->due_ <= watcher->due_) break;
        place(heap_[parent], index);
        index = parent;
    }
    place(watcher, index);
}

void Loop::sift_down(std::size_t index) {
    Watcher* watcher = heap_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
        if (watcher->due_ <= heap_[child]->due_) break;
        place(heap_[child], index);
        index = child;
    }
    place(watcher, index);
}

}  // namespace ringway::mock
