#include "ringway/async/scope.h"

#include <deque>
#include <vector>

#include <doctest/doctest.h>

#include "death.h"
#include "support.h"

using namespace ringway::async;
using namespace ringway::async::test;
using ringway::test::death_of;

namespace {

Task<void> wait_once(Wake& wake, int& ended) {
    co_await wake.wait();
    ++ended;
}

Task<void> do_nothing() { co_return; }

// Works until it is cancelled, and takes two more turns to come home.
struct Worker : CancelListener {
    explicit Worker(TaskScope& scope) : CancelListener(&Worker::on_cancel) { scope.listen(*this); }
    static void on_cancel(CancelListener& listener) {
        auto& self = static_cast<Worker&>(listener);
        ++self.told;
        self.wake.set();
    }
    Task<void> run() {
        while (told == 0) co_await wake.wait();
        for (int i = 0; i < 2; ++i) {
            wake.set_next_turn();
            co_await wake.wait();
        }
        home = true;
    }
    Wake wake;
    int told = 0;
    bool home = false;
};

Task<void> join_and_note(TaskScope& scope, bool& joined) {
    auto joining = scope.join();
    co_await joining;
    joined = true;
}

}  // namespace

TEST_CASE("a scope frees what ends in it, and join waits for the last") {
    Stage stage;
    TaskScope scope;
    Wake a, b;
    int ended = 0;
    scope.spawn(wait_once(a, ended));
    scope.spawn(wait_once(b, ended));
    scope.spawn(do_nothing());  // over before it is spawned
    CHECK(scope.running() == 2);
    CHECK(stage.runtime.frames.in_use() == 2);
    bool joined = false;
    const auto joining = join_and_note(scope, joined);
    b.set();
    stage.turn();
    CHECK(scope.running() == 1);
    CHECK_FALSE(joined);
    a.set();
    stage.turn();
    CHECK(ended == 2);
    CHECK(scope.running() == 0);
    CHECK(joined);
    CHECK(stage.runtime.frames.in_use() == 1);  // the one that joined
}

TEST_CASE("joining an empty scope does not wait, and a scope is used again after it") {
    Stage stage;
    TaskScope scope;
    for (int round = 0; round < 3; ++round) {
        bool joined = false;
        const auto early = join_and_note(scope, joined);
        CHECK(joined);
        Wake wake;
        int ended = 0;
        scope.spawn(wait_once(wake, ended));
        bool again = false;
        const auto late = join_and_note(scope, again);
        CHECK_FALSE(again);
        wake.set();
        stage.turn();
        CHECK(again);
    }
}

TEST_CASE("cancelling tells every listener once, and nothing is torn down under a task") {
    Stage stage;
    TaskScope scope;
    std::deque<Worker> workers;
    for (int i = 0; i < 5; ++i) {
        workers.emplace_back(scope);
        scope.spawn(workers.back().run());
    }
    {
        Worker gone(scope);  // leaves the list when it is destroyed
    }
    bool joined = false;
    const auto joining = join_and_note(scope, joined);
    CHECK_FALSE(scope.is_cancelled());
    scope.cancel();
    scope.cancel();
    CHECK(scope.is_cancelled());
    CHECK(scope.running() == 5);
    stage.turn();
    CHECK(scope.running() == 5);
    stage.turn();
    stage.turn();
    CHECK(joined);
    for (Worker& worker : workers) {
        CHECK(worker.told == 1);
        CHECK(worker.home);
        worker.link.unlink();
    }
}

TEST_CASE("who listens to a scope that is cancelled already is told at once") {
    Stage stage;
    TaskScope scope;
    scope.cancel();
    Worker late(scope);
    CHECK(late.told == 1);
    CHECK(scope.is_cancelled());
    late.link.unlink();
}

TEST_CASE("a scope that dies with tasks in it panics") {
    CHECK(death_of([] {
              Stage stage;
              Wake wake;
              int ended = 0;
              {
                  TaskScope scope;
                  scope.spawn(wait_once(wake, ended));
              }
          }).aborted);
}
