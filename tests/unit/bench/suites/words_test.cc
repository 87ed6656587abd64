#include "suites/words.h"

#include <doctest/doctest.h>

using namespace ringway::bench;

TEST_CASE("figures in words keep three digits") {
    CHECK(time_in_words(45) == "45 us");
    CHECK(time_in_words(999.6) == "1000 us");
    CHECK(time_in_words(1234) == "1.23 ms");
    CHECK(time_in_words(56789) == "56.8 ms");
    CHECK(time_in_words(2.5e6) == "2.50 s");
    CHECK(rate_in_words(53000) == "53000/s");
    CHECK(rate_in_words(0.25) == "0.25/s");
    CHECK(rate_in_words(0.001) == "0.0010/s");
    CHECK(share_in_words(0.05) == "5 %");
    CHECK(share_in_words(1) == "100 %");
    CHECK(count_in_words(1, "level") == "1 level");
    CHECK(count_in_words(0, "level") == "0 levels");
}

TEST_CASE("a level is a rate where there is one") {
    RunPlan plan;
    plan.connections = 1;
    CHECK(level_in_words(plan) == "1 connection");
    plan.rate = 100;
    CHECK(level_in_words(plan) == "100/s");
    plan.rate_end = 200;
    CHECK(level_in_words(plan) == "100/s to 200/s");
}
