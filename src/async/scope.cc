#include "ringway/async/scope.h"

namespace ringway::async {

void TaskScope::spawn(Task<void> task) {
    if (task.is_done()) return;
    const auto handle = std::exchange(task.handle_, nullptr);
    PromiseBase& promise = handle.promise();
    promise.scope_ = this;
    promise.continuation_ = handle;
    promise.run = &TaskScope::reap;
    ++running_;
}

void TaskScope::reap(Runnable& runnable) {
    auto& promise = static_cast<PromiseBase&>(runnable);
    TaskScope& scope = *promise.scope_;
    promise.continuation_.destroy();
    RW_ASSERT(scope.running_ > 0);
    if (--scope.running_ == 0) scope.ended_.set();
}

void TaskScope::cancel() {
    if (cancelled_) return;
    cancelled_ = true;
    listeners_.for_each([](CancelListener& listener) { listener.notify(listener); });
}

Task<void> TaskScope::join() {
    while (running_ > 0) co_await ended_.wait();
}

}  // namespace ringway::async
