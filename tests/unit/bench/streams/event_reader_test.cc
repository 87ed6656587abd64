#include "worker/event_reader.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ringway::bench {
namespace {

// "n/t" for each event, "-" for what it did not say.
std::vector<std::string> events_of(const std::vector<std::string>& parts,
                                   bool* is_inside = nullptr) {
    EventReader reader;
    std::vector<std::string> seen;
    const auto text = [](const std::optional<std::uint64_t>& value) {
        return value ? std::to_string(*value) : std::string("-");
    };
    for (const std::string& part : parts) {
        reader.take(part, [&](const StreamEvent& event) {
            seen.push_back(text(event.number) + "/" + text(event.stamp_ns));
        });
    }
    if (is_inside != nullptr) *is_inside = reader.is_inside();
    return seen;
}

using Seen = std::vector<std::string>;

TEST_CASE("an event ends with an empty line, and is one when it has data") {
    CHECK(events_of({"data: a\n\n"}) == Seen{"-/-"});
    CHECK(events_of({"data\n\n"}) == Seen{"-/-"});
    CHECK(events_of({"data:\n\n"}) == Seen{"-/-"});
    CHECK(events_of({"data: a\ndata: b\n\ndata: c\n\n"}) == Seen{"-/-", "-/-"});
    CHECK(events_of({"event: x\nid: 1\nretry: 5\n\n"}).empty());
    CHECK(events_of({": only a comment\n\n\n\n"}).empty());
    CHECK(events_of({"dataset: a\n\n"}).empty());
    CHECK(events_of({" data: a\n\n"}).empty());
    CHECK(events_of({"data: a\n"}).empty());
    CHECK(events_of({"\xEF\xBB\xBF"
                     "data: a\n\n"}) == Seen{"-/-"});
}

TEST_CASE("lines end in three ways, wherever a stream is cut") {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const std::string whole = ": hello" + end + "id: 1" + end + "data: n=1 t=10" + end + end +
                                  "data: n=2 t=20" + end + "data: more" + end + end;
        // A CR that comes last may be half of a line's end, but ends the line.
        const Seen expected{"1/10", "2/20"};
        CHECK(events_of({whole}) == expected);
        Seen bytes;
        for (const char byte : whole) bytes.emplace_back(1, byte);
        CHECK(events_of(bytes) == expected);
        for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
            CAPTURE(cut);
            CHECK(events_of({whole.substr(0, cut), whole.substr(cut)}) == expected);
        }
    }
}

TEST_CASE("stamps stand in data or in a comment before it, as whole words") {
    CHECK(events_of({"data: n=0000000007 t=00000000000000000123 xxxx\n\n"}) == Seen{"7/123"});
    CHECK(events_of({": n=3 t=4\n\ndata: {\"a\":1}\n\n"}) == Seen{"3/4"});
    CHECK(events_of({"data:n=3\n\ndata: t=4\n\ndata: x\n\n"}) == Seen{"3/-", "-/4", "-/-"});
    CHECK(events_of({"data: n=x t=12y an=3 n= t\n\n"}) == Seen{"-/-"});
    CHECK(events_of({"data: n=1 n=2\n\n"}) == Seen{"1/-"});
    CHECK(events_of({"id: n=1\ndata: x\n\n"}) == Seen{"-/-"});
    CHECK(events_of({"data: t=99999999999999999999\n\n"}) == Seen{"-/-"});
}

TEST_CASE("long lines are events as well, with the stamps at their begin") {
    const std::string padding(100'000, 'x');
    CHECK(events_of({"data: n=1 t=2 " + padding + "\n\n"}) == Seen{"1/2"});
    CHECK(events_of({"data: n=1 ", "t=2 " + padding, padding + "\r", "\n\r\n"}) == Seen{"1/2"});
    CHECK(events_of({"data: " + padding + " n=1\n\n"}) == Seen{"-/-"});
}

TEST_CASE("a stream that stops within an event is known to") {
    bool inside = false;
    events_of({"data: a\n\n"}, &inside);
    CHECK_FALSE(inside);
    events_of({"data: a\n"}, &inside);
    CHECK(inside);
    events_of({"data: a\n\nda"}, &inside);
    CHECK(inside);
    events_of({"data: a\n\n: comment\n"}, &inside);
    CHECK_FALSE(inside);
}

}  // namespace
}  // namespace ringway::bench
