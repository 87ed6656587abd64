// What the conformance cases say: this message is refused with this fault, that one is understood.
// Every message is fed whole, byte by byte and in two pieces at every place, with the same result.
#pragma once

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "http_feed.h"

namespace ringway::http {

inline std::ostream& operator<<(std::ostream& out, Fault fault) { return out << name_of(fault); }

}  // namespace ringway::http

namespace ringway::test {

using http::Fault;
using http::Method;

// Lines with their endings, and the empty line after them.
inline std::string lines(std::initializer_list<std::string_view> each) {
    std::string text;
    for (const std::string_view line : each) text.append(line).append("\r\n");
    return text + "\r\n";
}
// A GET with these fields beside Host.
inline std::string get_with(std::initializer_list<std::string_view> fields) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (const std::string_view field : fields) text.append(field).append("\r\n");
    return text + "\r\n";
}
inline std::string post_with(std::initializer_list<std::string_view> fields) {
    return "POST" + get_with(fields).substr(3);
}

inline void refused(std::string_view text, Fault fault, const http::HeadLimits& limits = {}) {
    CAPTURE(text);
    const RequestJudgement judgement = judge_request(text, limits);
    CHECK(judgement.fault == fault);
    CHECK(judgement.split_that_differs == "");
}
// And the status that answers it.
inline void refused(std::string_view text, Fault fault, int status,
                    const http::HeadLimits& limits = {}) {
    refused(text, fault, limits);
    CHECK(http::status_of(fault) == status);
}
inline RequestJudgement accepted(std::string_view text, const http::HeadLimits& limits = {}) {
    CAPTURE(text);
    RequestJudgement judgement = judge_request(text, limits);
    CHECK(judgement.fault == Fault::none);
    CHECK(judgement.complete);
    CHECK(judgement.split_that_differs == "");
    return judgement;
}

// A response that makes the gateway answer 502.
inline void bad_response(std::string_view text, Fault fault, Method method = Method::get) {
    CAPTURE(text);
    const ResponseJudgement judgement = judge_response(text, method);
    CHECK(judgement.fault == fault);
    CHECK(judgement.split_that_differs == "");
}
inline ResponseJudgement good_response(std::string_view text, Method method = Method::get,
                                       bool asked_for_upgrade = false) {
    CAPTURE(text);
    ResponseJudgement judgement = judge_response(text, method, asked_for_upgrade);
    CHECK(judgement.fault == Fault::none);
    CHECK(judgement.complete);
    CHECK(judgement.split_that_differs == "");
    return judgement;
}

inline ChunkOutcome chunks(std::string_view text) {
    CAPTURE(text.substr(0, 100));
    const ChunkFeeding feeding = feed_chunks_every_way(text);
    CHECK(feeding.split_that_differs == "");
    return feeding.whole;
}
inline void bad_chunks(std::string_view text) {
    CAPTURE(text.substr(0, 100));
    CHECK(chunks(text).end == http::ChunkPart::failed);
}

inline HeadOutcome trailers(std::string_view text) {
    CAPTURE(text);
    const HeadFeeding feeding = feed_head_every_way(HeadKind::trailers, text);
    CHECK(feeding.split_that_differs == "");
    return feeding.whole;
}

}  // namespace ringway::test
