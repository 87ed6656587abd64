#include "http_reader.h"

#include <vector>

#include <doctest/doctest.h>

using ringway::mock::http_response;
using ringway::mock::HttpReader;
using ringway::mock::HttpRequest;

namespace {

// Everything the reader finds when it is fed `bytes_each` bytes at a time.
std::vector<HttpRequest> read_all(std::string_view input, std::size_t bytes_each) {
    HttpReader reader;
    std::vector<HttpRequest> found;
    while (!input.empty()) {
        std::string_view piece = input.substr(0, bytes_each);
        input.remove_prefix(piece.size());
        while (!piece.empty()) {
            const auto request = reader.read(piece);
            if (request) found.push_back(*request);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("pipelined requests are found wherever the bytes are cut") {
    constexpr std::string_view input =
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST /b HTTP/1.1\r\nContent-LENGTH:  5 \r\n\r\nhello"
        "GET /c HTTP/1.0\r\n\r\n"
        "GET /d HTTP/1.1\r\nConnection: Close\r\n\r\n";
    for (std::size_t bytes_each = 1; bytes_each <= input.size(); ++bytes_each) {
        CAPTURE(bytes_each);
        const auto found = read_all(input, bytes_each);
        REQUIRE(found.size() == 4);
        CHECK(found[0].target == "/a");
        CHECK(found[0].keep_alive);
        CHECK(found[1].method == "POST");
        CHECK(found[1].target == "/b");
        CHECK(found[2].target == "/c");
        CHECK_FALSE(found[2].keep_alive);
        CHECK(found[3].target == "/d");
        CHECK_FALSE(found[3].keep_alive);
    }
}

TEST_CASE("what is not understood is refused, not misread") {
    CHECK(read_all("nonsense\r\n\r\n", 64).at(0).refusal == 400);
    CHECK(read_all("GET / HTTP/2\r\n\r\n", 64).at(0).refusal == 400);
    CHECK(read_all("GET / HTTP/1.1\r\nno colon\r\n\r\n", 64).at(0).refusal == 400);
    CHECK(read_all("POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 64).at(0).refusal == 400);
    CHECK(read_all("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 64).at(0).refusal ==
          501);
    CHECK(read_all(std::string(40000, 'a'), 1000).at(0).refusal == 431);
}

TEST_CASE("a response carries its length, and no body for HEAD") {
    const std::string whole = http_response(200, "hello", true, false);
    CHECK(whole.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(whole.find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(whole.ends_with("\r\n\r\nhello"));
    const std::string head = http_response(200, "hello", false, true);
    CHECK(head.find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(head.find("Connection: close\r\n") != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
}
