// The bodies that the generator compares, in either framing and however they are cut.
#include "http_text.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include <doctest/doctest.h>

namespace ringway::load {
namespace {

constexpr std::size_t body_bytes = 100;
constexpr RequestId id{7, 9};

std::string right_body() {
    HttpText made = HttpText::response(body_bytes);
    made.stamp(id);
    return std::string{made.text().substr(made.text().size() - body_bytes)};
}

std::string chunked(const std::string& body, std::size_t first) {
    char size[2][16];
    std::snprintf(size[0], sizeof size[0], "%zx\r\n", first);
    std::snprintf(size[1], sizeof size[1], "%zx\r\n", body.size() - first);
    return size[0] + body.substr(0, first) + "\r\n" + size[1] + body.substr(first) +
           "\r\n0\r\n\r\n";
}

BodyFraming framing_of(std::string_view fields) {
    const std::string text = "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n";
    std::string_view bytes = text;
    HeadCollector head;
    CHECK(head.take(bytes));
    return BodyFraming::of(head);
}

// Takes the text in pieces of `piece` bytes: whether all was right, and then whether it is
// complete.
bool accepts(const BodyFraming& framing, std::string_view text, std::size_t piece) {
    BodyCheck check;
    if (!check.begin(id, body_bytes, framing)) return false;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        if (check.is_complete() || !check.take(text.substr(0, piece))) return false;
    }
    return check.is_complete();
}

}  // namespace

TEST_CASE("a body is the same by length and in chunks, wherever it is cut") {
    const BodyFraming by_length = framing_of("Content-Length: 100\r\n");
    const BodyFraming in_chunks = framing_of("transfer-encoding: chunked\r\n");
    for (std::size_t piece = 1; piece <= 130; ++piece) {
        CAPTURE(piece);
        CHECK(accepts(by_length, right_body(), piece));
        CHECK(accepts(in_chunks, chunked(right_body(), 5), piece));
        CHECK(accepts(in_chunks, chunked(right_body(), 60), piece));
    }
}

TEST_CASE("a wrong, a missing and an extra byte are noticed in chunks") {
    const BodyFraming in_chunks = framing_of("Transfer-Encoding: chunked\r\n");
    std::string wrong = right_body();
    wrong[70] = '!';
    CHECK_FALSE(accepts(in_chunks, chunked(wrong, 60), 1000));
    CHECK_FALSE(accepts(in_chunks, chunked(right_body().substr(1), 60), 1000));
    CHECK_FALSE(accepts(in_chunks, chunked(right_body().substr(0, 99), 60), 1000));
    CHECK_FALSE(accepts(in_chunks, chunked(right_body() + "x", 60), 1000));
    CHECK_FALSE(accepts(in_chunks, chunked(right_body(), 60) + "HTTP/1.1", 1000));
}

TEST_CASE("a framing that is none, or two, or of another length is refused") {
    CHECK_FALSE(framing_of("Server: x\r\n").valid);
    CHECK_FALSE(framing_of("Content-Length: 100\r\nTransfer-Encoding: chunked\r\n").valid);
    CHECK_FALSE(framing_of("Content-Length: 10x\r\n").valid);
    CHECK_FALSE(accepts(framing_of("Content-Length: 99\r\n"), right_body(), 1000));
}

}  // namespace ringway::load
