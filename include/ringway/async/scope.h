// TaskScope: tasks that run side by side, whose owner waits for all of them before it goes on.
//
// There is no detached task: every task is awaited or spawned into a scope. Cancelling a scope asks
// every listener registered with it to come home; nothing is torn down under a running task. A
// scope must be empty when it is destroyed, which join() ensures.
#pragma once

#include <cstddef>

#include "ringway/async/task.h"
#include "ringway/async/wake.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/planted.h"

namespace ringway::async {

// Somebody who wants to know when a scope is cancelled: a member of what the task works on.
struct CancelListener {
    using Notify = void (*)(CancelListener&);
    explicit CancelListener(Notify callback) : notify(callback) {}
    base::ListLink link;
    Notify notify;
};

class TaskScope {
  public:
    TaskScope() = default;
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;
    ~TaskScope() { RW_ASSERT(running_ == 0); }

    // Takes the task over; its frame is freed when it ends.
    void spawn(Task<void> task);

    // Tells every listener, once each; new work is the caller's to refuse (is_cancelled).
    void cancel();
    bool is_cancelled() const { return cancelled_; }
    // Who comes after the cancel is told at once.
    void listen(CancelListener& listener) {
        listeners_.push_back(listener);
        if (cancelled_ && !base::planted(base::Bug::cancel_misses_late)) listener.notify(listener);
    }

    // Returns when no task is left. One waiter.
    Task<void> join();

    std::size_t running() const { return running_; }

  private:
    static void reap(Runnable& promise);

    std::size_t running_ = 0;
    bool cancelled_ = false;
    Wake ended_;
    base::IntrusiveList<CancelListener, &CancelListener::link> listeners_;
};

}  // namespace ringway::async
