#include <string>

#include "support.h"

using namespace ringway::http;
using namespace ringway::http::test;

namespace {

void check_request(std::string_view text, std::string_view understood,
                   const HeadLimits& limits = {}) {
    check_head(HeadKind::request, text, understood, limits);
}
void check_refused(std::string_view text, Fault fault, const HeadLimits& limits = {}) {
    check_fault(HeadKind::request, text, fault, limits);
}

// A request whose only field line is `line`.
std::string with_field(std::string_view line) {
    return "GET / HTTP/1.1\r\n" + std::string(line) + "\r\n\r\n";
}

}  // namespace

TEST_CASE("a request is taken apart and nothing of it is lost") {
    const auto parsed = request({"POST /a/b?c=d HTTP/1.1", "Host: example.com",
                                 "content-LENGTH:\t 3 \t", "X-Empty:", "Cookie: a=b; c=d"});
    const RequestHead& head = parsed.head;
    CHECK(head.method == Method::post);
    CHECK(head.text(head.method_text) == "POST");
    CHECK(head.text(head.target) == "/a/b?c=d");
    CHECK(head.version_minor == 1);
    REQUIRE(head.fields().size() == 4);
    CHECK(head.fields()[0].id == FieldName::host);
    CHECK(head.value(head.fields()[0]) == "example.com");
    CHECK(head.name(head.fields()[1]) == "content-LENGTH");
    CHECK(head.fields()[1].id == FieldName::content_length);
    CHECK(head.value(head.fields()[1]) == "3");
    CHECK(head.name(head.fields()[2]) == "X-Empty");
    CHECK(head.fields()[2].id == FieldName::other);
    CHECK(head.value(head.fields()[2]) == "");
    CHECK(head.value_of(FieldName::cookie) == "a=b; c=d");
    CHECK(head.value_of(FieldName::te) == "");
    CHECK(head.find("x-EMPTY") == &head.fields()[2]);
    CHECK(head.find("x-emptyy") == nullptr);
}

TEST_CASE("any split of a request gives the same as the whole") {
    check_request("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
    check_request("GET / HTTP/1.0\r\nHost:a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    check_request("DELETE http://h/x HTTP/1.1\r\nA:  1\t\r\nB: \r\nC:x y\r\n\r\n",
                  "DELETE http://h/x HTTP/1.1\r\nA: 1\r\nB: \r\nC: x y\r\n\r\n");
}

TEST_CASE("at most two empty lines before the request line are skipped") {
    check_request("\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
    check_request("\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
    check_refused("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", Fault::bad_request_line);
    check_refused("\nGET / HTTP/1.1\r\n\r\n", Fault::bare_line_ending);
    check_refused("\rGET / HTTP/1.1\r\n\r\n", Fault::bare_line_ending);
    check_refused("\r\n\nGET / HTTP/1.1\r\n\r\n", Fault::bare_line_ending);
}

TEST_CASE("a request has begun with the first byte that is no empty line") {
    RequestHead head;
    const HeadLimits limits;
    RequestParser parser(head, limits);
    CHECK(parser.parse("") == Progress::need_more);
    CHECK_FALSE(parser.has_begun());
    CHECK(parser.parse("\r") == Progress::need_more);
    CHECK_FALSE(parser.has_begun());
    CHECK(parser.parse("\r\n") == Progress::need_more);
    CHECK_FALSE(parser.has_begun());
    CHECK(parser.parse("\r\nG") == Progress::need_more);
    CHECK(parser.has_begun());
    parser.reset();
    CHECK_FALSE(parser.has_begun());
    CHECK(parser.parse("\x16\x03") == Progress::failed);
    CHECK(parser.has_begun());
    parser.reset();
    CHECK(parser.parse("GET / HTTP/1.1\r\n") == Progress::need_more);
    CHECK(parser.has_begun());
}

TEST_CASE("the request line is a method, a target and a version with one blank between") {
    check_refused(" GET / HTTP/1.1\r\n\r\n", Fault::bad_request_line);
    check_refused("GET  / HTTP/1.1\r\n\r\n", Fault::bad_request_line);
    check_refused("GET\t/ HTTP/1.1\r\n\r\n", Fault::bad_method);
    check_refused("GET /  HTTP/1.1\r\n\r\n", Fault::bad_version);
    check_refused("GET / HTTP/1.1 \r\n\r\n", Fault::bad_version);
    check_refused("GET /\r\n\r\n", Fault::bad_request_line);
    check_refused("GET /\n", Fault::bad_request_line);
    check_refused("GET / \r\n\r\n", Fault::bad_version);
    check_refused("GET\r\n\r\n", Fault::bad_method);
    check_refused("GET / HTTP/1.1\n\r\n", Fault::bare_line_ending);
    check_refused("GET / HTTP/1.1\rX", Fault::bare_line_ending);
    check_refused("GET / a HTTP/1.1\r\n\r\n", Fault::bad_version);
}

TEST_CASE("a method is a token of a bounded length") {
    check_request("M-SEARCH / HTTP/1.1\r\n\r\n", "M-SEARCH / HTTP/1.1\r\n\r\n");
    const std::string longest(32, 'A');
    check_request(longest + " / HTTP/1.1\r\n\r\n", longest + " / HTTP/1.1\r\n\r\n");
    check_refused(longest + "A", Fault::method_not_implemented);
    check_refused(longest + "A / HTTP/1.1\r\n\r\n", Fault::method_not_implemented);
    check_refused("GE(T / HTTP/1.1\r\n\r\n", Fault::bad_method);
    check_refused("G\xc3\x89T / HTTP/1.1\r\n\r\n", Fault::bad_method);
    check_refused(std::string_view("G\0T / HTTP/1.1\r\n\r\n", 18), Fault::bad_method);
}

TEST_CASE("what cannot become a request is refused at its first wrong byte") {
    check_refused("\x16\x03\x01\x02", Fault::bad_method);  // a TLS ClientHello
    check_refused(std::string_view("\0", 1), Fault::bad_method);
    check_refused("{\"a", Fault::bad_method);
    check_refused("GET / X", Fault::bad_version);
    check_refused("GET / HTTP/1.1\r\nHost ", Fault::bad_field_name);
    check_refused("GET / HTTP/1.1\r\nHost: a\x01", Fault::bad_field_value);
    check_refused("GET / HTTP/1.1\r\n ", Fault::folded_field);
}

TEST_CASE("a target is of visible ASCII and has no fragment") {
    for (int c = 0; c < 256; ++c) {
        // Short, and long enough for what is scanned 16 bytes at a time.
        for (const char* rest : {"", "?a-long-query=that-goes-on"}) {
            const std::string text =
                "GET /" + std::string(1, static_cast<char>(c)) + rest + " HTTP/1.1\r\n\r\n";
            CAPTURE(c);
            if (c == ' ') {
                check_refused(text, Fault::bad_version);
            } else if (c == '\r' || c == '\n') {
                check_refused(text, Fault::bad_request_line);
            } else if (c > 0x20 && c < 0x7f && c != '#') {
                check_request(text, text);
            } else {
                check_refused(text, Fault::bad_target);
            }
        }
    }
}

TEST_CASE("a version is HTTP/1.x; other versions are 505 and anything else is junk") {
    check_request("GET / HTTP/1.7\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");
    CHECK(request({"GET / HTTP/1.0"}).head.version_minor == 0);
    CHECK(request({"GET / HTTP/1.7"}).head.version_minor == 1);
    for (const char* version : {"HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.1"}) {
        check_refused("GET / " + std::string(version) + "\r\n\r\n", Fault::unsupported_version);
    }
    for (const char* version :
         {"http/1.1", "HTTP/1", "HTTP/1.", "HTTP/11", "HTTP/1.10", "HTTP/11.1", "HTTP 1.1",
          "HTTPS/1.1", "HTTP/1,1", "HTTP/x.1", "HTTP/2", "ICY/1.1"}) {
        check_refused("GET / " + std::string(version) + "\r\n\r\n", Fault::bad_version);
    }
    check_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Fault::unsupported_version);
}

TEST_CASE("a field name is a token, directly before its colon") {
    for (int c = 0; c < 256; ++c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool fits =
            is_letter || (c >= '0' && c <= '9') ||
            (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                           std::string_view::npos);
        CAPTURE(c);
        if (c == ':') continue;
        // Short, and long enough for what is scanned 16 bytes at a time.
        for (const char* rest :
             {"b: 1", "b-long-name-that-goes-on: 1", "b: a value that is long"}) {
            const std::string text = with_field("a" + std::string(1, static_cast<char>(c)) + rest);
            if (fits) {
                check_request(text, text);
            } else {
                check_refused(text, Fault::bad_field_name);
            }
        }
    }
    check_refused(with_field(": 1"), Fault::bad_field_name);
    check_refused(with_field("Host : a"), Fault::bad_field_name);
    check_refused(with_field("Host\t: a"), Fault::bad_field_name);
    check_refused(with_field("no colon"), Fault::bad_field_name);
    check_refused(with_field("nocolon"), Fault::bad_field_name);
}

TEST_CASE("a field value holds no control character but HTAB") {
    for (int c = 0; c < 256; ++c) {
        // Long enough that the byte lies in either half of what is scanned at once, and behind it.
        for (const std::size_t before :
             {std::size_t{0}, std::size_t{7}, std::size_t{15}, std::size_t{30}}) {
            const std::string value =
                std::string(before, 'x') + static_cast<char>(c) + std::string(20, 'y');
            const std::string text = with_field("A: " + value);
            CAPTURE(c);
            if (c == '\r' || c == '\n') {
                check_refused(text, Fault::bare_line_ending);
            } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
                check_refused(text, Fault::bad_field_value);
            } else if (before != 0) {
                check_request(text, text);
            }
        }
    }
}

TEST_CASE("folded lines and a blank before the first field are refused") {
    check_refused("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Fault::folded_field);
    check_refused("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", Fault::folded_field);
    check_refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Fault::folded_field);
    check_refused("GET / HTTP/1.1\r\nA:\r\n \r\n\r\n", Fault::folded_field);
}

TEST_CASE("the empty line ends with CR and LF as all lines do") {
    check_refused("GET / HTTP/1.1\r\nA: b\r\n\n", Fault::bare_line_ending);
    check_refused("GET / HTTP/1.1\r\nA: b\r\n\rX", Fault::bare_line_ending);
    check_refused("GET / HTTP/1.1\r\nA: b\n\r\n", Fault::bare_line_ending);
    check_refused("GET / HTTP/1.1\r\nA: b\r\r\n\r\n", Fault::bare_line_ending);
}

TEST_CASE("limits are held exactly") {
    SUBCASE("target") {
        const HeadLimits limits{.head_bytes_max = 1000, .target_bytes_max = 20, .fields_max = 10};
        const std::string fits = "GET /" + std::string(19, 'a') + " HTTP/1.1\r\n\r\n";
        const std::string exceeds = "GET /" + std::string(20, 'a') + " HTTP/1.1\r\n\r\n";
        check_request(fits, fits, limits);
        check_refused(exceeds, Fault::target_too_long, limits);
        check_refused(exceeds.substr(0, 25), Fault::target_too_long, limits);
        check_need_more(HeadKind::request, exceeds.substr(0, 24), limits);
    }
    SUBCASE("head") {
        const std::string text = lines({"GET / HTTP/1.1", "Host: example.com", "A: b"});
        const auto bytes = static_cast<std::uint32_t>(text.size());
        check_request(text, text, {.head_bytes_max = bytes});
        check_refused(text, Fault::head_too_large, {.head_bytes_max = bytes - 1});
        check_refused(text, Fault::head_too_large, {.head_bytes_max = bytes - 2});
        check_refused(text, Fault::head_too_large, {.head_bytes_max = 20});
        check_refused(text, Fault::head_too_large, {.head_bytes_max = 16});
        check_refused(text, Fault::head_too_large, {.head_bytes_max = 15});
        check_refused(text, Fault::target_too_long, {.head_bytes_max = 5});
        check_refused(text, Fault::head_too_large, {.head_bytes_max = 2});
        // A limit that is reached by a head that is not complete will be exceeded.
        const std::string_view beginning = std::string_view(text).substr(0, 30);
        check_refused(beginning, Fault::head_too_large, {.head_bytes_max = 30});
        check_need_more(HeadKind::request, beginning, {.head_bytes_max = 31});
    }
    SUBCASE("a target that fills the head is a target that is too long") {
        const std::string text = "GET /" + std::string(100, 'a') + " HTTP/1.1\r\n\r\n";
        check_refused(text, Fault::target_too_long, {.head_bytes_max = 64});
    }
    SUBCASE("fields") {
        const std::string two = lines({"GET / HTTP/1.1", "A: 1", "B: 2"});
        const std::string three = lines({"GET / HTTP/1.1", "A: 1", "B: 2", "C: 3"});
        check_request(two, two, {.fields_max = 2});
        check_refused(three, Fault::too_many_fields, {.fields_max = 2});
    }
    SUBCASE("more fields than there is room for") {
        std::string text = "GET / HTTP/1.1\r\n";
        for (std::size_t i = 0; i < fields_max; ++i) text += "a: b\r\n";
        const HeadLimits limits{.fields_max = 1000};
        RequestHead head;
        RequestParser parser(head, limits);
        CHECK(parser.parse(text + "\r\n") == Progress::done);
        parser.reset();
        CHECK(parser.parse(text + "a: b\r\n\r\n") == Progress::failed);
        CHECK(parser.fault() == Fault::too_many_fields);
    }
    SUBCASE("a field name that no count of 16 bits holds") {
        const HeadLimits limits{.head_bytes_max = 1 << 20};
        for (const std::size_t bytes :
             {std::size_t{65535}, std::size_t{65536}, std::size_t{65540}}) {
            RequestHead head;
            RequestParser parser(head, limits);
            const std::string text = with_field(std::string(bytes, 'a') + ": b");
            const Progress progress = parser.parse(text);
            CHECK((progress == Progress::done) == (bytes == 65535));
            CHECK((parser.fault() == Fault::head_too_large) == (bytes != 65535));
        }
    }
}

TEST_CASE("after a fault the parser stays with it, and knows what it had read") {
    RequestHead head;
    const HeadLimits limits;
    RequestParser parser(head, limits);
    const std::string_view text = "PUT /x HTTP/1.1\r\nbad name: 1\r\n\r\n";
    CHECK(parser.parse(text) == Progress::failed);
    CHECK(parser.parse(text) == Progress::failed);
    CHECK(parser.fault() == Fault::bad_field_name);
    CHECK(head.method == Method::put);
    CHECK(head.text(head.target) == "/x");
    parser.reset();
    CHECK(head.method == Method::other);
    CHECK(parser.parse(lines({"GET / HTTP/1.1"})) == Progress::done);
    CHECK(parser.fault() == Fault::none);
}

TEST_CASE("pipelined requests are parsed one after the other") {
    const std::string first = lines({"GET /1 HTTP/1.1", "Host: a"});
    const std::string second = lines({"GET /2 HTTP/1.1", "Host: b"});
    const std::string both = first + second;
    RequestHead head;
    const HeadLimits limits;
    RequestParser parser(head, limits);
    REQUIRE(parser.parse(both) == Progress::done);
    CHECK(head.head_bytes() == first.size());
    CHECK(head.text(head.target) == "/1");
    parser.reset();
    REQUIRE(parser.parse(std::string_view(both).substr(first.size())) == Progress::done);
    CHECK(head.head_bytes() == second.size());
    CHECK(head.value_of(FieldName::host) == "b");
}

TEST_CASE("a head whose bytes were copied elsewhere is read there") {
    const std::string text = lines({"GET /1 HTTP/1.1", "Host: a"});
    auto original = std::make_unique<std::string>(text);
    RequestHead head;
    const HeadLimits limits;
    RequestParser parser(head, limits);
    REQUIRE(parser.parse(*original) == Progress::done);
    CHECK(head.base() == original->data());
    head.rebase(text.data());
    original.reset();
    CHECK(head.text(head.target) == "/1");
    CHECK(head.value_of(FieldName::host) == "a");
}

TEST_CASE("feeding a long head byte by byte is linear") {
    // 256 KiB in one value and in one name's place: quadratic work would take minutes.
    const HeadLimits limits{.head_bytes_max = 1 << 20, .target_bytes_max = 1 << 20};
    const std::string long_text(256 * 1024, 'a');
    for (const std::string& text :
         {with_field("A: " + long_text), "GET /" + long_text + " HTTP/1.1\r\n\r\n"}) {
        RequestHead head;
        RequestParser parser(head, limits);
        Progress progress = Progress::need_more;
        for (std::size_t bytes = 1; bytes <= text.size(); ++bytes) {
            progress = parser.parse(std::string_view(text).substr(0, bytes));
            if (progress != Progress::need_more) break;
        }
        CHECK(progress == Progress::done);
    }
}
