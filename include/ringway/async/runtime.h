// What every coroutine of one shard shares: the ready queue and the frame pool.
//
// One per shard. Coroutines find it through a thread-local pointer, because promises are created
// where no argument can reach them; whoever drives a shard sets it (Runtime::Use) while it runs.
#pragma once

#include "ringway/async/frame_pool.h"
#include "ringway/async/ready_queue.h"
#include "ringway/base/assert.h"

namespace ringway::async {

class Runtime {
  public:
    explicit Runtime(std::size_t frame_bytes_reserved) : frames(frame_bytes_reserved) {}

    // The runtime of the shard that this thread is driving now.
    static Runtime& current() {
        RW_ASSERT(current_ != nullptr);
        return *current_;
    }

    // Makes a runtime current for a scope.
    class Use {
      public:
        explicit Use(Runtime& runtime) : previous_(current_) { current_ = &runtime; }
        ~Use() { current_ = previous_; }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

      private:
        Runtime* previous_;
    };

    ReadyQueue ready;
    FramePool frames;

  private:
    static inline thread_local constinit Runtime* current_ = nullptr;
};

}  // namespace ringway::async
