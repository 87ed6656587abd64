#include "ringway/http/target.h"

#include <array>
#include <string>
#include <vector>

#include "support.h"

using namespace ringway::http;
using namespace ringway::http::test;

namespace {

// The text of a target and Host as read_target sees them, kept as long as the result is looked at.
struct Read {
    explicit Read(std::string_view line, std::vector<std::string> fields = {"Host: host"},
                  std::size_t scratch_bytes = 100)
        : parsed(make_text(line, fields)), scratch(scratch_bytes) {
        const TargetResult result = read_target(parsed.head, scratch);
        target = result.target;
        fault = result.fault;
    }
    static std::string make_text(std::string_view line, const std::vector<std::string>& fields) {
        std::string text = std::string(line) + "\r\n";
        for (const std::string& field : fields) text += field + "\r\n";
        return text + "\r\n";
    }
    ParsedRequest parsed;
    std::vector<char> scratch;
    Target target;
    Fault fault = Fault::none;
};

std::string normal(std::string_view path) {
    std::vector<char> out(path.size());
    const NormalPath result = normalize_path(path, out);
    return result.fault == Fault::none ? std::string(result.path)
                                       : std::string(name_of(result.fault));
}

}  // namespace

TEST_CASE("an origin target is a path and a query, asked of the Host") {
    const Read read("GET /a/b?c=/d?e HTTP/1.1", {"Host: Example.com:8080"});
    CHECK(read.fault == Fault::none);
    CHECK(read.target.form == TargetForm::origin);
    CHECK(read.target.path == "/a/b");
    CHECK(read.target.query == "?c=/d?e");
    CHECK(read.target.path_and_query == "/a/b?c=/d?e");
    CHECK(read.target.authority == "Example.com:8080");
    CHECK(read.target.host == "Example.com");
    CHECK(read.target.scheme == "");
    CHECK(Read("GET / HTTP/1.1").target.query == "");
    CHECK(Read("GET /? HTTP/1.1").target.query == "?");
    CHECK(Read("GET //evil/x HTTP/1.1").target.path == "//evil/x");
    CHECK(Read("GET //evil/x HTTP/1.1").target.host == "host");
}

TEST_CASE("an absolute target says who is asked, whatever the Host field says") {
    const Read read("GET HTTP://a.example:81/p?q HTTP/1.1", {"Host: other"});
    CHECK(read.fault == Fault::none);
    CHECK(read.target.form == TargetForm::absolute);
    CHECK(read.target.scheme == "HTTP");
    CHECK(read.target.authority == "a.example:81");
    CHECK(read.target.host == "a.example");
    CHECK(read.target.path == "/p");
    CHECK(read.target.query == "?q");
    CHECK(read.target.path_and_query == "/p?q");
}

TEST_CASE("an absolute target without a path asks for the root") {
    CHECK(Read("GET http://a HTTP/1.1").target.path == "/");
    CHECK(Read("GET http://a HTTP/1.1").target.path_and_query == "/");
    const Read query("GET https://a?x=/y HTTP/1.1");
    CHECK(query.target.path == "/");
    CHECK(query.target.query == "?x=/y");
    CHECK(query.target.path_and_query == "/?x=/y");
    CHECK(query.target.authority == "a");
    CHECK(Read("GET http://a?xyz HTTP/1.1", {"Host: a"}, 5).target.path_and_query == "/?xyz");
    CHECK(Read("GET http://a?xyz HTTP/1.1", {"Host: a"}, 4).fault == Fault::target_too_long);
}

TEST_CASE("OPTIONS asks for everything with an asterisk, or a bare authority") {
    const Read asterisk("OPTIONS * HTTP/1.1");
    CHECK(asterisk.target.form == TargetForm::asterisk);
    CHECK(asterisk.target.path == "*");
    CHECK(asterisk.target.path_and_query == "*");
    CHECK(asterisk.target.host == "host");
    const Read absolute("OPTIONS http://a:1 HTTP/1.1");
    CHECK(absolute.target.form == TargetForm::asterisk);
    CHECK(absolute.target.path_and_query == "*");
    CHECK(absolute.target.authority == "a:1");
    CHECK(Read("OPTIONS http://a/ HTTP/1.1").target.path == "/");
    CHECK(Read("OPTIONS /x HTTP/1.1").target.path == "/x");
    CHECK(Read("GET * HTTP/1.1").fault == Fault::bad_target);
    CHECK(Read("OPTIONS ** HTTP/1.1").fault == Fault::bad_target);
}

TEST_CASE("CONNECT names an authority with a port, and only CONNECT does") {
    const Read read("CONNECT a.example:443 HTTP/1.1");
    CHECK(read.fault == Fault::none);
    CHECK(read.target.form == TargetForm::authority);
    CHECK(read.target.authority == "a.example:443");
    CHECK(read.target.host == "a.example");
    for (const char* target :
         {"a.example", "a.example:", "/", "*", "http://a:1", "a:70000", "u@a:1"}) {
        CAPTURE(target);
        CHECK(Read("CONNECT " + std::string(target) + " HTTP/1.1").fault == Fault::bad_target);
    }
    CHECK(Read("GET a.example:443 HTTP/1.1").fault == Fault::bad_target);
}

TEST_CASE("other schemes and malformed authorities are refused") {
    for (const char* target :
         {"ftp://a/", "a", "http:/a", "http//a", "httpx://a/", "://a/", "?q"}) {
        CAPTURE(target);
        CHECK(Read("GET " + std::string(target) + " HTTP/1.1").fault == Fault::bad_target);
    }
    for (const char* target : {"http://", "http:///x", "http://u@a/", "http://u:p@a/",
                               "http://a:b/", "http://[::1/", "http://a:1:2/", "http://?x"}) {
        CAPTURE(target);
        CHECK(Read("GET " + std::string(target) + " HTTP/1.1").fault == Fault::bad_host);
    }
}

TEST_CASE("there is one Host in HTTP/1.1 and at most one in HTTP/1.0") {
    CHECK(Read("GET / HTTP/1.1", {}).fault == Fault::host_missing);
    CHECK(Read("GET http://a/ HTTP/1.1", {}).fault == Fault::host_missing);
    CHECK(Read("GET / HTTP/1.0", {}).fault == Fault::none);
    CHECK(Read("GET / HTTP/1.0", {}).target.authority == "");
    CHECK(Read("GET / HTTP/1.1", {"Host: a", "Host: a"}).fault == Fault::host_repeated);
    CHECK(Read("GET / HTTP/1.0", {"Host: a", "host: b"}).fault == Fault::host_repeated);
    CHECK(Read("GET / HTTP/1.1", {"Host:"}).fault == Fault::bad_host);
    CHECK(Read("GET / HTTP/1.1", {"Host: a b"}).fault == Fault::bad_host);
    CHECK(Read("GET http://a/ HTTP/1.1", {"Host: a/b"}).fault == Fault::bad_host);
}

TEST_CASE("an authority is a host and a port") {
    for (const char* text :
         {"a", "a.b-c_d~e", "a:80", "a:", "a:0", "a:65535", "127.0.0.1:1", "[::1]", "[::1]:80",
          "[2001:db8::1:2]:", "[::ffff:1.2.3.4]", "%41b", "a,b", "a!$&'()*+;="}) {
        CAPTURE(text);
        CHECK(is_valid_authority(text));
    }
    for (const char* text : {"",
                             ":",
                             ":80",
                             "a:65536",
                             "a:+1",
                             "a:1a",
                             "a:99999999999999999999",
                             "a b",
                             "a/b",
                             "a?b",
                             "a#b",
                             "u@a",
                             "a\\b",
                             "a%",
                             "a%4",
                             "a%4g",
                             "a%00",
                             "[",
                             "[]",
                             "[::1",
                             "[::1]x",
                             "[::1]:x",
                             "[::1]]",
                             "[1.2.3.4]",
                             "[g::1]",
                             "[v1.x]",
                             "[fe80::1%25eth0]",
                             "[1:2:3:4:5:6:7:8:9]",
                             "a:1:2",
                             "::1",
                             "\xc3\xa9",
                             "a\"b",
                             "a<b",
                             "a[b]"}) {
        CAPTURE(text);
        CHECK_FALSE(is_valid_authority(text));
    }
}

TEST_CASE("a path is normalized for matching") {
    CHECK(normal("/") == "/");
    CHECK(normal("/a/b/") == "/a/b/");
    CHECK(normal("*") == "*");
    CHECK(normal("") == "");  // CONNECT has no path
    CHECK(normal("/%61%7E%2d%5F%2E") == "/a~-_.");
    CHECK(normal("/%2f%3a%e9") == "/%2F%3A%E9");
    CHECK(normal("/a//b") == "/a//b");
    CHECK(normal("/a/./b") == "/a/b");
    CHECK(normal("/./a") == "/a");
    CHECK(normal("/a/.") == "/a/");
    CHECK(normal("/a/b/..") == "/a/");
    CHECK(normal("/a/../b") == "/b");
    CHECK(normal("/a/b/../../c") == "/c");
    CHECK(normal("/a//../b") == "/a/b");
    CHECK(normal("/a/..") == "/");
    CHECK(normal("/a/%2e%2E/b") == "/b");
    CHECK(normal("/a/.%2e/b") == "/b");
    CHECK(normal("/.a/..b/c..") == "/.a/..b/c..");
    CHECK(normal("/a/...") == "/a/...");
    CHECK(normal("/a%2f..%2fb") == "/a%2F..%2Fb");
    CHECK(normal("/a;x=..") == "/a;x=..");
}

TEST_CASE("a path that leaves the root, hides a zero or is badly escaped is refused") {
    for (const char* path : {"/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "/./..", "/%00",
                             "/a%00b", "/%", "/%4", "/%4g", "/%g4", "/a%", "/%%41", "a", "?"}) {
        CAPTURE(path);
        CHECK(normal(path) == "bad-path");
    }
}

TEST_CASE("a normalized path is written into the room that was given") {
    std::array<char, 9> out{};
    const NormalPath plain = normalize_path("/abc", out);
    CHECK(plain.path.data() == out.data());
    const NormalPath escaped = normalize_path("/%61/.%62", out);
    CHECK(escaped.fault == Fault::none);
    CHECK(escaped.path == "/a/.b");
    CHECK(escaped.path.data() == out.data());
}
