// Heads for tests, parsed from text by the real parser.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "ringway/http/framing.h"
#include "ringway/http/parser.h"
#include "ringway/http/target.h"
#include "ringway/http/writer.h"

namespace ringway::test {

struct Request {
    explicit Request(std::string head_text) : text(std::move(head_text)) {
        http::RequestParser parser(head, limits);
        REQUIRE_MESSAGE(parser.parse(text) == http::Progress::done, text);
        const http::TargetResult result = http::read_target(head, scratch);
        REQUIRE_MESSAGE(result.fault == http::Fault::none, text);
        target = result.target;
        path_room.resize(target.path.size());
        path = http::normalize_path(target.path, path_room).path;
    }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    const std::string text;
    const http::HeadLimits limits;
    http::RequestHead head;
    std::array<char, 8192> scratch{};
    http::Target target;
    std::string path_room;
    std::string_view path;  // normalized
};

struct Response {
    explicit Response(std::string head_text) : text(std::move(head_text)) {
        http::ResponseParser parser(head, limits);
        REQUIRE_MESSAGE(parser.parse(text) == http::Progress::done, text);
    }
    Response(const Response&) = delete;
    Response& operator=(const Response&) = delete;

    const std::string text;
    const http::HeadLimits limits;
    http::ResponseHead head;
};

// How often `part` stands in `text`.
inline int count(std::string_view text, std::string_view part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}
inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace ringway::test
