// RFC 9112, 2 to 5: start lines, targets and field lines.
#include "judge.h"
#include "ringway/http/target.h"

using namespace ringway::test;

TEST_CASE("RFC 9112 2.1: a message is a start line, field lines and an empty line") {
    CHECK(accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n").form == "origin");
    CHECK_FALSE(judge_request("GET / HTTP/1.1\r\nHost: a\r\n").complete);
    CHECK(judge_request("GET / HTTP/1.1\r\nHost: a\r\n").fault == Fault::none);
    CHECK(good_response("HTTP/1.1 200 OK\r\n\r\n").status == 200);
}

TEST_CASE("RFC 9112 2.2: a bare LF ends no line, though a recipient may take it") {
    refused("GET / HTTP/1.1\nHost: a\n\n", Fault::bare_line_ending, 400);
    refused("GET / HTTP/1.1\r\nHost: a\n\r\n", Fault::bare_line_ending);
    refused("GET / HTTP/1.1\r\nHost: a\r\n\n", Fault::bare_line_ending);
    bad_response("HTTP/1.1 200 OK\nA: b\n\n", Fault::bare_line_ending);
    bad_response("HTTP/1.1 200 OK\r\nA: b\n\r\n", Fault::bare_line_ending);
}

TEST_CASE("RFC 9112 2.2: a bare CR is invalid wherever it stands") {
    refused("GET / HTTP/1.1\rHost: a\r\n\r\n", Fault::bare_line_ending, 400);
    refused(get_with({"A: b\rc"}), Fault::bare_line_ending);
    refused(get_with({"A: b\r\rc"}), Fault::bare_line_ending);
    refused("GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_request_line);
    bad_response(lines({"HTTP/1.1 200 OK", "A: b\rc"}), Fault::bare_line_ending);
}

TEST_CASE("RFC 9112 2.2: leniency L1: one or two empty lines before a request line are skipped") {
    accepted("\r\n" + get_with({}));
    accepted("\r\n\r\n" + get_with({}));
    refused("\r\n\r\n\r\n" + get_with({}), Fault::bad_request_line, 400);
    refused("\n" + get_with({}), Fault::bare_line_ending);
    bad_response("\r\nHTTP/1.1 200 OK\r\n\r\n", Fault::bad_status_line);
}

TEST_CASE("RFC 9112 2.2: a blank between the start line and the first field is refused") {
    refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Fault::folded_field, 400);
    refused("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", Fault::folded_field);
    bad_response("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Fault::folded_field);
}

TEST_CASE("RFC 9112 2.2: bytes that are no HTTP are refused before a line is complete") {
    refused("\x16\x03\x01\x02", Fault::bad_method, 400);
    refused(std::string_view("\0\0", 2), Fault::bad_method);
    refused("GET / FTP", Fault::bad_version);
    bad_response("\x15\x03\x01", Fault::bad_status_line);
    bad_response("SSH-2.0", Fault::bad_status_line);
}

TEST_CASE("RFC 9112 2.3: the version is case-sensitive and of two single digits") {
    for (const char* version :
         {"http/1.1", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/01.1", "HTTP/1.01", "HTTP/1.1.1",
          "HTTP /1.1", "HTTP/ 1.1", "HTTP/a.b", "1.1", ""}) {
        refused("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n", Fault::bad_version, 400);
    }
}

TEST_CASE("RFC 9112 2.3: leniency L2: HTTP/1.2 to 1.9 are read as HTTP/1.1") {
    CHECK(accepted("GET / HTTP/1.2\r\nHost: a\r\n\r\n").keep_alive);
    CHECK(accepted("GET / HTTP/1.9\r\nHost: a\r\n\r\n").keep_alive);
    CHECK(good_response("HTTP/1.5 200 OK\r\n\r\n").status == 200);
}

TEST_CASE("RFC 9112 2.3: another major version is answered 505") {
    for (const char* version : {"HTTP/0.9", "HTTP/2.0", "HTTP/2.1", "HTTP/3.0"}) {
        refused("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n", Fault::unsupported_version,
                505);
    }
    refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Fault::unsupported_version);
    bad_response("HTTP/2.0 200 OK\r\n\r\n", Fault::unsupported_version);
}

TEST_CASE("RFC 9112 3: a request line has single spaces and nothing else between its parts") {
    for (const char* line :
         {"GET  / HTTP/1.1", "GET\t/ HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
          "GET / HTTP/1.1 ", "GET /\tHTTP/1.1", "GET / x HTTP/1.1", "GET /", "GET", "GET / ",
          "GET\x0b/ HTTP/1.1", "GET /\x0cHTTP/1.1", "/ HTTP/1.1"}) {
        CAPTURE(line);
        const RequestJudgement judgement = judge_request(lines({line, "Host: a"}));
        CHECK(judgement.fault != Fault::none);
        CHECK(ringway::http::status_of(judgement.fault) == 400);
        CHECK(judgement.split_that_differs == "");
    }
}

TEST_CASE("RFC 9112 3: an HTTP/0.9 request is no request") {
    refused("GET /\r\n", Fault::bad_request_line, 400);
    refused("GET / \r\n", Fault::bad_version, 400);
}

TEST_CASE("RFC 9112 3: a request line that is too long is answered 414, for its target") {
    const ringway::http::HeadLimits limits{.target_bytes_max = 10};
    accepted("GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n", limits);
    refused("GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n", Fault::target_too_long, 414, limits);
    refused("GET /1234567890", Fault::target_too_long, 414, limits);
}

TEST_CASE("RFC 9112 3.1: a method is a token; one that no server implements is answered 501") {
    accepted("M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n");
    accepted("get / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (const char* method : {"G(T", "G/T", "G@T", "G[T", "G{T", "G\"T", "G,T", "G:T", "G\x80T"}) {
        refused(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_method, 400);
    }
    refused(std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::method_not_implemented,
            501);
}

TEST_CASE("RFC 9112 3.2: a request needs one valid Host, HTTP/1.0 may leave it out") {
    refused("GET / HTTP/1.1\r\n\r\n", Fault::host_missing, 400);
    refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Fault::host_repeated, 400);
    refused("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", Fault::host_repeated);
    refused("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Fault::host_repeated);
    accepted("GET / HTTP/1.0\r\n\r\n");
    for (const char* host : {"", "a b", "a,\tb", "a/b", "u@a", "a:b", "a:65536", "a:1:2", "[::1",
                             "[::g]", "http://a", "a?b", "a#b", "a%zz", "a%00", "\xc3\xa4"}) {
        refused("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n", Fault::bad_host, 400);
    }
}

TEST_CASE("RFC 9112 3.2: a target holds visible ASCII and no fragment") {
    refused("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target, 400);
    refused("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target);
    refused("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target);
    refused(std::string_view("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28), Fault::bad_target);
}

TEST_CASE(
    "RFC 9112 3.2: leniency L3: visible characters that no URI holds are passed on as they are") {
    const RequestJudgement judgement =
        accepted("GET /a|b\\c^d`e{f}\"g\"<h>[i] HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(judgement.path_and_query == "/a|b\\c^d`e{f}\"g\"<h>[i]");
}

TEST_CASE("RFC 9112 3.2.1: an origin target is a path with or without a query") {
    const RequestJudgement judgement = accepted("GET /a/b?c=/d?e HTTP/1.1\r\nHost: h:1\r\n\r\n");
    CHECK(judgement.form == "origin");
    CHECK(judgement.path_and_query == "/a/b?c=/d?e");
    CHECK(judgement.normal_path == "/a/b");
    CHECK(judgement.authority == "h:1");
    refused("GET a HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target, 400);
    refused("GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target);
    refused("GET \\a HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target);
}

TEST_CASE("RFC 9112 3.2.2: an absolute target is taken for any method, and replaces the Host") {
    const RequestJudgement judgement =
        accepted("POST http://x:81/p?q HTTP/1.1\r\nHost: y\r\nContent-Length: 0\r\n\r\n");
    CHECK(judgement.form == "absolute");
    CHECK(judgement.authority == "x:81");
    CHECK(judgement.path_and_query == "/p?q");
    CHECK(accepted("GET https://x HTTP/1.1\r\nHost: x\r\n\r\n").path_and_query == "/");
    CHECK(accepted("GET HTTP://x?q HTTP/1.1\r\nHost: x\r\n\r\n").path_and_query == "/?q");
    refused("GET http://x/ HTTP/1.1\r\n\r\n", Fault::host_missing, 400);
    refused("GET http://u:p@x/ HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_host, 400);
    refused("GET http:///p HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_host);
    refused("GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_target);
}

TEST_CASE("RFC 9112 3.2.3: CONNECT alone has an authority target, with a port") {
    const RequestJudgement judgement = accepted("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(judgement.form == "authority");
    CHECK(judgement.authority == "x:443");
    refused("CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_target, 400);
    refused("CONNECT /x HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_target);
    refused("CONNECT http://x:1/ HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_target);
    refused("GET x:443 HTTP/1.1\r\nHost: x\r\n\r\n", Fault::bad_target);
}

TEST_CASE("RFC 9112 3.2.4: OPTIONS alone has an asterisk, also as a URI without path and query") {
    CHECK(accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").form == "asterisk");
    const RequestJudgement bare = accepted("OPTIONS http://x:1 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(bare.path_and_query == "*");
    CHECK(bare.authority == "x:1");
    CHECK(accepted("OPTIONS http://x/ HTTP/1.1\r\nHost: a\r\n\r\n").path_and_query == "/");
    refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n", Fault::bad_target, 400);
}

TEST_CASE("RFC 9112 4: a status line is a version, a blank, three digits, a blank and a reason") {
    CHECK(good_response("HTTP/1.1 404 Not Found\r\n\r\n").status == 404);
    CHECK(good_response("HTTP/1.0 200 \r\n\r\n").status == 200);
    for (const char* line :
         {"HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc",
          "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 -20 OK", "200 OK", "HTTP/1.1 +200",
          "http/1.1 200 OK", "HTTP/1.1", "HTTP/1.1 ", "ICY 200 OK"}) {
        bad_response(lines({line}), Fault::bad_status_line);
    }
    bad_response("HTTP/1.1 200 O\x01K\r\n\r\n", Fault::bad_status_line);
    bad_response(std::string_view("HTTP/1.1 200 O\0K\r\n\r\n", 20), Fault::bad_status_line);
}

TEST_CASE("RFC 9112 4: leniency L4: the blank before an empty reason may be missing") {
    CHECK(good_response("HTTP/1.1 200\r\n\r\n").status == 200);
}

TEST_CASE("RFC 9112 5: a field name ends at its colon, and a line without a colon is none") {
    refused(get_with({"no colon"}), Fault::bad_field_name, 400);
    refused(get_with({"nocolon"}), Fault::bad_field_name);
    refused(get_with({": b"}), Fault::bad_field_name);
    refused(get_with({"A\x01: b"}), Fault::bad_field_name);
    refused(get_with({"\xc3\xa4: b"}), Fault::bad_field_name);
    refused(get_with({"A(b): c"}), Fault::bad_field_name);
    bad_response(lines({"HTTP/1.1 200 OK", "no colon"}), Fault::bad_field_name);
}

TEST_CASE("RFC 9112 5.1: a blank before the colon is refused, in responses too") {
    refused(get_with({"A : b"}), Fault::bad_field_name, 400);
    refused(get_with({"A\t: b"}), Fault::bad_field_name);
    refused(get_with({"Transfer-Encoding : chunked"}), Fault::bad_field_name);
    // A proxy may cut it out of a response: ringway does not believe such an origin.
    bad_response(lines({"HTTP/1.1 200 OK", "Content-Length : 5"}), Fault::bad_field_name);
}

TEST_CASE("RFC 9112 5.1: blanks around a value are no part of it") {
    CHECK(accepted(post_with({"Content-Length:5"})).framing == "length 5");
    CHECK(accepted(post_with({"Content-Length: \t 5\t \t"})).framing == "length 5");
}

TEST_CASE("RFC 9112 5.2: line folding is refused, though a proxy may unfold responses") {
    refused(get_with({"A: b", " c"}), Fault::folded_field, 400);
    refused(get_with({"A: b", "\tc"}), Fault::folded_field);
    refused(get_with({"A:", " "}), Fault::folded_field);
    bad_response(lines({"HTTP/1.1 200 OK", "A: b", " c"}), Fault::folded_field);
}
