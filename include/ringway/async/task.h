// Task<T>: a coroutine that has started and that exactly one owner waits for.
//
// It runs at once, up to its first wait; when it ends, whoever awaits it is put on the ready queue
// (never resumed from inside, so stacks stay flat with every compiler and sanitizer). A suspended
// frame is never destroyed: destroying an unfinished Task is a bug and panics. Frames come from the
// shard's pool. An exception that reaches a task's end panics: nothing throws on the data path.
//
// g++ 12 destroys some temporaries twice: name an operand on its own line before co_await, and
// never write `c ? co_await a : b`.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "ringway/async/runtime.h"
#include "ringway/base/assert.h"

namespace ringway::async {

class TaskScope;

// What all promises have in common. The Runnable resumes the continuation, or has the scope reap
// the frame.
class PromiseBase : public Runnable {
  public:
    PromiseBase() : Runnable(&PromiseBase::resume_continuation) {}

    static void* operator new(std::size_t bytes) {
        return Runtime::current().frames.allocate(bytes);
    }
    static void operator delete(void* frame, std::size_t bytes) {
        Runtime::current().frames.release(frame, bytes);
    }

    std::suspend_never initial_suspend() noexcept { return {}; }
    struct AtEnd {
        bool await_ready() noexcept { return false; }
        template <typename Promise>
        void await_suspend(std::coroutine_handle<Promise> self) noexcept {
            self.promise().finish();
        }
        void await_resume() noexcept {}
    };
    AtEnd final_suspend() noexcept { return {}; }
    [[noreturn]] void unhandled_exception() noexcept {
        RW_PANIC("an exception reached a task's end");
    }

    void set_continuation(std::coroutine_handle<> continuation) { continuation_ = continuation; }

  private:
    friend class TaskScope;
    static void resume_continuation(Runnable& self) {
        static_cast<PromiseBase&>(self).continuation_.resume();
    }
    void finish() {
        if (continuation_ || scope_ != nullptr) Runtime::current().ready.push(*this);
    }

    // With a scope, the continuation is the task's own handle: what the scope destroys.
    std::coroutine_handle<> continuation_;
    TaskScope* scope_ = nullptr;
};

template <typename T>
class [[nodiscard]] Task;

template <typename T>
class Promise : public PromiseBase {
  public:
    Task<T> get_return_object();
    template <typename Value>
    void return_value(Value&& value) {
        value_.emplace(std::forward<Value>(value));
    }
    T take() { return std::move(*value_); }

  private:
    std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
  public:
    Task<void> get_return_object();
    void return_void() {}
    void take() {}
};

template <typename T = void>
class [[nodiscard]] Task {
  public:
    using promise_type = Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    Task(const Task&) = delete;
    ~Task() {
        if (!handle_) return;
        RW_ASSERT(handle_.done());
        handle_.destroy();
    }

    bool is_done() const { return handle_.done(); }

    // Awaited once, by one coroutine.
    bool await_ready() const { return handle_.done(); }
    void await_suspend(std::coroutine_handle<> waiter) {
        handle_.promise().set_continuation(waiter);
    }
    T await_resume() { return handle_.promise().take(); }

  private:
    friend class TaskScope;
    Handle handle_;
};

template <typename T>
Task<T> Promise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace ringway::async
