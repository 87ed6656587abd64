#include "ringway/async/wake.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "death.h"
#include "support.h"

using namespace ringway::async;
using namespace ringway::async::test;
using ringway::test::death_of;

namespace {

Task<void> count_wakes(Wake& wake, int& count, int until) {
    while (count < until) {
        co_await wake.wait();
        ++count;
    }
}

// Has its share and yields, `rounds` times.
Task<void> greedy(Wake& wake, std::vector<char>& order, char name, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        order.push_back(name);
        wake.set_next_turn();
        co_await wake.wait();
    }
}

}  // namespace

TEST_CASE("a wake-up that comes while nobody waits is remembered once") {
    Stage stage;
    Wake wake;
    wake.set();
    wake.set();
    wake.set();
    int count = 0;
    const auto task = count_wakes(wake, count, 2);
    CHECK(count == 1);  // at once, without the queue
    CHECK(stage.turn() == 0);
    CHECK(count == 1);
    wake.set();
    stage.turn();
    CHECK(count == 2);
}

TEST_CASE("several wake-ups in one turn are one") {
    Stage stage;
    Wake wake;
    int count = 0;
    const auto task = count_wakes(wake, count, 2);
    for (int i = 0; i < 10; ++i) wake.set();
    CHECK(stage.turn() == 1);
    CHECK(count == 1);
    CHECK(stage.turn() == 0);
    wake.set();
    stage.turn();
    CHECK(task.is_done());
}

TEST_CASE("who yields runs in the next turn, after everybody had one") {
    Stage stage;
    Wake a, b;
    std::vector<char> order;
    const auto one = greedy(a, order, 'a', 3);
    const auto two = greedy(b, order, 'b', 3);
    CHECK(order == std::vector<char>{'a', 'b'});
    CHECK(stage.runtime.ready.ran_dry());
    CHECK_FALSE(stage.runtime.ready.empty());  // so that the shard does not sleep
    CHECK(stage.runtime.ready.run() == 0);     // not in this turn
    CHECK(stage.turn() == 2);
    CHECK(order == std::vector<char>{'a', 'b', 'a', 'b'});
    stage.turn();
    stage.turn();
    CHECK(order.size() == 6);
    CHECK(one.is_done());
    CHECK(two.is_done());
    CHECK(stage.runtime.ready.empty());
}

TEST_CASE("a yield is not cut short by a wake-up, and swallows it") {
    Stage stage;
    Wake wake;
    std::vector<char> order;
    const auto task = greedy(wake, order, 'x', 2);
    wake.set();  // a completion comes while it stands in line
    CHECK(stage.runtime.ready.run() == 0);
    CHECK(order.size() == 1);
    CHECK(stage.turn() == 1);
    CHECK(order.size() == 2);
    CHECK(stage.turn() == 1);
    CHECK(task.is_done());
}

TEST_CASE("set_next_turn while nobody waits is not lost") {
    Stage stage;
    Wake wake;
    wake.set_next_turn();
    int count = 0;
    const auto task = count_wakes(wake, count, 1);
    CHECK(count == 0);
    CHECK(stage.runtime.ready.run() == 0);
    CHECK(stage.turn() == 1);
    CHECK(count == 1);
    CHECK(task.is_done());
}

TEST_CASE("two waiters on one wake are caught, and so is a wake that dies under its waiter") {
    CHECK(death_of([] {
              Stage stage;
              Wake wake;
              const auto one = answer_after(wake, 1);
              const auto two = answer_after(wake, 2);
          }).aborted);
    CHECK(death_of([] {
              Stage stage;
              auto* wake = new Wake;
              const auto one = answer_after(*wake, 1);
              delete wake;
          }).aborted);
}
