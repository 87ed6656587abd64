// What can run now on one shard, in order.
//
// Completions and timers only mark things ready; they run from here, one flat loop, so that no
// chain of wake-ups grows the stack. Something that has had its share and yields runs in the next
// turn.
#pragma once

#include <coroutine>
#include <cstddef>

#include "ringway/base/assert.h"

namespace ringway::async {

struct Runnable {
    using Run = void (*)(Runnable&);
    explicit Runnable(Run function) : run(function) {}
    Runnable(const Runnable&) = delete;
    Runnable& operator=(const Runnable&) = delete;

    Run run;
    Runnable* next = nullptr;
};

class ReadyQueue {
  public:
    void push(Runnable& runnable) { ready_.push(runnable); }
    void push_next_turn(Runnable& runnable) { yielded_.push(runnable); }
    bool empty() const { return ready_.head == nullptr && yielded_.head == nullptr; }

    // True when nothing is left for this turn (what yielded waits for the next).
    bool ran_dry() const { return ready_.head == nullptr; }

    // Lets in what yielded in the last turn.
    void begin_turn() {
        while (Runnable* runnable = yielded_.pop()) ready_.push(*runnable);
    }
    // Runs until nothing is ready; returns how many ran.
    std::size_t run() {
        std::size_t count = 0;
        while (Runnable* runnable = ready_.pop()) {
            runnable->run(*runnable);
            ++count;
        }
        return count;
    }

  private:
    struct Queue {
        Runnable* head = nullptr;
        Runnable* tail = nullptr;
        void push(Runnable& runnable) {
            runnable.next = nullptr;
            if (head == nullptr) {
                head = &runnable;
            } else {
                tail->next = &runnable;
            }
            tail = &runnable;
        }
        Runnable* pop() {
            Runnable* first = head;
            if (first != nullptr) head = first->next;
            return first;
        }
    };
    Queue ready_;
    Queue yielded_;
};

}  // namespace ringway::async
