#include "ringway/base/assert.h"

#include <doctest/doctest.h>

#include "death.h"

using ringway::test::death_of;

TEST_CASE("a broken assertion aborts and names the condition, the file and the line") {
    const auto death = death_of([] {
        const int one = 1;
        RW_ASSERT(one == 2);
    });
    CHECK(death.aborted);
    CHECK(death.text.find("assertion: one == 2") != std::string::npos);
    CHECK(death.text.find("assert_test.cc:") != std::string::npos);
}

TEST_CASE("a kept assertion says nothing and goes on") {
    const auto death = death_of([] { RW_ASSERT(1 + 1 == 2); });
    CHECK_FALSE(death.aborted);
    CHECK(death.text.empty());
}

TEST_CASE("a panic prints its sentence") {
    const auto death = death_of([] { RW_PANIC("the sky fell"); });
    CHECK(death.aborted);
    CHECK(death.text.find("ringway: fatal: the sky fell") != std::string::npos);
}
