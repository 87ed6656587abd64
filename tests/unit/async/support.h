// A runtime that is current for one test, and a gate that coroutines wait at.
#pragma once

#include <vector>

#include "ringway/async/runtime.h"
#include "ringway/async/task.h"
#include "ringway/async/wake.h"

namespace ringway::async::test {

struct Stage {
    explicit Stage(std::size_t frame_bytes = 1 << 20) : runtime(frame_bytes), use(runtime) {}
    // One turn, as a shard makes it.
    std::size_t turn() {
        runtime.ready.begin_turn();
        return runtime.ready.run();
    }
    Runtime runtime;
    Runtime::Use use;
};

// Waits for the wake once and then answers.
inline Task<int> answer_after(Wake& wake, int answer) {
    co_await wake.wait();
    co_return answer;
}

inline Task<int> answer_now(int answer) { co_return answer; }

}  // namespace ringway::async::test
