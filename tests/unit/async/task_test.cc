#include "ringway/async/task.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "death.h"
#include "support.h"

using namespace ringway::async;
using namespace ringway::async::test;
using ringway::test::death_of;

namespace {

using Log = std::vector<std::string>;

Task<void> note_both_sides(Log& log, Wake& wake, std::string name) {
    log.push_back(name + " begins");
    co_await wake.wait();
    log.push_back(name + " ends");
}

Task<int> add(Wake& left, Wake& right) {
    auto first = answer_after(left, 20);
    const int a = co_await first;
    auto second = answer_after(right, 22);
    const int b = co_await second;
    co_return a + b;
}

Task<std::unique_ptr<std::string>> make_text(Wake& wake) {
    co_await wake.wait();
    co_return std::make_unique<std::string>("moved, never copied");
}

Task<std::string> read_text(Wake& wake) {
    auto making = make_text(wake);
    const auto text = co_await making;
    co_return *text;
}

Task<int> nest(Wake& wake, int depth) {
    if (depth == 0) {
        co_await wake.wait();
        co_return 1;
    }
    auto inner = nest(wake, depth - 1);
    const int below = co_await inner;
    co_return below + 1;
}

// How far the stack reaches, seen from inside. (The address of a local would not do: sanitizers
// put locals elsewhere.)
Task<int> where(const char*& lowest, const char*& highest) {
    const auto* at = static_cast<const char*>(__builtin_frame_address(0));
    if (lowest == nullptr || at < lowest) lowest = at;
    if (highest == nullptr || at > highest) highest = at;
    co_return 0;
}

Task<std::uint64_t> chain(int links) {
    std::uint64_t sum = 0;
    for (int i = 0; i < links; ++i) {
        auto link = answer_now(1);
        sum += static_cast<std::uint64_t>(co_await link);
    }
    co_return sum;
}

Task<void> ping(Wake& mine, Wake& other, int rounds, const char*& lowest, const char*& highest) {
    for (int i = 0; i < rounds; ++i) {
        co_await mine.wait();
        auto looking = where(lowest, highest);
        (void)co_await looking;
        other.set();
    }
}

struct Probe {
    explicit Probe(int& counter) : alive(counter) { ++alive; }
    Probe(const Probe& other) : alive(other.alive) { ++alive; }
    Probe& operator=(const Probe&) = delete;
    ~Probe() { --alive; }
    int& alive;
};

Task<void> hold(Wake& wake, Probe probe) {
    const Probe local(probe);
    co_await wake.wait();
}

Task<int> throwing() {
    throw std::runtime_error("nobody catches this");
    co_return 1;
}

}  // namespace

TEST_CASE("a task runs at once up to its first wait, and ends when it is woken") {
    Stage stage;
    Log log;
    Wake wake;
    const auto task = note_both_sides(log, wake, "one");
    CHECK(log == Log{"one begins"});
    CHECK_FALSE(task.is_done());
    wake.set();
    CHECK(log.size() == 1);  // never resumed from inside set()
    CHECK(stage.turn() == 1);
    CHECK(log == Log{"one begins", "one ends"});
    CHECK(task.is_done());
}

TEST_CASE("values come back through awaiting tasks, in whatever order their waits end") {
    Stage stage;
    Wake left, right;
    auto task = add(left, right);
    right.set();  // remembered until somebody waits
    stage.turn();
    CHECK_FALSE(task.is_done());
    left.set();
    stage.turn();
    REQUIRE(task.is_done());
    CHECK(task.await_resume() == 42);
}

TEST_CASE("a value that only moves is moved") {
    Stage stage;
    Wake wake;
    auto task = read_text(wake);
    wake.set();
    stage.turn();
    REQUIRE(task.is_done());
    CHECK(task.await_resume() == "moved, never copied");
}

TEST_CASE("whoever awaits is resumed from the ready queue, innermost first") {
    Stage stage;
    Wake wake;
    auto task = nest(wake, 50);
    CHECK(stage.runtime.frames.in_use() == 51);
    wake.set();
    // The wake and one hand-over for each of the fifty that wait.
    CHECK(stage.turn() == 51);
    REQUIRE(task.is_done());
    CHECK(task.await_resume() == 51);
}

TEST_CASE("tasks end in the order in which they were woken") {
    Stage stage;
    Log log;
    Wake a, b, c;
    const auto one = note_both_sides(log, a, "one");
    const auto two = note_both_sides(log, b, "two");
    const auto three = note_both_sides(log, c, "three");
    log.clear();
    c.set();
    a.set();
    b.set();
    CHECK(stage.turn() == 3);
    CHECK(log == Log{"three ends", "one ends", "two ends"});
}

TEST_CASE("a million awaits that do not wait leave the stack where it was") {
    Stage stage;
    auto task = chain(1'000'000);
    REQUIRE(task.is_done());
    CHECK(task.await_resume() == 1'000'000);
    CHECK(stage.runtime.frames.in_use() == 1);
    CHECK(stage.runtime.frames.spills() == 0);
}

TEST_CASE("two tasks that wake each other run flat") {
    Stage stage;
    Wake a, b;
    const char* lowest = nullptr;
    const char* highest = nullptr;
    const auto one = ping(a, b, 100'000, lowest, highest);
    const auto two = ping(b, a, 100'000, lowest, highest);
    a.set();
    CHECK(stage.turn() >= 200'000);
    CHECK(one.is_done());
    CHECK(two.is_done());
    CHECK(highest - lowest < 16 * 1024);
}

TEST_CASE("arguments and locals of a task live as long as its frame, and are destroyed once") {
    Stage stage;
    int alive = 0;
    Wake wake;
    {
        const Probe probe(alive);
        const auto task = hold(wake, probe);
        CHECK(alive == 3);
        wake.set();
        stage.turn();
        CHECK(task.is_done());
    }
    CHECK(alive == 0);
}

TEST_CASE("every frame goes back to the pool and is the next one handed out") {
    Stage stage;
    for (int i = 0; i < 100'000; ++i) {
        Wake wake;
        auto task = nest(wake, 3);
        wake.set();
        stage.turn();
        REQUIRE(task.await_resume() == 4);
    }
    CHECK(stage.runtime.frames.in_use() == 0);
    CHECK(stage.runtime.frames.spills() == 0);
}

TEST_CASE("destroying a task that has not ended, or letting an exception out of one, panics") {
    CHECK(death_of([] {
              Stage stage;
              Wake wake;
              {
                  const auto task = answer_after(wake, 1);
              }
          }).aborted);
    const auto death = death_of([] {
        Stage stage;
        auto task = throwing();
    });
    CHECK(death.aborted);
    CHECK(death.text.find("exception") != std::string::npos);
}

#ifndef __clang__  // clang may give such a task no frame of its own, and then nothing is asked for
TEST_CASE("without a runtime no task can begin") {
    CHECK(death_of([] { auto task = answer_now(1); }).aborted);
}
#endif

TEST_CASE("runtimes nest, each with frames of its own") {
    Stage outer;
    auto task = answer_now(1);
    CHECK(&Runtime::current() == &outer.runtime);
    {
        Stage inner;
        auto other = answer_now(2);
        CHECK(&Runtime::current() == &inner.runtime);
        CHECK(inner.runtime.frames.in_use() == 1);
        CHECK(outer.runtime.frames.in_use() == 1);
    }
    CHECK(&Runtime::current() == &outer.runtime);
}
