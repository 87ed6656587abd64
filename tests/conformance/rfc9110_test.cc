// RFC 9110: what fields, methods and statuses mean for whoever passes messages on.
#include "judge.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/names.h"

using namespace ringway::test;
using namespace ringway::http;

namespace {

// Whether a field of this name beside that Connection value is passed on.
bool passed_on(std::string_view connection, std::string_view name) {
    const std::string text = get_with({"Connection: " + std::string(connection)});
    RequestHead head;
    const HeadLimits limits;
    RequestParser parser(head, limits);
    REQUIRE(parser.parse(text) == Progress::done);
    return !is_hop_by_hop(field_name_of(name)) && !ConnectionOptions(head).names(name);
}

}  // namespace

TEST_CASE("RFC 9110 4.2.1: an http URI with an empty host is refused") {
    refused("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_host, 400);
    refused("GET / HTTP/1.1\r\nHost:\r\n\r\n", Fault::bad_host, 400);
    refused("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", Fault::bad_host);
}

TEST_CASE("RFC 9110 4.2.3: paths are compared with escapes decoded and dot segments removed") {
    const auto normal = [](const std::string& target) {
        return accepted("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").normal_path;
    };
    CHECK(normal("/%61/./b/../c") == "/a/c");
    CHECK(normal("/a/%2E%2e/b") == "/b");
    CHECK(normal("/a%2fb") == "/a%2Fb");
    CHECK(normal("/a//b") == "/a//b");
    for (const char* path : {"/..", "/a/../..", "/%2e%2e/", "/%00", "/%zz", "/%", "/%4"}) {
        refused("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_path, 400);
    }
}

TEST_CASE("RFC 9110 4.2.3: what is asked of the origin stays as it came") {
    CHECK(accepted("GET /%61/./b/../c?%zz HTTP/1.1\r\nHost: a\r\n\r\n").path_and_query ==
          "/%61/./b/../c?%zz");
}

TEST_CASE("RFC 9110 4.2.4: user information in an authority is refused") {
    refused("GET http://user@a/ HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_host, 400);
    refused("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", Fault::bad_host);
}

TEST_CASE("RFC 9110 5.4: a head that is too large is answered 431") {
    const HeadLimits limits{.head_bytes_max = 100, .fields_max = 3};
    accepted(get_with({"A: b"}), limits);
    refused(get_with({"A: " + std::string(100, 'b')}), Fault::head_too_large, 431, limits);
    refused(get_with({"A: b", "B: c", "C: d"}), Fault::too_many_fields, 431, limits);
}

TEST_CASE("RFC 9110 5.5: a value with a control character is refused, not cleaned") {
    refused(get_with({std::string_view("A: b\0c", 6)}), Fault::bad_field_value, 400);
    for (const char* value : {"\x01", "b\x08", "b\x1f c", "\x7f", "b\x0b"}) {
        refused(get_with({"A: " + std::string(value)}), Fault::bad_field_value);
        bad_response(lines({"HTTP/1.1 200 OK", "A: " + std::string(value)}),
                     Fault::bad_field_value);
    }
    accepted(get_with({"A: b\tc"}));
}

TEST_CASE("RFC 9110 5.5: leniency L7: bytes above ASCII in values and reasons are passed on") {
    accepted(get_with({"A: \xc3\xa4\x80\xff"}));
    good_response(lines({"HTTP/1.1 200 \xc3\xa4", "A: \xc3\xa4"}));
}

TEST_CASE(
    "RFC 9110 5.6.1: leniency L9: empty list elements are skipped where no framing hangs on it") {
    CHECK_FALSE(accepted(get_with({"Connection: ,, close ,"})).keep_alive);
    refused(post_with({"Transfer-Encoding: ,chunked"}), Fault::bad_transfer_encoding);
    refused(post_with({"Content-Length: 5,,5"}), Fault::bad_content_length);
}

TEST_CASE("RFC 9110 7.6.1: fields about the connection, and those it names, are not passed on") {
    for (const char* name : {"Connection", "Keep-Alive", "Proxy-Connection", "TE",
                             "Transfer-Encoding", "Upgrade", "HTTP2-Settings"}) {
        CAPTURE(name);
        CHECK_FALSE(passed_on("keep-alive", name));
    }
    CHECK_FALSE(passed_on("close, X-Hop", "x-hop"));
    CHECK(passed_on("close, X-Hop", "X-Other"));
}

TEST_CASE(
    "RFC 9110 7.6.1: a field that is meant for the recipient is kept though Connection names it") {
    for (const char* name : {"Host", "Content-Length", "Content-Type", "Cookie", "Authorization",
                             "Cache-Control", "X-Forwarded-For", "Forwarded"}) {
        CAPTURE(name);
        CHECK(passed_on("close, " + std::string(name), name));
    }
}

TEST_CASE("RFC 9110 7.6.1: a Connection field of something else than a few tokens is refused") {
    refused(get_with({"Connection: keep alive"}), Fault::bad_field_value, 400);
    refused(get_with({"Connection: \"close\""}), Fault::bad_field_value);
    std::string many = "Connection: a";
    for (int i = 0; i < 32; ++i) many += ",a";
    refused(get_with({many}), Fault::bad_field_value);
}

TEST_CASE("RFC 9110 7.8: an upgrade needs HTTP/1.1, the option and a protocol") {
    CHECK(accepted(get_with({"Connection: Upgrade", "Upgrade: websocket"})).upgrade);
    CHECK_FALSE(accepted(get_with({"Upgrade: websocket"})).upgrade);
    CHECK_FALSE(accepted(get_with({"Connection: Upgrade"})).upgrade);
    CHECK_FALSE(
        accepted("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").upgrade);
}

TEST_CASE("RFC 9110 7.8: a wish for HTTP/2, or one with a body, is ignored") {
    CHECK_FALSE(accepted(get_with({"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                                   "HTTP2-Settings: AAMAAABkAAQ"}))
                    .upgrade);
    CHECK_FALSE(accepted(get_with({"Connection: Upgrade", "Upgrade: websocket, h2c"})).upgrade);
    CHECK_FALSE(
        accepted(post_with({"Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5"}))
            .upgrade);
}

TEST_CASE("RFC 9110 7.8: a 101 that nobody asked for is a bad response") {
    const std::string text = lines({"HTTP/1.1 101 Switching", "Connection: upgrade", "Upgrade: x"});
    bad_response(text, Fault::bad_upgrade);
    CHECK(good_response(text, Method::get, true).framing == "tunnel");
}

TEST_CASE("RFC 9110 9.1: methods are case-sensitive and unknown ones are passed on") {
    CHECK(method_of("GET") == Method::get);
    CHECK(method_of("get") == Method::other);
    accepted("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_CASE("RFC 9110 9.2: safe and idempotent methods") {
    CHECK(is_safe(Method::get));
    CHECK_FALSE(is_safe(Method::delete_));
    CHECK(is_idempotent(Method::delete_));
    CHECK(is_idempotent(Method::put));
    CHECK_FALSE(is_idempotent(Method::post));
    CHECK_FALSE(is_idempotent(Method::patch));
    CHECK_FALSE(is_idempotent(Method::other));
}

TEST_CASE("RFC 9110 9.3.6 and 9.3.8: CONNECT and TRACE have no body") {
    refused("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", Fault::unexpected_body,
            400);
    refused("TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            Fault::unexpected_body, 400);
}

TEST_CASE("RFC 9110 10.1.1: an expectation other than 100-continue is answered 417") {
    CHECK(accepted(post_with({"Expect: 100-continue", "Content-Length: 5"})).wants_continue);
    refused(post_with({"Expect: something"}), Fault::expectation_failed, 417);
    refused(post_with({"Expect: 100-continue, x"}), Fault::expectation_failed, 417);
}

TEST_CASE("RFC 9110 10.1.1: HTTP/1.0 expects nothing") {
    CHECK_FALSE(accepted("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                    .wants_continue);
}

TEST_CASE("RFC 9110 15: a status lies between 100 and 599") {
    CHECK(good_response("HTTP/1.1 599 x\r\n\r\n").status == 599);
    CHECK(good_response("HTTP/1.1 299 x\r\n\r\n").status == 299);
    for (const char* status : {"000", "099", "600", "999"}) {
        bad_response("HTTP/1.1 " + std::string(status) + " x\r\n\r\n", Fault::bad_status_line);
    }
}

TEST_CASE("RFC 9110 6.5.1: trailers that frame, route, authorize or control are not passed on") {
    for (const char* name : {"Content-Length", "Transfer-Encoding", "Host", "Authorization",
                             "Content-Type", "Content-Encoding", "Content-Range", "Trailer",
                             "Set-Cookie", "Cache-Control", "Range", "If-Match", "Age"}) {
        CAPTURE(name);
        CHECK(is_forbidden_in_trailers(field_name_of(name), name));
    }
    CHECK_FALSE(is_forbidden_in_trailers(field_name_of("grpc-status"), "grpc-status"));
}
