#include "ringway/http/framing.h"

#include <string>
#include <vector>

#include "support.h"

using namespace ringway::http;
using namespace ringway::http::test;

namespace {

ParsedRequest request_with(std::string_view line, std::vector<std::string> fields) {
    std::string text(line);
    text += "\r\nHost: a\r\n";
    for (const std::string& field : fields) text += field + "\r\n";
    return ParsedRequest(text + "\r\n");
}

void check_request_framing(std::vector<std::string> fields, const Framing& framing) {
    const auto parsed = request_with("POST / HTTP/1.1", std::move(fields));
    CAPTURE(parsed.text);
    const FramingResult result = frame_request(parsed.head);
    CHECK(result.fault == Fault::none);
    CHECK(result.framing == framing);
}
void check_request_fault(std::vector<std::string> fields, Fault fault,
                         std::string_view line = "POST / HTTP/1.1") {
    const auto parsed = request_with(line, std::move(fields));
    CAPTURE(parsed.text);
    const FramingResult result = frame_request(parsed.head);
    CHECK(result.fault == fault);
    CHECK(result.framing == Framing{});
}

Framing length(std::uint64_t bytes) { return {.kind = BodyKind::length, .length = bytes}; }
constexpr Framing chunked{.kind = BodyKind::chunked};
constexpr Framing until_close{.kind = BodyKind::until_close};
constexpr Framing tunnel{.kind = BodyKind::tunnel};

FramingResult framing_of(std::initializer_list<std::string_view> head,
                         const RequestTraits& traits = {}) {
    return frame_response(response(head).head, traits);
}

}  // namespace

TEST_CASE("a request without framing fields has no body") {
    check_request_framing({}, {});
    CHECK(frame_request(request({"GET / HTTP/1.0"}).head).fault == Fault::none);
}

TEST_CASE("a Content-Length is digits that fit, and says the same whenever it is there") {
    check_request_framing({"Content-Length: 0"}, length(0));
    check_request_framing({"Content-Length: 42"}, length(42));
    check_request_framing({"Content-Length: 0042"}, length(42));
    check_request_framing({"Content-Length: 42, 42"}, length(42));
    check_request_framing({"Content-Length: 42 ,\t42"}, length(42));
    check_request_framing({"Content-Length: 42", "content-length: 42"}, length(42));
    check_request_framing({"Content-Length: 9223372036854775807"}, length(9223372036854775807u));
    check_request_fault({"Content-Length: 42", "Content-Length: 43"},
                        Fault::conflicting_content_length);
    check_request_fault({"Content-Length: 42, 43"}, Fault::conflicting_content_length);
    for (const char* value : {"", "+1", "-1", "1 ,", ",1", "1,,1", "1 1", "0x10", "1.0", "1e3", "a",
                              "1a", "\"1\"", "1;", "9223372036854775808", "18446744073709551616",
                              "99999999999999999999999999", "\xd9\xa1"}) {
        check_request_fault({"Content-Length: " + std::string(value)}, Fault::bad_content_length);
        check_request_fault({"Content-Length: 1", "Content-Length: " + std::string(value)},
                            Fault::bad_content_length);
    }
}

TEST_CASE("the only transfer coding is chunked, once and last") {
    check_request_framing({"Transfer-Encoding: chunked"}, chunked);
    check_request_framing({"transfer-encoding: CHUNKED"}, chunked);
    for (const char* value :
         {"", ",", "chunked,", ", chunked", "chunked, chunked", "chunked,,", "chunked, gzip",
          "chunked, identity", "gzip", "identity", "xchunked", "chunked;a=b", "chunked ;a=b",
          "\"chunked\"", "chunked\t chunked", "chunked x", "gzip, \"chunked\"", "chu nked",
          "chunked, gzip, chunked"}) {
        check_request_fault({"Transfer-Encoding: " + std::string(value)},
                            Fault::bad_transfer_encoding);
    }
    check_request_fault({"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
                        Fault::bad_transfer_encoding);
    check_request_fault({"Transfer-Encoding: chunked", "Transfer-Encoding: identity"},
                        Fault::bad_transfer_encoding);
    for (const char* value : {"gzip, chunked", "identity, chunked", "gzip;q=1,chunked"}) {
        check_request_fault({"Transfer-Encoding: " + std::string(value)},
                            Fault::unsupported_transfer_encoding);
    }
    check_request_fault({"Transfer-Encoding: gzip", "Transfer-Encoding: chunked"},
                        Fault::unsupported_transfer_encoding);
}

TEST_CASE("a length and a coding exclude each other, in any order and whatever they say") {
    check_request_fault({"Content-Length: 1", "Transfer-Encoding: chunked"},
                        Fault::length_and_chunked);
    check_request_fault({"Transfer-Encoding: chunked", "Content-Length: 1"},
                        Fault::length_and_chunked);
    check_request_fault({"Transfer-Encoding: gzip", "Content-Length: 0"},
                        Fault::length_and_chunked);
    check_request_fault({"Transfer-Encoding: chunked", "Content-Length: x"},
                        Fault::length_and_chunked);
}

TEST_CASE("HTTP/1.0 knows no transfer codings, and its uploads need a length") {
    check_request_fault({"Transfer-Encoding: chunked"}, Fault::bad_transfer_encoding,
                        "POST / HTTP/1.0");
    check_request_fault({}, Fault::length_required, "POST / HTTP/1.0");
    check_request_fault({}, Fault::length_required, "PUT / HTTP/1.0");
    const auto sized = request_with("POST / HTTP/1.0", {"Content-Length: 3"});
    CHECK(frame_request(sized.head).framing == length(3));
}

TEST_CASE("CONNECT and TRACE carry no body") {
    check_request_fault({"Content-Length: 1"}, Fault::unexpected_body, "TRACE / HTTP/1.1");
    check_request_fault({"Transfer-Encoding: chunked"}, Fault::unexpected_body,
                        "CONNECT a:1 HTTP/1.1");
    const auto empty = request_with("TRACE / HTTP/1.1", {"Content-Length: 0"});
    CHECK(frame_request(empty.head).fault == Fault::none);
    CHECK(frame_request(empty.head).framing == Framing{});
}

TEST_CASE("a response is framed by its fields, or ends with its connection") {
    CHECK(framing_of({"HTTP/1.1 200 OK", "Content-Length: 7"}).framing == length(7));
    CHECK(framing_of({"HTTP/1.1 200 OK", "Transfer-Encoding: chunked"}).framing == chunked);
    CHECK(framing_of({"HTTP/1.1 200 OK"}).framing == until_close);
    CHECK(framing_of({"HTTP/1.0 200 OK"}).framing == until_close);
    CHECK(framing_of({"HTTP/1.1 404 No", "Content-Length: 0"}).framing == length(0));
}

TEST_CASE("a response whose framing is ambiguous is a fault, also where it has no body") {
    for (const Method method : {Method::get, Method::head}) {
        const RequestTraits traits{.method = method};
        CHECK(framing_of({"HTTP/1.1 200 OK", "Content-Length: 1", "Transfer-Encoding: chunked"},
                         traits)
                  .fault == Fault::length_and_chunked);
        CHECK(framing_of({"HTTP/1.1 200 OK", "Content-Length: 1, 2"}, traits).fault ==
              Fault::conflicting_content_length);
        CHECK(framing_of({"HTTP/1.1 304 No", "Content-Length: x"}, traits).fault ==
              Fault::bad_content_length);
        CHECK(framing_of({"HTTP/1.1 200 OK", "Transfer-Encoding: gzip"}, traits).fault ==
              Fault::bad_transfer_encoding);
        CHECK(framing_of({"HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"}, traits).fault ==
              Fault::unsupported_transfer_encoding);
        CHECK(framing_of({"HTTP/1.0 200 OK", "Transfer-Encoding: chunked"}, traits).fault ==
              Fault::bad_transfer_encoding);
    }
}

TEST_CASE("answers to HEAD, 1xx, 204 and 304 have no body") {
    const RequestTraits head{.method = Method::head};
    CHECK(framing_of({"HTTP/1.1 200 OK", "Content-Length: 7"}, head).framing == Framing{});
    CHECK(framing_of({"HTTP/1.1 200 OK", "Transfer-Encoding: chunked"}, head).framing == Framing{});
    CHECK(framing_of({"HTTP/1.1 200 OK"}, head).framing == Framing{});
    CHECK(framing_of({"HTTP/1.1 304 Not Modified", "Content-Length: 7"}).framing == Framing{});
    CHECK(framing_of({"HTTP/1.1 304 Not Modified", "Content-Length: 7"}).fault == Fault::none);
    for (const char* line : {"HTTP/1.1 100 Continue", "HTTP/1.1 103 Early", "HTTP/1.1 204 None"}) {
        CAPTURE(line);
        CHECK(framing_of({line}).framing == Framing{});
        CHECK(framing_of({line}).fault == Fault::none);
        CHECK(framing_of({line, "Content-Length: 0"}).fault == Fault::none);
        CHECK(framing_of({line, "Content-Length: 1"}).fault == Fault::unexpected_body);
        CHECK(framing_of({line, "Transfer-Encoding: chunked"}).fault == Fault::unexpected_body);
    }
}

TEST_CASE("a tunnel begins after a 101 that was asked for, or a CONNECT that succeeded") {
    const RequestTraits asked{.asked_for_upgrade = true};
    CHECK(framing_of({"HTTP/1.1 101 Switching", "Upgrade: websocket"}, asked).framing == tunnel);
    CHECK(framing_of({"HTTP/1.1 101 Switching"}).fault == Fault::bad_upgrade);
    CHECK(framing_of({"HTTP/1.1 101 Switching", "Content-Length: 1"}, asked).fault ==
          Fault::unexpected_body);
    CHECK(framing_of({"HTTP/1.1 101 Switching", "Transfer-Encoding: chunked"}, asked).fault ==
          Fault::unexpected_body);
    const RequestTraits connect{.method = Method::connect};
    CHECK(framing_of({"HTTP/1.1 200 OK", "Content-Length: 9"}, connect).framing == tunnel);
    CHECK(framing_of({"HTTP/1.1 299 OK"}, connect).framing == tunnel);
    CHECK(framing_of({"HTTP/1.1 403 No", "Content-Length: 9"}, connect).framing == length(9));
    CHECK(framing_of({"HTTP/1.1 101 Switching"}, connect).fault == Fault::bad_upgrade);
}

TEST_CASE("a connection stays or ends as version and Connection say") {
    const auto wishes = [](std::string_view line, std::vector<std::string> fields) {
        const auto parsed = request_with(line, std::move(fields));
        return connection_wishes(parsed.head, parsed.head.version_minor);
    };
    const std::string_view http11 = "GET / HTTP/1.1";
    const std::string_view http10 = "GET / HTTP/1.0";
    CHECK(wishes(http11, {}).keep_alive);
    CHECK_FALSE(wishes(http10, {}).keep_alive);
    CHECK(wishes(http10, {"Connection: Keep-Alive"}).keep_alive);
    CHECK(wishes(http11, {"Connection: keep-alive"}).keep_alive);
    CHECK_FALSE(wishes(http11, {"Connection: close"}).keep_alive);
    CHECK_FALSE(wishes(http11, {"Connection: keep-alive, CLOSE"}).keep_alive);
    CHECK_FALSE(wishes(http11, {"Connection: x", "Connection: , close,"}).keep_alive);
    CHECK_FALSE(wishes(http10, {"Connection: keep-alive", "Connection: close"}).keep_alive);
    CHECK_FALSE(wishes(http10, {"Proxy-Connection: keep-alive"}).keep_alive);
    CHECK(wishes(http11, {"Connection: closed"}).keep_alive);
}

TEST_CASE("a Connection field of something else than a few tokens is a fault") {
    const auto fault = [](const std::string& value) {
        const auto parsed = request_with("GET / HTTP/1.1", {"Connection: " + value});
        return connection_wishes(parsed.head, 1).fault;
    };
    CHECK(fault("keep-alive, x-foo") == Fault::none);
    CHECK(fault("") == Fault::none);
    CHECK(fault("keep-alive close") == Fault::bad_field_value);
    CHECK(fault("close;") == Fault::bad_field_value);
    CHECK(fault("\"close\"") == Fault::bad_field_value);
    std::string many = "a";
    for (int i = 1; i < 32; ++i) many += ",a";
    CHECK(fault(many) == Fault::none);
    CHECK(fault(many + ",a") == Fault::bad_field_value);
}

TEST_CASE("a wish to upgrade counts in HTTP/1.1, without a body, and not to HTTP/2") {
    const auto wishes = [](std::string_view line, std::vector<std::string> fields) {
        const auto parsed = request_with(line, std::move(fields));
        return connection_wishes(parsed.head, parsed.head.version_minor).upgrade;
    };
    const std::string_view http11 = "GET / HTTP/1.1";
    CHECK(wishes(http11, {"Connection: Upgrade", "Upgrade: websocket"}));
    CHECK(wishes(http11, {"Connection: keep-alive, upgrade", "Upgrade: x/1, y"}));
    CHECK(wishes(http11, {"Connection: upgrade", "Upgrade: websocket", "Content-Length: 0"}));
    CHECK_FALSE(wishes(http11, {"Upgrade: websocket"}));
    CHECK_FALSE(wishes(http11, {"Connection: upgrade"}));
    CHECK_FALSE(wishes(http11, {"Connection: upgrade", "Upgrade: "}));
    CHECK_FALSE(wishes("GET / HTTP/1.0", {"Connection: upgrade", "Upgrade: websocket"}));
    CHECK_FALSE(wishes(http11, {"Connection: upgrade, HTTP2-Settings", "Upgrade: h2c"}));
    CHECK_FALSE(wishes(http11, {"Connection: upgrade", "Upgrade: websocket, H2C"}));
    CHECK_FALSE(wishes(http11, {"Connection: upgrade", "Upgrade: websocket", "Upgrade: h2"}));
    CHECK_FALSE(wishes(http11, {"Connection: upgrade", "Upgrade: websocket", "Content-Length: 1"}));
    CHECK_FALSE(wishes(
        http11, {"Connection: upgrade", "Upgrade: websocket", "Transfer-Encoding: chunked"}));
}

TEST_CASE("the only expectation is 100-continue, and HTTP/1.0 has none") {
    const auto expect = [](std::string_view line, std::vector<std::string> fields) {
        return expectation_of(request_with(line, std::move(fields)).head);
    };
    const std::string_view http11 = "POST / HTTP/1.1";
    CHECK_FALSE(expect(http11, {}).wants_continue);
    CHECK(expect(http11, {"Expect: 100-Continue"}).wants_continue);
    CHECK(expect(http11, {"Expect: 100-continue"}).fault == Fault::none);
    CHECK_FALSE(expect("POST / HTTP/1.0", {"Expect: 100-continue"}).wants_continue);
    CHECK(expect("POST / HTTP/1.0", {"Expect: 100-continue"}).fault == Fault::none);
    for (const char* value : {"", "x", "100-continue, x", "100-continue;a", "200-ok"}) {
        CAPTURE(value);
        CHECK(expect(http11, {"Expect: " + std::string(value)}).fault == Fault::expectation_failed);
    }
}
