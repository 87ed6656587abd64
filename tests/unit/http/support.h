// Heads for tests, parsed where they lie, and checks that hold for every split of the input.
#pragma once

#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "http_feed.h"
#include "ringway/http/parser.h"

namespace ringway::http {

// For doctest's messages.
inline std::ostream& operator<<(std::ostream& out, Fault fault) { return out << name_of(fault); }
inline std::ostream& operator<<(std::ostream& out, Progress progress) {
    return out << (progress == Progress::done     ? "done"
                   : progress == Progress::failed ? "failed"
                                                  : "need more");
}

}  // namespace ringway::http

namespace ringway::http::test {

using ringway::test::HeadKind;

// Lines with their endings, and the empty line after them.
inline std::string lines(std::initializer_list<std::string_view> each) {
    std::string text;
    for (const std::string_view line : each) text.append(line).append("\r\n");
    return text + "\r\n";
}

// A head that is right, and the text that it points into.
template <typename Head, typename Parser>
struct Parsed {
    explicit Parsed(std::string head_text) : text(std::move(head_text)) {
        Parser parser(head, limits);
        REQUIRE(parser.parse(text) == Progress::done);
        REQUIRE(head.head_bytes() == text.size());
    }
    HeadLimits limits;
    std::string text;
    Head head;
};
using ParsedRequest = Parsed<RequestHead, RequestParser>;
using ParsedResponse = Parsed<ResponseHead, ResponseParser>;
using ParsedTrailers = Parsed<FieldList, TrailerParser>;

inline ParsedRequest request(std::initializer_list<std::string_view> each) {
    return ParsedRequest(lines(each));
}
inline ParsedResponse response(std::initializer_list<std::string_view> each) {
    return ParsedResponse(lines(each));
}

inline void check_fault(HeadKind kind, std::string_view text, Fault fault,
                        const HeadLimits& limits = {}) {
    CAPTURE(text);
    const ringway::test::HeadFeeding feeding =
        ringway::test::feed_head_every_way(kind, text, limits);
    CHECK(feeding.whole.progress == Progress::failed);
    CHECK(feeding.whole.fault == fault);
    CHECK(feeding.split_that_differs == "");
}

inline void check_need_more(HeadKind kind, std::string_view text, const HeadLimits& limits = {}) {
    CAPTURE(text);
    const ringway::test::HeadFeeding feeding =
        ringway::test::feed_head_every_way(kind, text, limits);
    CHECK(feeding.whole.progress == Progress::need_more);
    CHECK(feeding.whole.fault == Fault::none);
    CHECK(feeding.split_that_differs == "");
}

// `understood` is the head written again: one blank after each colon, nothing before CRLF.
inline void check_head(HeadKind kind, std::string_view text, std::string_view understood,
                       const HeadLimits& limits = {}) {
    CAPTURE(text);
    // What follows a head plays no part in it.
    const std::string followed = std::string(text) + "GET / HT\x01\x02";
    const ringway::test::HeadFeeding feeding =
        ringway::test::feed_head_every_way(kind, followed, limits);
    CHECK(feeding.whole.progress == Progress::done);
    CHECK(feeding.whole.fault == Fault::none);
    CHECK(feeding.whole.head_bytes == text.size());
    CHECK(feeding.whole.text == understood);
    CHECK(feeding.split_that_differs == "");
    // And its last byte is needed.
    check_need_more(kind, text.substr(0, text.size() - 1), limits);
}

}  // namespace ringway::http::test
