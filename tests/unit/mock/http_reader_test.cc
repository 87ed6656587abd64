#include "http_reader.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "http_head.h"

using namespace ringway::mock;

namespace {

struct Found {
    std::string method, target, query, options, body, head;
    int refusal = 0;
    bool keep_alive = true, head_only = false, stamps = false;
    std::uint64_t number = 0;
};

// Everything the reader finds when it is fed `bytes_each` bytes at a time, the bytes that it left
// having moved in between.
std::vector<Found> read_all(std::string_view input, std::size_t bytes_each) {
    HttpReader reader;
    std::vector<Found> found;
    std::string kept;
    while (!input.empty()) {
        const std::string_view piece = input.substr(0, bytes_each);
        input.remove_prefix(piece.size());
        std::string shown = kept + std::string(piece);
        std::string_view left = shown;
        while (!left.empty() && reader.read(left)) {
            const HttpRequest& r = reader.request();
            found.push_back({std::string(r.method), std::string(r.target),
                             std::string(r.path.query), std::string(r.options), std::string(r.body),
                             std::string(r.head), r.refusal, r.keep_alive, r.head_only, r.stamps,
                             r.path.number});
            if (r.refusal != 0) return found;
        }
        kept = std::string(left);
        shown.assign(shown.size(), '#');
    }
    return found;
}

int refusal_of(std::string_view input) { return read_all(input, 64).at(0).refusal; }

}  // namespace

TEST_CASE("pipelined requests are found wherever the bytes are cut") {
    constexpr std::string_view input =
        "GET /a?x=1 HTTP/1.1\r\nHost: x\r\nX-Mock: bytes=7\r\n\r\n"
        "POST /b HTTP/1.1\r\nContent-LENGTH:  5 \r\n\r\nhello"
        "POST /echo HTTP/1.1\r\ncontent-length:5\r\n\r\nworld\r\n"
        "POST /echo?q HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
        "HEAD /bytes/77 HTTP/1.0\r\nConnection: foo, keep-alive\r\nX-Mock-Stamps: on\r\n\r\n"
        "GET /d HTTP/1.1\r\nConnection: Close\r\n\r\n";
    for (std::size_t bytes_each = 1; bytes_each <= input.size(); ++bytes_each) {
        CAPTURE(bytes_each);
        const auto found = read_all(input, bytes_each);
        REQUIRE(found.size() == 6);
        CHECK(found[0].target == "/a?x=1");
        CHECK(found[0].query == "x=1");
        CHECK(found[0].options == "bytes=7");
        CHECK(found[0].keep_alive);
        CHECK(found[1].method == "POST");
        CHECK(found[1].target == "/b");
        CHECK(found[2].body == "world");
        CHECK(found[3].body == "abc0123456789");
        CHECK(found[3].query == "q");
        CHECK(found[4].head_only);
        CHECK(found[4].number == 77);
        CHECK(found[4].keep_alive);
        CHECK(found[4].stamps);
        CHECK(found[5].target == "/d");
        CHECK_FALSE(found[5].keep_alive);
    }
}

TEST_CASE("a mirrored request is kept as it came, chunks and all") {
    constexpr std::string_view head = "PUT /mirror HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    constexpr std::string_view body = "3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nA: b\r\n\r\n";
    const std::string input = std::string(head) + std::string(body);
    for (std::size_t bytes_each = 1; bytes_each <= input.size(); ++bytes_each) {
        const auto found = read_all(input, bytes_each);
        REQUIRE(found.size() == 1);
        CHECK(found[0].head == head);
        CHECK(found[0].body == body);
    }
}

TEST_CASE("what is not understood is refused, not misread") {
    CHECK(refusal_of("nonsense\r\n\r\n") == 400);
    CHECK(refusal_of("GET / HTTP/2\r\n\r\n") == 400);
    CHECK(refusal_of("GET / HTTP/1.1\r\nno colon\r\n\r\n") == 400);
    CHECK(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n") == 400);
    CHECK(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == 400);
    CHECK(refusal_of("POST / HTTP/1.1\r\nContent-Length: 1\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n") == 501);
    CHECK(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n") == 400);
    CHECK(refusal_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "1234567890123456\r\n") == 400);
    CHECK(refusal_of("POST /echo HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n") == 413);
    CHECK(refusal_of("GET / HTTP/1.1\r\nX-Mock: a=1\r\nX-Mock: b=2\r\n\r\n") == 400);
    CHECK(refusal_of(std::string(40000, 'a')) == 431);
}

TEST_CASE("100 Continue is owed once, and only to a client that waits") {
    HttpReader reader;
    std::string_view input =
        "POST /echo HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
    CHECK_FALSE(reader.read(input));
    CHECK(reader.owes_continue());
    CHECK_FALSE(reader.owes_continue());
    input = "abc";
    CHECK(reader.read(input));
    CHECK(reader.request().body == "abc");
    input = "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na";
    CHECK_FALSE(reader.read(input));
    CHECK_FALSE(reader.owes_continue());
}

TEST_CASE("targets are classified, with a query or an origin or neither") {
    CHECK(classify("/bytes/10").kind == PathKind::bytes);
    CHECK(classify("/bytes/10").number == 10);
    CHECK(classify("/bytes/10?a=b").query == "a=b");
    CHECK(classify("/bytes/x").kind == PathKind::other);
    CHECK(classify("/bytes/").kind == PathKind::other);
    CHECK(classify("/events").kind == PathKind::events);
    CHECK_FALSE(classify("/events").has_number);
    CHECK(classify("/events/0").has_number);
    CHECK(classify("http://host:1/echo").kind == PathKind::echo);
    CHECK(classify("http://host").kind == PathKind::other);
    CHECK(classify("/").kind == PathKind::other);
    CHECK(classify("*").kind == PathKind::other);
    CHECK(classify("/v1/chat/completions").kind == PathKind::completions);
    CHECK(classify("/mock/stats?x").kind == PathKind::stats);
}

TEST_CASE("a head carries what the body's framing says") {
    Output out;
    write_head({.status = 200, .type = "a/b", .body_bytes = 5}, out);
    CHECK(out.view() ==
          "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n"
          "Connection: keep-alive\r\n\r\n");
    out.clear();
    write_head({.status = 503,
                .type = "a/b",
                .more = "X: y\r\n",
                .framing = BodyFraming::chunked,
                .keep_alive = false},
               out);
    CHECK(out.view() ==
          "HTTP/1.1 503 Service Unavailable\r\nContent-Type: a/b\r\n"
          "Transfer-Encoding: chunked\r\nX: y\r\nConnection: close\r\n\r\n");
}
