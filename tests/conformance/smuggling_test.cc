// Request smuggling: messages that two recipients may end at different places, or see as different
// ones. Each is refused before a byte of it is passed on, or has one meaning, which is said here.
#include "judge.h"

using namespace ringway::test;
using ringway::http::ChunkPart;

TEST_CASE("RFC 9112 11.2: two lengths for one body are refused in every spelling") {
    for (const char* coding :
         {"Transfer-Encoding: chunked", "transfer-encoding: chunked", "Transfer-Encoding:chunked",
          "Transfer-Encoding:\tchunked", "Transfer-Encoding: Chunked",
          "Transfer-Encoding: chunked ", "Transfer-Encoding: gzip, chunked",
          "Transfer-Encoding: identity", "Transfer-Encoding: xchunked",
          "Transfer-Encoding: ", "Transfer-Encoding: chunked;a", "Transfer-Encoding: \"chunked\"",
          "Transfer-Encoding: chunked, identity"}) {
        refused(post_with({"Content-Length: 6", coding}), Fault::length_and_chunked, 400);
        refused(post_with({coding, "Content-Length: 6"}), Fault::length_and_chunked, 400);
    }
}

TEST_CASE("RFC 9112 11.2: a coding hidden behind odd bytes is refused") {
    refused(post_with({"Transfer-Encoding : chunked"}), Fault::bad_field_name);
    refused(post_with({" Transfer-Encoding: chunked"}), Fault::folded_field);
    refused(post_with({"Transfer-Encoding\x0b: chunked"}), Fault::bad_field_name);
    refused(post_with({"Transfer-Encoding: \x0b"
                       "chunked"}),
            Fault::bad_field_value);
    refused(post_with({"Transfer-Encoding: chunked\x0c"}), Fault::bad_field_value);
    refused(post_with({std::string_view("Transfer-Encoding: \0chunked", 27)}),
            Fault::bad_field_value);
    refused(post_with({"Transfer-Encoding:", " chunked"}), Fault::folded_field);
    refused(post_with({"Transfer-Encoding:\n chunked"}), Fault::bare_line_ending);
    refused(post_with({"A: b\nTransfer-Encoding: chunked"}), Fault::bare_line_ending);
    refused(post_with({"A: b\rTransfer-Encoding: chunked"}), Fault::bare_line_ending);
    refused(post_with({"Transfer-Encoding: \xa0"
                       "chunked"}),
            Fault::bad_transfer_encoding);
}

TEST_CASE("RFC 9112 11.2: a name that only looks like a framing field frames nothing") {
    // They are passed on as they are; what the next hop reads is framed by what ringway writes.
    CHECK(accepted(post_with({"Transfer_Encoding: chunked"})).framing == "none");
    CHECK(accepted(post_with({"Transfer-Encodings: chunked", "Content-Length: 5"})).framing ==
          "length 5");
    CHECK(accepted(post_with({"X-Transfer-Encoding: chunked", "Content-Length: 5"})).framing ==
          "length 5");
    CHECK(accepted(post_with({"Content_Length: 7", "Content-Length: 5"})).framing == "length 5");
}

TEST_CASE("RFC 9112 11.2: lengths that recipients read differently are refused") {
    for (const char* value : {"6, 5", "6,", "+6", "0x6", "6 ", "06"}) {
        const RequestJudgement judgement =
            judge_request(post_with({"Content-Length: " + std::string(value)}));
        // A number has one meaning, whatever its zeros and the blanks around it; the rest is
        // refused.
        const bool plain = std::string_view(value) == "6 " || std::string_view(value) == "06";
        CHECK((judgement.fault == Fault::none) == plain);
        if (plain) CHECK(judgement.framing == "length 6");
    }
    refused(post_with({"Content-Length: 6\x0b"}), Fault::bad_field_value);
    refused(post_with({"Content-Length : 6"}), Fault::bad_field_name);
    refused(post_with({"Content-Length: 6", "Content-Length: 5"}),
            Fault::conflicting_content_length);
}

TEST_CASE("RFC 9112 11.2: Connection cannot have a framing field removed") {
    const RequestJudgement judgement =
        accepted(post_with({"Connection: close, Content-Length", "Content-Length: 5"}));
    CHECK(judgement.framing == "length 5");
}

TEST_CASE("RFC 9112 11.2: a chunk's end cannot be moved") {
    bad_chunks("3\r\nabcd\r\n0\r\n\r\n");
    bad_chunks("5\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
    bad_chunks("1;\nx\r\n0\r\n");
    bad_chunks("1;a\nx\r\n0\r\n");
    bad_chunks("1\n\rx\r\n0\r\n");
    bad_chunks("10000000000000000\r\n");
    bad_chunks("0_0\r\n");
    bad_chunks("1\r\nx\rX0\r\n");
    bad_chunks("1\r\nxX\n0\r\n");
    bad_chunks("0 \r\n");
    bad_chunks("0\r\r\n");
    // What follows the last chunk is no part of it.
    const ChunkOutcome outcome = chunks("1\r\nx\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n");
    CHECK(outcome.end == ChunkPart::last);
    CHECK(outcome.bytes == 9);
}

TEST_CASE("RFC 9112 11.2: a body on a method that has none is refused") {
    refused("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n", Fault::unexpected_body);
    refused("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n",
            Fault::unexpected_body);
}

TEST_CASE("RFC 9112 11.2: an upgrade hides no second request") {
    refused(post_with({"Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5",
                       "Transfer-Encoding: chunked"}),
            Fault::length_and_chunked);
    CHECK_FALSE(
        accepted(post_with({"Connection: Upgrade", "Upgrade: x", "Content-Length: 5"})).upgrade);
    CHECK_FALSE(accepted(get_with({"Connection: Upgrade", "Upgrade: h2c"})).upgrade);
}

TEST_CASE("RFC 9112 11.1: a response is split by nothing that stands in a value") {
    bad_response("HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\n\r\n", Fault::bare_line_ending);
    bad_response("HTTP/1.1 200 OK\r\nA: b\nSet-Cookie: c\r\n\r\n", Fault::bare_line_ending);
    bad_response("HTTP/1.1 200 OK\rX\r\n\r\n", Fault::bare_line_ending);
}

TEST_CASE("RFC 9112 11.2: two hosts for one request are refused, or the target's is taken") {
    refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Fault::host_repeated, 400);
    refused("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Fault::bad_host, 400);
    refused("GET / HTTP/1.1\r\nHost: a\r\n Host: b\r\n\r\n", Fault::folded_field);
    refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Fault::bad_field_name);
    refused("GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_host);
    CHECK(accepted("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n").authority == "b");
    CHECK(accepted("GET //b/ HTTP/1.1\r\nHost: a\r\n\r\n").authority == "a");
}
