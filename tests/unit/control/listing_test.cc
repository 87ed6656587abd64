#include "listing.h"

#include <doctest/doctest.h>

namespace ringway::control {
namespace {

shard::Connections answer(std::vector<std::int64_t> ages_ms, std::uint64_t total) {
    shard::Connections connections;
    connections.total = total;
    for (const std::int64_t age : ages_ms) {
        shard::ConnectionRow row;
        row.age_ms = age;
        connections.rows.push_back(row);
    }
    return connections;
}

TEST_CASE("a listing is complete when every asked shard has answered") {
    Listing listing(2);
    listing.begin({0, 1}, 10, base::Instant{5});
    CHECK(listing.running());
    CHECK_FALSE(listing.complete());
    listing.take(1, answer({5, 9}, 2));
    CHECK(listing.missing() == std::vector<std::size_t>{0});
    listing.take(0, answer({7}, 1));
    REQUIRE(listing.complete());
    const auto outcome = listing.finish();
    CHECK(outcome.total == 3);
    REQUIRE(outcome.rows.size() == 3);
    CHECK(outcome.rows[0].age_ms == 9);
    CHECK(outcome.rows[2].age_ms == 5);
    CHECK(listing.deadline().is_never());
}

TEST_CASE("rows beyond the wish are cut, the total is not") {
    Listing listing(2);
    listing.begin({0, 1}, 2, base::Instant{5});
    listing.take(0, answer({1, 2}, 500));
    listing.take(1, answer({3, 4}, 700));
    const auto outcome = listing.finish();
    CHECK(outcome.rows.size() == 2);
    CHECK(outcome.rows[0].age_ms == 4);
    CHECK(outcome.total == 1200);
}

TEST_CASE("an answer that comes too late does not count for the next listing") {
    Listing listing(2);
    listing.begin({0, 1}, 10, base::Instant{5});
    listing.take(0, answer({1}, 1));
    listing.give_up();
    REQUIRE(listing.complete());
    CHECK(listing.gave_up_on() == std::vector<std::size_t>{1});
    (void)listing.finish();

    listing.begin({0, 1}, 10, base::Instant{9});
    listing.take(1, answer({100}, 100));  // of the first listing
    listing.take(0, answer({2}, 1));
    CHECK_FALSE(listing.complete());
    listing.take(1, answer({3}, 1));
    REQUIRE(listing.complete());
    CHECK(listing.finish().total == 2);
}

TEST_CASE("a shard that ends is waited for no longer") {
    Listing listing(2);
    listing.begin({0, 1}, 10, base::Instant{5});
    listing.take(0, answer({}, 0));
    listing.shard_gone(1);
    CHECK(listing.complete());
}

}  // namespace
}  // namespace ringway::control
