// One coroutine waits, anybody on its shard may wake it.
//
// Sticky: a wake-up that comes while nobody waits is remembered, several in one turn are one. So a
// coroutine that waits for "something happened" resumes once per turn however many completions
// came.
#pragma once

#include <coroutine>
#include <cstdint>

#include "ringway/async/runtime.h"
#include "ringway/base/assert.h"

namespace ringway::async {

class Wake : private Runnable {
  public:
    Wake() : Runnable(&Wake::resume) {}
    ~Wake() { RW_ASSERT(state_ == State::quiet || state_ == State::pending); }

    void set() {
        if (state_ == State::quiet) state_ = State::pending;
        if (state_ != State::waiting) return;
        state_ = State::queued;
        Runtime::current().ready.push(*this);
    }
    // Like set(), but not before the next turn: for work that has had its share of this one.
    void set_next_turn() {
        if (state_ == State::waiting) {
            state_ = State::queued;
            Runtime::current().ready.push_next_turn(*this);
            return;
        }
        if (state_ == State::queued) return;  // it runs this turn already
        yields_ = true;
        if (state_ == State::quiet) state_ = State::pending;
    }

    struct Awaiter {
        Wake& wake;
        bool await_ready() {
            if (wake.state_ != State::pending || wake.yields_) return false;
            wake.state_ = State::quiet;
            return true;
        }
        void await_suspend(std::coroutine_handle<> waiter) {
            wake.waiter_ = waiter;
            if (wake.yields_) {
                wake.yields_ = false;
                wake.state_ = State::queued;
                Runtime::current().ready.push_next_turn(wake);
            } else {
                RW_ASSERT(wake.state_ == State::quiet);
                wake.state_ = State::waiting;
            }
        }
        void await_resume() {}
    };
    Awaiter wait() { return {*this}; }

  private:
    enum class State : std::uint8_t { quiet, pending, waiting, queued };

    static void resume(Runnable& self) {
        auto& wake = static_cast<Wake&>(self);
        wake.state_ = State::quiet;
        wake.waiter_.resume();
    }

    std::coroutine_handle<> waiter_;
    State state_ = State::quiet;
    bool yields_ = false;
};

}  // namespace ringway::async
