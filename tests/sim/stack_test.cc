// Long chains of completions that come at once do not grow the stack, in any build type.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/async/runtime.h"
#include "ringway/async/scope.h"
#include "ringway/async/task.h"
#include "ringway/async/wake.h"

using namespace ringway::async;

namespace {

constexpr int long_chain = 300'000;
constexpr std::ptrdiff_t stack_growth_max = 16 * 1024;

// How far apart the stack was at the moments at which it was looked at.
struct StackMark {
    std::uintptr_t lowest = UINTPTR_MAX;
    std::uintptr_t highest = 0;
    [[gnu::noinline]] void look() {
        const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest = std::min(lowest, here);
        highest = std::max(highest, here);
    }
    std::ptrdiff_t growth() const { return static_cast<std::ptrdiff_t>(highest - lowest); }
};

Task<int> answer_at_once(StackMark& mark, int value) {
    mark.look();
    co_return value;
}

Task<void> await_many(StackMark& mark, std::int64_t& sum) {
    for (int i = 0; i < long_chain; ++i) {
        auto answer = answer_at_once(mark, i);
        sum += co_await answer;
    }
}

Task<void> wait_for(Wake& wake, StackMark& mark) {
    for (int i = 0; i < long_chain; ++i) {
        wake.set();  // it has come before anybody waits
        co_await wake.wait();
        mark.look();
    }
}

Task<void> wait_once(Wake& wake, StackMark& mark) {
    co_await wake.wait();
    mark.look();
}

Task<void> wait_behind(Task<void>& before, StackMark& mark) {
    co_await before;
    mark.look();
}

Task<void> play(Wake& mine, Wake& other, int& left, StackMark& mark) {
    while (left > 0) {
        co_await mine.wait();
        mark.look();
        --left;
        other.set();
    }
}

struct Fixture {
    Runtime runtime{std::size_t{256} << 20};
    Runtime::Use use{runtime};
    StackMark mark;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "tasks that end at once, awaited in a loop") {
    std::int64_t sum = 0;
    auto task = await_many(mark, sum);
    runtime.ready.run();
    CHECK(task.is_done());
    CHECK(sum == std::int64_t{long_chain} * (long_chain - 1) / 2);
    CHECK(mark.growth() < stack_growth_max);
}

TEST_CASE_FIXTURE(Fixture, "wake-ups that have come already, waited for in a loop") {
    Wake wake;
    auto task = wait_for(wake, mark);
    runtime.ready.run();
    CHECK(task.is_done());
    CHECK(mark.growth() < stack_growth_max);
}

TEST_CASE_FIXTURE(Fixture, "a long line of tasks, each waiting for the one before") {
    Wake wake;
    constexpr std::size_t length = 50'000;
    std::vector<std::unique_ptr<Task<void>>> line;
    line.push_back(std::make_unique<Task<void>>(wait_once(wake, mark)));
    while (line.size() < length) {
        line.push_back(std::make_unique<Task<void>>(wait_behind(*line.back(), mark)));
    }
    wake.set();
    runtime.ready.run();
    CHECK(line.back()->is_done());
    CHECK(mark.growth() < stack_growth_max);
}

TEST_CASE_FIXTURE(Fixture, "two tasks that wake each other") {
    Wake ping;
    Wake pong;
    int left = long_chain;
    auto one = play(ping, pong, left, mark);
    auto two = play(pong, ping, left, mark);
    ping.set();
    runtime.ready.run();
    ping.set();
    pong.set();
    runtime.ready.run();
    CHECK(one.is_done());
    CHECK(two.is_done());
    CHECK(mark.growth() < stack_growth_max);
}

TEST_CASE_FIXTURE(Fixture, "a scope whose tasks all end in one turn") {
    constexpr std::size_t count = 20'000;
    const auto wakes = std::make_unique<Wake[]>(count);
    TaskScope scope;
    for (std::size_t i = 0; i < count; ++i) scope.spawn(wait_once(wakes[i], mark));
    CHECK(scope.running() == count);
    auto joined = scope.join();
    for (std::size_t i = 0; i < count; ++i) wakes[i].set();
    runtime.ready.run();
    CHECK(joined.is_done());
    CHECK(mark.growth() < stack_growth_max);
}
