// What is counted over the last seconds, and what retries it allows.
#include <doctest/doctest.h>

#include "fixture.h"
#include "ringway/upstream/permit_holder.h"
#include "ringway/upstream/recent_counts.h"
#include "ringway/upstream/retry_budget.h"

using namespace ringway::upstream;

namespace {

int retries_at(RetryBudget& budget, std::int64_t ms, int wanted) {
    int given = 0;
    for (int i = 0; i < wanted; ++i) given += budget.take(at_ms(ms)) ? 1 : 0;
    return given;
}

}  // namespace

TEST_CASE("counts are those of the last ten seconds") {
    RecentCounts counts;
    for (std::int64_t second = 100; second < 130; ++second) {
        counts.move_to(at_ms(second * 1000));
        counts.add({static_cast<std::uint32_t>(second), 1});
        CHECK(counts.this_second().first == second);
        const auto seconds = static_cast<std::uint32_t>(std::min<std::int64_t>(second - 99, 10));
        CHECK(counts.sum().second == seconds);
    }
    CHECK(counts.sum().first == 120 * 10 + 45);
    counts.move_to(at_ms(100'000));  // an older instant changes nothing
    CHECK(counts.sum().second == 10);
    counts.move_to(at_ms(134'000));
    CHECK(counts.sum().second == 5);
    counts.move_to(at_ms(1'000'000));
    CHECK(counts.sum().first == 0);
    CHECK(counts.this_second().second == 0);
}

TEST_CASE("without many requests the floor of a second is what can be retried") {
    RetryBudget budget;
    CHECK(retries_at(budget, 5000, 30) == 10);
    CHECK(retries_at(budget, 5999, 30) == 0);
    CHECK(retries_at(budget, 6000, 30) == 10);
    budget.configure(20, 0);
    CHECK(retries_at(budget, 7000, 30) == 0);
}

TEST_CASE("with many requests a share of the last ten seconds' is") {
    RetryBudget budget;
    for (int i = 0; i < 1000; ++i) budget.note_request(at_ms(5000));
    CHECK(retries_at(budget, 5100, 1000) == 200);
    CHECK(retries_at(budget, 6000, 1000) == 10);
    // The requests are forgotten together with the retries that they allowed.
    for (int i = 0; i < 1000; ++i) budget.note_request(at_ms(16'000));
    CHECK(retries_at(budget, 16'000, 1000) == 200);
    CHECK(retries_at(budget, 27'000, 1000) == 10);
}

TEST_CASE("a holder asks for what is missing once, and owes what was recalled in use") {
    PermitHolder holder;
    CHECK(holder.take());  // no limit yet
    holder.put_back();
    holder.set_limited(2);
    CHECK(holder.take());
    CHECK(holder.take());
    CHECK_FALSE(holder.take());
    std::uint64_t asked = 0;
    std::uint64_t returned = 0;
    const auto report = [&] {
        holder.report(
            [&](std::uint64_t count) {
                asked += count;
                return true;
            },
            [&](std::uint64_t count) {
                returned += count;
                return true;
            });
    };
    holder.want(1);
    holder.want(3);
    holder.want(2);
    report();
    CHECK(asked == 3);
    CHECK_FALSE(holder.has_news());
    holder.grant(1);
    holder.want(3);
    report();
    CHECK(asked == 4);
    // One is idle and leaves, the others as they come back; asking again asks for no more.
    CHECK(holder.recall(2) == 1);
    CHECK(holder.recall(1) == 0);
    CHECK(holder.owed() == 1);
    holder.put_back();
    CHECK(holder.idle() == 0);
    holder.put_back();
    CHECK(holder.idle() == 1);
    report();
    CHECK(returned == 1);
    CHECK(holder.recall(9) == 1);
    CHECK(holder.owed() == 0);
}
