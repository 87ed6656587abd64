#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "ringway/base/utf8.h"
#include "ringway/stats/json.h"
#include "ringway/stats/table.h"
#include "ringway/stats/units.h"
#include "sample.h"

using namespace ringway::stats;
namespace base = ringway::base;
using Align = Table::Align;

TEST_CASE("counts are grouped by thousands") {
    CHECK(human_count(0) == "0");
    CHECK(human_count(999) == "999");
    CHECK(human_count(1'000) == "1,000");
    CHECK(human_count(123'456) == "123,456");
    CHECK(human_count(~std::uint64_t{0}) == "18,446,744,073,709,551,615");
}

TEST_CASE("bytes are shown in units of 1024 with three digits") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(1'023) == "1023 B");
    CHECK(human_bytes(1'024) == "1.00 KiB");
    CHECK(human_bytes(1'536) == "1.50 KiB");
    CHECK(human_bytes(10 * 1'024 + 100) == "10.1 KiB");
    CHECK(human_bytes(1'023 * 1'024) == "1.00 MiB");
    CHECK(human_bytes(std::uint64_t{5} << 30) == "5.00 GiB");
    CHECK(human_bytes(~std::uint64_t{0}) == "16.0 EiB");
}

TEST_CASE("durations are shown in the unit that suits them") {
    CHECK(human_duration({0}) == "0 ns");
    CHECK(human_duration({999}) == "999 ns");
    CHECK(human_duration({1'000}) == "1.00 us");
    CHECK(human_duration({12'345}) == "12.3 us");
    CHECK(human_duration({999'499}) == "999 us");
    CHECK(human_duration({999'600}) == "1.00 ms");
    CHECK(human_duration(base::Duration::milliseconds(1'500)) == "1.50 s");
    CHECK(human_duration(base::Duration::seconds(60)) == "1m 00s");
    CHECK(human_duration(base::Duration::milliseconds(59'970)) == "1m 00s");
    CHECK(human_duration(base::Duration::seconds(3'725)) == "1h 02m");
    CHECK(human_duration(base::Duration::seconds(100'000)) == "1d 03h");
    CHECK(human_duration(base::Duration::forever()) == "off");
    CHECK(human_duration({-1}) == "-");
}

TEST_CASE("ratios, and what is none") {
    CHECK(human_ratio(0) == "0.00");
    CHECK(human_ratio(1.666) == "1.67");
    CHECK(human_ratio(1234.5) == "1234");
    CHECK(human_ratio(std::numeric_limits<double>::quiet_NaN()) == "-");
}

TEST_CASE("columns are aligned, headings stand alone, and no line is empty or ends in spaces") {
    Table table({Align::left, Align::right}, 2);
    table.heading("title");
    table.row({"", "up", "down"});
    table.row({"long name", "1", ""});
    table.row({"", ""});
    table.row({"x", "22222", "3"});
    CHECK(table.to_string() ==
          "title\n"
          "                up  down\n"
          "  long name      1\n"
          "  x          22222     3\n");
}

TEST_CASE("a cell's width is counted in characters, and control characters are shown") {
    Table table({Align::left});
    table.row({"\xc3\xa9", "x"});
    table.row({"ab\n", "y"});
    CHECK(table.to_string() == "\xc3\xa9       x\nab\\x0a  y\n");
    CHECK(printable("\x1b[0m\xff") == "\\x1b[0m\\xff");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");
}

TEST_CASE("JSON puts its commas and keeps its nesting") {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.number("a", 1).integer("b", -2).boolean("c", true).null("d");
    json.begin_array("e").end_array();
    json.begin_array("f").begin_object().end_object().number(3).text("x").end_array();
    json.begin_object("g").real("h", 0.5).end_object();
    json.real("i", std::numeric_limits<double>::infinity());
    json.text_or_null("j", "").text_or_null("k", "z");
    json.precise("l", 0.000123456789).precise("m", 50000).precise("n", std::nan(""));
    json.end_object();
    CHECK(out ==
          R"({"a":1,"b":-2,"c":true,"d":null,"e":[],"f":[{},3,"x"],"g":{"h":0.500},"i":null,)"
          R"("j":null,"k":"z","l":0.000123456789,"m":50000,"n":null})");
}

TEST_CASE("JSON strings are valid UTF-8 whatever goes in") {
    std::string out;
    append_json_string(out, hostile_text());
    CHECK(out ==
          "\"a b\\\"c\\\\d\\u000a\\u000d\\u0009=\\u001b[31m\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd{},"
          "[]:\\u0000\xc3\xa9\xc2\x9b\\u007f\"");
}

TEST_CASE("which bytes are a character") {
    CHECK(base::utf8_length("") == 0);
    CHECK(base::utf8_length("a") == 1);
    CHECK(base::utf8_length("\xc3\xa9") == 2);
    CHECK(base::utf8_length("\xe2\x82\xac") == 3);
    CHECK(base::utf8_length("\xf0\x9f\x99\x82") == 4);
    CHECK(base::utf8_length("\xf4\x8f\xbf\xbf") == 4);
    for (const char* wrong :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xa0\x80",
          "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
        CAPTURE(wrong);
        CHECK(base::utf8_length(wrong) == 0);
    }
    CHECK(base::cut_utf8("a\xe2\x82\xac", 4) == "a\xe2\x82\xac");
    CHECK(base::cut_utf8("a\xe2\x82\xac", 3) == "a");
    CHECK(base::cut_utf8("a\xe2\x82\xac", 2) == "a");
    CHECK(base::cut_utf8("abc", 0) == "");
    CHECK(base::cut_utf8("\x80\x80\x80\x80\x80", 4).size() <= 4);
}
