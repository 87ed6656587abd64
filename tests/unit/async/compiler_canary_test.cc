// What the code relies on from the compiler's coroutines, kept known for every compiler that builds
// it. Should one of these fail with a new compiler, the rules in docs/STYLE.md need another look.

#include <coroutine>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "ringway/async/frame_pool.h"
#include "support.h"

using namespace ringway::async;
using namespace ringway::async::test;

namespace {

// Counts every life: constructed and destroyed must balance, and nothing dies twice.
struct Counted {
    static inline int alive = 0;
    static inline int deaths_of_the_dead = 0;
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() {
        if (is_dead) ++deaths_of_the_dead;
        is_dead = true;
        --alive;
    }
    static void reset() { alive = deaths_of_the_dead = 0; }
    bool is_dead = false;
};

struct Request {
    Counted life;
    std::string name;
};

Task<std::size_t> serve(Wake& wake, Request request) {
    if (request.name == "waits") co_await wake.wait();
    co_return request.name.size();
}

// The rule: the argument and the task are named on lines of their own before co_await.
Task<std::size_t> named_operands(Wake& wake, bool waits) {
    Request request{{}, waits ? "waits" : "no"};
    auto serving = serve(wake, std::move(request));
    const std::size_t length = co_await serving;
    co_return length;
}

// The rule: a branch around co_await, never a conditional expression with one in it.
Task<std::size_t> branches(Wake& wake, bool asks) {
    std::size_t length = 0;
    if (asks) {
        Request request{{}, "waits"};
        auto serving = serve(wake, std::move(request));
        length = co_await serving;
    }
    co_return length;
}

Task<int> use_values(Wake& wake) {
    const Counted local;
    auto one = answer_after(wake, 1);
    const int first = co_await one;
    const Counted after;
    auto two = answer_now(2);
    const int second = co_await two;
    co_return first + second;
}

Task<int> loop_of_ready(int links) {
    int sum = 0;
    for (int i = 0; i < links; ++i) {
        auto link = answer_now(1);
        sum += co_await link;
    }
    co_return sum;
}

// A parent whose children all wait once: every hand-over goes through the ready queue.
Task<int> loop_of_waiting(Wake& wake, int links) {
    int sum = 0;
    for (int i = 0; i < links; ++i) {
        auto link = answer_after(wake, 1);
        wake.set();
        sum += co_await link;
    }
    co_return sum;
}

}  // namespace

TEST_CASE("tasks start eagerly: nothing runs later than the call, and a ready child never waits") {
    Stage stage;
    auto task = loop_of_ready(300'000);
    CHECK(task.is_done());
    CHECK(stage.turn() == 0);  // not even the ready queue was used
    CHECK(task.await_resume() == 300'000);
}

TEST_CASE("long loops of children that wait keep the stack flat, whatever the compiler inlines") {
    Stage stage;
    Wake wake;
    auto task = loop_of_waiting(wake, 300'000);
    stage.turn();
    REQUIRE(task.is_done());
    CHECK(task.await_resume() == 300'000);
}

TEST_CASE("named operands of co_await are destroyed exactly once") {
    Counted::reset();
    {
        Stage stage;
        Wake wake;
        for (const bool waits : {true, false}) {
            auto task = named_operands(wake, waits);
            if (waits) wake.set();
            stage.turn();
            REQUIRE(task.is_done());
            CHECK(task.await_resume() == (waits ? 5 : 2));
        }
    }
    CHECK(Counted::alive == 0);
    CHECK(Counted::deaths_of_the_dead == 0);
}

TEST_CASE("a branch around co_await destroys what it made, and nothing that it did not make") {
    Counted::reset();
    {
        Stage stage;
        Wake wake;
        for (const bool asks : {true, false}) {
            auto task = branches(wake, asks);
            if (asks) wake.set();
            stage.turn();
            REQUIRE(task.is_done());
            CHECK(task.await_resume() == (asks ? 5 : 0));
        }
    }
    CHECK(Counted::alive == 0);
    CHECK(Counted::deaths_of_the_dead == 0);
}

TEST_CASE("locals live across waits and die with the frame") {
    Counted::reset();
    {
        Stage stage;
        Wake wake;
        auto task = use_values(wake);
        CHECK(Counted::alive == 1);
        wake.set();
        stage.turn();
        REQUIRE(task.is_done());
        CHECK(task.await_resume() == 3);
    }
    CHECK(Counted::alive == 0);
    CHECK(Counted::deaths_of_the_dead == 0);
}

TEST_CASE("frames come from the pool of the runtime: the compiler calls the promise's operators") {
    Stage stage;
    Wake wake;
    const std::size_t before = stage.runtime.frames.in_use();
    auto task = answer_after(wake, 1);
    CHECK(stage.runtime.frames.in_use() == before + 1);
    wake.set();
    stage.turn();
    CHECK(task.is_done());
    CHECK(stage.runtime.frames.in_use() == before + 1);  // the value is still in it
}
