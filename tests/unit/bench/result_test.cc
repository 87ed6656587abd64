#include "ringway/bench/result.h"

#include <doctest/doctest.h>

using namespace ringway::bench;

TEST_CASE("rates are of the window, and of nothing where there was none") {
    RunResult result;
    CHECK(result.rate() == 0);
    CHECK(result.error_rate() == 0);
    result.window = ringway::base::Duration::milliseconds(500);
    result.answered = 1000;
    result.body_bytes_in = 4096;
    CHECK(result.rate() == doctest::Approx(2000));
    CHECK(result.goodput() == doctest::Approx(8192));
}

TEST_CASE("errors count among what ended") {
    RunResult result;
    result.answered = 90;
    result.errors[ErrorKind::timeout] = 4;
    result.errors[ErrorKind::status_5xx] = 6;
    CHECK(result.errors.total() == 10);
    CHECK(result.error_rate() == doctest::Approx(0.1));
}

TEST_CASE("every kind of error has a name of its own") {
    for (std::size_t a = 0; a < error_kind_count; ++a) {
        CHECK(name_of(static_cast<ErrorKind>(a)) != "unknown");
        for (std::size_t b = 0; b < a; ++b) {
            CHECK(name_of(static_cast<ErrorKind>(a)) != name_of(static_cast<ErrorKind>(b)));
        }
    }
}
