// Costs of the coroutines: children, wake-ups, spawned tasks.

#include "bench.h"
#include "ringway/async/scope.h"
#include "ringway/async/task.h"
#include "ringway/async/wake.h"

namespace ringway::perf {
namespace {

async::Task<std::uint64_t> child_that_is_done(std::uint64_t value) { co_return value + 1; }

async::Task<std::uint64_t> child_that_waits(async::Wake& wake, std::uint64_t value) {
    co_await wake.wait();
    co_return value + 1;
}

async::Task<void> await_done_children(std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        auto child = child_that_is_done(i);
        const std::uint64_t value = co_await child;
        sum += value;
    }
    keep(sum);
}

async::Task<void> wait_for_wakes(async::Wake& wake, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) co_await wake.wait();
}

async::Task<void> await_waiting_children(async::Wake& wake, std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        auto child = child_that_waits(wake, i);
        const std::uint64_t value = co_await child;
        sum += value;
    }
    keep(sum);
}

async::Task<void> do_nothing() { co_return; }

}  // namespace

void bench_async() {
    async::Runtime runtime(std::size_t{1} << 20);
    const async::Runtime::Use use(runtime);
    measure("task: a child that is done at once", [&](std::uint64_t n) {
        const auto task = await_done_children(n);
        runtime.ready.run();
    });
    async::Wake wake;
    measure("task: one wake-up through the ready queue", [&](std::uint64_t n) {
        const auto task = wait_for_wakes(wake, n);
        while (!task.is_done()) {
            wake.set();
            runtime.ready.run();
        }
    });
    measure("task: a child that waits once", [&](std::uint64_t n) {
        const auto task = await_waiting_children(wake, n);
        while (!task.is_done()) {
            wake.set();
            runtime.ready.run();
        }
    });
    async::TaskScope scope;
    measure("task: spawned into a scope and reaped", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            scope.spawn(do_nothing());
            runtime.ready.run();
        }
    });
    if (runtime.frames.spills() != 0)
        note_bytes("task: frames that spilled", runtime.frames.spills());
}

}  // namespace ringway::perf
