#include <string>

#include "support.h"

using namespace ringway::http;
using namespace ringway::http::test;

namespace {

void check_response(std::string_view text, std::string_view understood) {
    check_head(HeadKind::response, text, understood);
}
void check_refused(std::string_view text, Fault fault, const HeadLimits& limits = {}) {
    check_fault(HeadKind::response, text, fault, limits);
}

}  // namespace

TEST_CASE("a response is taken apart and nothing of it is lost") {
    const auto parsed =
        response({"HTTP/1.1 404 Not  Found \xe2\x9c\x93", "Server: x", "Content-Length: 0"});
    const ResponseHead& head = parsed.head;
    CHECK(head.status == 404);
    CHECK(head.version_minor == 1);
    CHECK(head.text(head.reason) == "Not  Found \xe2\x9c\x93");
    REQUIRE(head.fields().size() == 2);
    CHECK(head.value_of(FieldName::server) == "x");
}

TEST_CASE("any split of a response gives the same as the whole") {
    check_response("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n");
    check_response("HTTP/1.0 599 \r\nA:b \r\n\r\n", "HTTP/1.0 599 \r\nA: b\r\n\r\n");
    check_response("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n");
    check_response("HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("a status line may end after the status, with or without its blank") {
    check_response("HTTP/1.1 200\r\nA: b\r\n\r\n", "HTTP/1.1 200 \r\nA: b\r\n\r\n");
    check_response("HTTP/1.1 200 \r\nA: b\r\n\r\n", "HTTP/1.1 200 \r\nA: b\r\n\r\n");
}

TEST_CASE("a status line that is none is refused at its first wrong byte") {
    for (const char* text : {"\r\nHTTP/1.1 200 OK",
                             " HTTP",
                             "http/1.1",
                             "ICY 200",
                             "HTTP/1.1\t",
                             "HTTP/1.1  200",
                             "HTTP/1.1 0",
                             "HTTP/1.1 6",
                             "HTTP/1.1 2x",
                             "HTTP/1.1 20 ",
                             "HTTP/1.1 2000",
                             "HTTP/1.1 200\t",
                             "HTTP/1.1 200x",
                             "HTTP/11",
                             "HTTP/1 ",
                             "HTTP/2 ",
                             "HTTP/1.1 200 O\x01",
                             "HTTP/1.1 200 O\x7f",
                             "<html>",
                             "\x15\x03\x01"}) {
        check_refused(text, Fault::bad_status_line);
    }
    check_refused("HTTP/2.0 200 OK\r\n\r\n", Fault::unsupported_version);
    check_refused("HTTP/0.9 200 OK\r\n\r\n", Fault::unsupported_version);
    check_refused("HTTP/1.1 200\n", Fault::bare_line_ending);
    check_refused("HTTP/1.1 200 OK\n", Fault::bare_line_ending);
    check_refused("HTTP/1.1 200 OK\rX", Fault::bare_line_ending);
    check_refused("HTTP/1.1 200\rX", Fault::bare_line_ending);
}

TEST_CASE("a status lies between 100 and 599") {
    for (int status = 0; status < 1000; ++status) {
        const std::string digits = std::to_string(status + 1000).substr(1);
        ResponseHead head;
        const HeadLimits limits;
        ResponseParser parser(head, limits);
        const std::string text = "HTTP/1.1 " + digits + " x\r\n\r\n";
        const bool fits = status >= 100 && status <= 599;
        CHECK((parser.parse(text) == Progress::done) == fits);
        CHECK((parser.fault() == Fault::bad_status_line) == !fits);
        if (fits) CHECK(head.status == status);
    }
}

TEST_CASE("fields of responses follow the rules of requests") {
    check_refused("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Fault::bad_field_name);
    check_refused("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Fault::folded_field);
    check_refused("HTTP/1.1 200 OK\r\nA: b\n\r\n", Fault::bare_line_ending);
    check_refused(std::string_view("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 26), Fault::bad_field_value);
    check_refused("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", Fault::too_many_fields,
                  {.fields_max = 1});
    check_refused("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", Fault::head_too_large,
                  {.head_bytes_max = 30});
    check_refused("HTTP/1.1 200 " + std::string(50, 'x'), Fault::head_too_large,
                  {.head_bytes_max = 40});
}

TEST_CASE("a trailer section is read up to and with its empty line") {
    check_head(HeadKind::trailers, "\r\n", "\r\n");
    check_head(HeadKind::trailers, "A: b\r\nC:d\r\n\r\n", "A: b\r\nC: d\r\n\r\n");
    const ParsedTrailers parsed("grpc-status: 0\r\n\r\n");
    REQUIRE(parsed.head.fields().size() == 1);
    CHECK(parsed.head.value(parsed.head.fields()[0]) == "0");
}

TEST_CASE("what is wrong in a trailer section is a bad trailer, or too much") {
    for (const char* text :
         {": b\r\n\r\n", "A : b\r\n\r\n", " A: b\r\n\r\n", "A: b\r\n c\r\n\r\n", "A: \x01\r\n\r\n",
          "A: b\n\r\n", "\n", "\rX", "GET / HTTP/1.1\r\n\r\n"}) {
        check_fault(HeadKind::trailers, text, Fault::bad_trailer);
    }
    check_fault(HeadKind::trailers, "A: b\r\nC: d\r\n\r\n", Fault::too_many_fields,
                {.fields_max = 1});
    check_fault(HeadKind::trailers, "A: b\r\nC: d\r\n\r\n", Fault::head_too_large,
                {.head_bytes_max = 10});
}
