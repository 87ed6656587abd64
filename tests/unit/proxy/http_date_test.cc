#include "ringway/proxy/http_date.h"

#include <ctime>

#include <doctest/doctest.h>

#include "ringway/base/random.h"

using ringway::proxy::HttpDate;

TEST_CASE("a date is written as HTTP writes it") {
    HttpDate date;
    CHECK(date.at(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date.at(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(date.at(951827696) == "Tue, 29 Feb 2000 12:34:56 GMT");
    CHECK(date.at(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST_CASE("a date changes with the second and is the same within it") {
    HttpDate date;
    const std::string_view first = date.at(784111777);
    CHECK(date.at(784111777).data() == first.data());
    CHECK(date.at(784111778) == "Sun, 06 Nov 1994 08:49:38 GMT");
    CHECK(date.at(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("dates agree with the library's") {
    ringway::base::Random random(7);
    HttpDate date;
    for (int i = 0; i < 2000; ++i) {
        const auto seconds = static_cast<std::time_t>(random.below(4'102'444'800));
        std::tm parts{};
        gmtime_r(&seconds, &parts);
        char text[64];
        const std::size_t bytes =
            std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        CHECK(date.at(seconds) == std::string_view(text, bytes));
    }
}
