#include "ringway/config/units.h"

#include <doctest/doctest.h>

namespace ringway::config {
namespace {

using base::Duration;

TEST_CASE("durations are a whole number and one unit") {
    struct Row {
        const char* text;
        Duration duration;
    };
    for (const Row& row :
         {Row{"1us", Duration::microseconds(1)}, Row{"250ms", Duration::milliseconds(250)},
          Row{"30s", Duration::seconds(30)}, Row{"5m", Duration::seconds(300)},
          Row{"1h", Duration::seconds(3600)}, Row{"0s", Duration{}}, Row{"0h", Duration{}},
          Row{"720h", Duration::seconds(2592000)}}) {
        CAPTURE(row.text);
        REQUIRE(parse_duration(row.text));
        CHECK(*parse_duration(row.text) == row.duration);
    }
}

TEST_CASE("durations that are not quite right are refused") {
    for (const char* text : {"",
                             "s",
                             "5",
                             "5 s",
                             " 5s",
                             "5s ",
                             "-5s",
                             "+5s",
                             "05s",
                             "1.5s",
                             "5S",
                             "5sec",
                             "5min",
                             "1m30s",
                             "1d",
                             "5ns",
                             "99999999999999999999s",
                             "9223372036854775807us",
                             "2562048h",
                             "off",
                             "0x5s",
                             "5s\n"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a duration is written in the largest unit that says it exactly") {
    CHECK(format_duration(Duration::seconds(3600)) == "1h");
    CHECK(format_duration(Duration::seconds(90)) == "90s");
    CHECK(format_duration(Duration::milliseconds(1500)) == "1500ms");
    CHECK(format_duration(Duration::microseconds(7)) == "7us");
    CHECK(format_duration(Duration{}) == "0s");
    CHECK(format_duration(Duration::forever()) == "off");
}

TEST_CASE("what format_duration writes, parse_duration reads") {
    for (std::int64_t us = 1; us < 100'000'000'000'000; us = us * 7 + 3) {
        const Duration duration = Duration::microseconds(us);
        CHECK(parse_duration(format_duration(duration)) == duration);
    }
}

TEST_CASE("sizes are bytes or count in 1024s") {
    CHECK(parse_size("0") == 0u);
    CHECK(parse_size("4096") == 4096u);
    CHECK(parse_size("4096B") == 4096u);
    CHECK(parse_size("64KiB") == 65536u);
    CHECK(parse_size("16MiB") == std::uint64_t{16} << 20);
    CHECK(parse_size("1GiB") == std::uint64_t{1} << 30);
    CHECK(parse_size("3TiB") == std::uint64_t{3} << 40);
    CHECK(parse_size("16777215TiB") == std::uint64_t{16777215} << 40);
}

TEST_CASE("sizes that are not quite right are refused") {
    for (const char* text : {"", "KiB", "64K", "64KB", "64kib", "64 KiB", "-1", "1.5MiB", "064",
                             "16777216TiB", "18446744073709551616", "64KiBs", "0x40"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

TEST_CASE("what format_size writes, parse_size reads") {
    CHECK(format_size(65536) == "64KiB");
    CHECK(format_size(65537) == "65537");
    CHECK(format_size(std::uint64_t{1} << 40) == "1TiB");
    for (std::uint64_t bytes = 0; bytes < std::uint64_t{1} << 58; bytes = bytes * 3 + 1024) {
        CHECK(parse_size(format_size(bytes)) == bytes);
    }
}

TEST_CASE("counts are digits alone") {
    CHECK(parse_count("0") == 0u);
    CHECK(parse_count("18446744073709551615") == 18446744073709551615u);
    for (const char* text : {"", "-1", "+1", "1 ", " 1", "01", "1e3", "1_000", "0x1",
                             "18446744073709551616", "\xd9\xa1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_count(text));
    }
}

TEST_CASE("switches have four spellings each way") {
    for (const char* text : {"on", "true", "yes", "1"}) CHECK(parse_switch(text) == true);
    for (const char* text : {"off", "false", "no", "0"}) CHECK(parse_switch(text) == false);
    for (const char* text : {"", "ON", "y", "2", "maybe"}) CHECK_FALSE(parse_switch(text));
}

TEST_CASE("file modes are octal and hold permissions alone") {
    CHECK(parse_file_mode("0660") == 0660u);
    CHECK(parse_file_mode("600") == 0600u);
    CHECK(parse_file_mode("0") == 0u);
    for (const char* text : {"", "8", "0680", "1777", "00660", "rw", "-1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_file_mode(text));
    }
}

}  // namespace
}  // namespace ringway::config
