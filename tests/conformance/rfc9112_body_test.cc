// RFC 9112, 6 to 9: how long a body is, chunked bodies, and what becomes of the connection.
#include "judge.h"

using namespace ringway::test;
using ringway::http::ChunkPart;
using ringway::http::Progress;

TEST_CASE("RFC 9112 6.1: a message with both Transfer-Encoding and Content-Length is refused") {
    refused(post_with({"Content-Length: 5", "Transfer-Encoding: chunked"}),
            Fault::length_and_chunked, 400);
    refused(post_with({"Transfer-Encoding: chunked", "Content-Length: 5"}),
            Fault::length_and_chunked);
    bad_response(lines({"HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Content-Length: 5"}),
                 Fault::length_and_chunked);
}

TEST_CASE("RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing") {
    refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::bad_transfer_encoding,
            400);
    bad_response(lines({"HTTP/1.0 200 OK", "Transfer-Encoding: chunked"}),
                 Fault::bad_transfer_encoding);
}

TEST_CASE("RFC 9112 6.1: a coding that is not known is answered 501") {
    refused(post_with({"Transfer-Encoding: gzip, chunked"}), Fault::unsupported_transfer_encoding,
            501);
    refused(post_with({"Transfer-Encoding: x", "Transfer-Encoding: chunked"}),
            Fault::unsupported_transfer_encoding);
    bad_response(lines({"HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"}),
                 Fault::unsupported_transfer_encoding);
}

TEST_CASE("RFC 9112 6.1: chunked is named once") {
    refused(post_with({"Transfer-Encoding: chunked, chunked"}), Fault::bad_transfer_encoding, 400);
    refused(post_with({"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}),
            Fault::bad_transfer_encoding);
}

TEST_CASE("RFC 9112 6.1: 1xx and 204 have no Transfer-Encoding, nor has a tunnel") {
    for (const char* line : {"HTTP/1.1 100 Continue", "HTTP/1.1 103 Hints", "HTTP/1.1 204 None"}) {
        bad_response(lines({line, "Transfer-Encoding: chunked"}), Fault::unexpected_body);
    }
    CHECK(good_response(lines({"HTTP/1.1 200 OK", "Transfer-Encoding: chunked"}), Method::connect)
              .framing == "tunnel");
}

TEST_CASE("RFC 9112 6.2: a Content-Length is a number of digits alone") {
    CHECK(accepted(post_with({"Content-Length: 0"})).framing == "length 0");
    CHECK(accepted(post_with({"Content-Length: 00042"})).framing == "length 42");
    for (const char* value : {"", "+5", "-5", "5 5", "0x5", "5;", "5.0", "5e0", "5,", ",5", "\"5\"",
                              "9223372036854775808", "18446744073709551621", "a", "5\x80"}) {
        refused(post_with({"Content-Length: " + std::string(value)}), Fault::bad_content_length,
                400);
        bad_response(lines({"HTTP/1.1 200 OK", "Content-Length: " + std::string(value)}),
                     Fault::bad_content_length);
    }
}

TEST_CASE("RFC 9112 6.3 (1): answers to HEAD, 1xx, 204 and 304 end with their heads") {
    const std::string sized = lines({"HTTP/1.1 200 OK", "Content-Length: 5"});
    CHECK(good_response(sized, Method::head).framing == "none");
    CHECK(good_response(sized).framing == "length 5");
    CHECK(good_response(lines({"HTTP/1.1 304 No", "Content-Length: 5"})).framing == "none");
    CHECK(good_response(lines({"HTTP/1.1 204 No"})).framing == "none");
    CHECK(good_response(lines({"HTTP/1.1 100 Go"})).framing == "none");
    bad_response(lines({"HTTP/1.1 204 No", "Content-Length: 5"}), Fault::unexpected_body);
    bad_response(lines({"HTTP/1.1 103 Hi", "Content-Length: 5"}), Fault::unexpected_body);
}

TEST_CASE("RFC 9112 6.3 (1): leniency L6: a length of zero in a 204 or 1xx says nothing wrong") {
    CHECK(good_response(lines({"HTTP/1.1 204 No", "Content-Length: 0"})).framing == "none");
    CHECK(good_response(lines({"HTTP/1.1 100 Go", "Content-Length: 0"})).framing == "none");
}

TEST_CASE("RFC 9112 6.3 (2): a CONNECT that succeeded becomes a tunnel, whatever fields say") {
    CHECK(good_response(lines({"HTTP/1.1 200 OK", "Content-Length: 5"}), Method::connect).framing ==
          "tunnel");
    CHECK(good_response(lines({"HTTP/1.1 407 No", "Content-Length: 5"}), Method::connect).framing ==
          "length 5");
}

TEST_CASE("RFC 9112 6.3 (4): a coding other than a last chunked leaves the length unknown") {
    for (const char* value : {"gzip", "identity", "chunked, gzip", "chunked, identity", "xchunked",
                              "chunked;q=1", "chunked ;", "\"chunked\"", "", ",", "chunked,",
                              ",chunked", "chun ked", "chunked chunked"}) {
        refused(post_with({"Transfer-Encoding: " + std::string(value)}),
                Fault::bad_transfer_encoding, 400);
        bad_response(lines({"HTTP/1.1 200 OK", "Transfer-Encoding: " + std::string(value)}),
                     Fault::bad_transfer_encoding);
    }
    CHECK(accepted(post_with({"Transfer-Encoding: cHuNkEd"})).framing == "chunked");
}

TEST_CASE("RFC 9112 6.3 (5): lengths that differ are refused") {
    refused(post_with({"Content-Length: 5", "Content-Length: 6"}),
            Fault::conflicting_content_length, 400);
    refused(post_with({"Content-Length: 5, 6"}), Fault::conflicting_content_length);
    bad_response(lines({"HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 6"}),
                 Fault::conflicting_content_length);
}

TEST_CASE("RFC 9112 6.3 (5): leniency L5: a length that is repeated with one value is that value") {
    CHECK(accepted(post_with({"Content-Length: 5", "Content-Length: 5"})).framing == "length 5");
    CHECK(accepted(post_with({"Content-Length: 5, 5"})).framing == "length 5");
    CHECK(good_response(lines({"HTTP/1.1 200 OK", "Content-Length: 5,5"})).framing == "length 5");
}

TEST_CASE("RFC 9112 6.3 (7): a request without framing fields has no body") {
    CHECK(accepted(get_with({})).framing == "none");
    CHECK(accepted(post_with({})).framing == "none");
    CHECK(accepted("GET / HTTP/1.0\r\n\r\n").framing == "none");
}

TEST_CASE("RFC 9112 6.3: an upload of HTTP/1.0 without a length is answered 411") {
    refused("POST / HTTP/1.0\r\nHost: a\r\n\r\n", Fault::length_required, 411);
    refused("PUT / HTTP/1.0\r\nHost: a\r\n\r\n", Fault::length_required, 411);
}

TEST_CASE("RFC 9112 6.3 (8): a response without framing fields ends with its connection") {
    CHECK(good_response("HTTP/1.1 200 OK\r\n\r\n").framing == "until close");
    CHECK(good_response("HTTP/1.0 200 OK\r\n\r\n").framing == "until close");
}

TEST_CASE("RFC 9112 7.1: chunks are hexadecimal sizes and data, ended by CR and LF") {
    const ChunkOutcome outcome = chunks("5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n");
    CHECK(outcome.end == ChunkPart::last);
    CHECK(outcome.data == "hello0123456789");
    CHECK(chunks("000\r\n").end == ChunkPart::last);
    for (const char* text : {"\r\n", "x\r\n", "0x5\r\n", "+5\r\n", "-5\r\n", " 5\r\n", "5\n",
                             "5\rhello", "5\r\nhello\n", "5\r\nhelloo\r\n", "5\r\nhello0\r\n",
                             "5,5\r\n", "5.\r\n", "1\r\n\r\n\r\n\r\n"}) {
        bad_chunks(text);
    }
}

TEST_CASE("RFC 9112 7.1: a chunk size that does not fit is an error, not another size") {
    CHECK(chunks("7fffffffffffffff\r\n").end == ChunkPart::need_more);
    bad_chunks("8000000000000000\r\n");
    bad_chunks("fffffffffffffffff\r\n");
    bad_chunks("100000000000000005\r\nhello\r\n");
    bad_chunks("00000000000000005\r\nhello\r\n");
}

TEST_CASE("RFC 9112 7.1.1: extensions are told apart, checked and bounded") {
    const ChunkOutcome outcome = chunks("5;a;b=c;d=\"e\\\";\"\r\nhello\r\n0;f\r\n");
    CHECK(outcome.end == ChunkPart::last);
    CHECK(outcome.data == "hello");
    CHECK(outcome.framing == "5\r\n\r\n0\r\n");
    for (const char* text : {"5;\r\nhello", "5;a=\r\nhello", "5;a=\"b\r\nhello", "5;a=b c\r\nhello",
                             "5;a\nhello", "5;a=\"\n\"\r\nhello", "5;a\rb\r\nhello"}) {
        bad_chunks(text);
    }
    bad_chunks("5;" + std::string(5000, 'a') + "\r\nhello\r\n");
}

TEST_CASE("RFC 9112 7.1.1: blanks around an extension's parts are refused") {
    bad_chunks("5 \r\nhello\r\n");
    bad_chunks("5 ;a\r\nhello\r\n");
    bad_chunks("5; a\r\nhello\r\n");
    bad_chunks("5;a =b\r\nhello\r\n");
    bad_chunks("5;a= b\r\nhello\r\n");
    bad_chunks("5;a \r\nhello\r\n");
}

TEST_CASE("RFC 9112 7.1.2: trailer fields follow the rules of header fields") {
    CHECK(trailers("A: b\r\n\r\n").text == "A: b\r\n\r\n");
    CHECK(trailers("\r\n").text == "\r\n");
    for (const char* text : {"A : b\r\n\r\n", "A: b\r\n c\r\n\r\n", "A: b\n\n", "A: \x01\r\n\r\n",
                             "GET / HTTP/1.1\r\n\r\n"}) {
        CAPTURE(text);
        CHECK(trailers(text).progress == Progress::failed);
        CHECK(trailers(text).fault == Fault::bad_trailer);
    }
}

TEST_CASE("RFC 9112 9.3: connections persist as version and Connection say") {
    CHECK(accepted(get_with({})).keep_alive);
    CHECK_FALSE(accepted(get_with({"Connection: close"})).keep_alive);
    CHECK_FALSE(accepted(get_with({"Connection: keep-alive, Close"})).keep_alive);
    CHECK_FALSE(accepted("GET / HTTP/1.0\r\n\r\n").keep_alive);
    CHECK(good_response("HTTP/1.1 200 OK\r\n\r\n").keep_alive);
    CHECK_FALSE(good_response("HTTP/1.0 200 OK\r\n\r\n").keep_alive);
}

TEST_CASE("RFC 9112 9.3: leniency L8: keep-alive is honoured in HTTP/1.0") {
    CHECK(accepted("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    CHECK(good_response(lines({"HTTP/1.0 200 OK", "Connection: keep-alive"})).keep_alive);
}
