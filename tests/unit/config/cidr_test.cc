#include "ringway/config/cidr.h"

#include <cstring>

#include <arpa/inet.h>
#include <doctest/doctest.h>

namespace ringway::config {
namespace {

std::array<std::uint8_t, 16> address(const char* text) {
    const auto range = Cidr::parse(text);
    REQUIRE(range);
    REQUIRE(range->prefix_bits == 128);
    return range->prefix;
}

TEST_CASE("ranges contain their own addresses and no others") {
    struct Row {
        const char* range;
        const char* inside;
        const char* outside;
    };
    for (const Row& row :
         {Row{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
          Row{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
          Row{"192.0.2.7", "192.0.2.7", "192.0.2.6"}, Row{"0.0.0.0/0", "203.0.113.9", "::1"},
          Row{"fd00::/8", "fdff::1", "fe00::1"},
          Row{"2001:db8:8000::/33", "2001:db8:ffff::1", "2001:db8:7fff::1"},
          Row{"::1", "::1", "::2"}}) {
        CAPTURE(row.range);
        const auto range = Cidr::parse(row.range);
        REQUIRE(range);
        CHECK(range->contains(address(row.inside)));
        CHECK_FALSE(range->contains(address(row.outside)));
    }
}

TEST_CASE("::/0 contains IPv4 too, in its mapped form") {
    CHECK(Cidr::parse("::/0")->contains(address("10.1.2.3")));
    CHECK(Cidr::parse("::ffff:10.0.0.0/104")->contains(address("10.1.2.3")));
}

TEST_CASE("ranges with bits beyond the prefix, and everything else, are refused") {
    for (const char* text : {"", "/8", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
                             "10.0.0.0/08", "10.0.0", "10.0.0.256", "10.0.0.0/8/8", "fd00::1/8",
                             "::/129", "[::1]", "::1%lo", "host", " ::1"}) {
        CAPTURE(text);
        CHECK_FALSE(Cidr::parse(text));
    }
}

TEST_CASE("a range is written as it is read") {
    for (const char* text : {"10.0.0.0/8", "192.0.2.7", "0.0.0.0/0", "fd00::/8", "::1", "::/0"}) {
        CHECK(Cidr::parse(text)->to_string() == text);
    }
    CHECK(Cidr::parse("192.0.2.7/32")->to_string() == "192.0.2.7");
    CHECK(Cidr::parse("FD00:0::/8")->to_string() == "fd00::/8");
}

TEST_CASE("no list contains anything unless one of its ranges does") {
    CHECK_FALSE(any_contains({}, address("10.0.0.1")));
    CHECK(any_contains({*Cidr::parse("::1"), *Cidr::parse("10.0.0.0/8")}, address("10.0.0.1")));
}

}  // namespace
}  // namespace ringway::config
