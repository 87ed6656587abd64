#include <array>
#include <span>
#include <string>

#include <doctest/doctest.h>

#include "request_scene.h"

using namespace ringway;
using namespace ringway::proxy;
using config::ForwardedFields;
using config::HeaderEdit;
using test::contains;
using test::get;
using Scene = test::RequestScene;

TEST_CASE("fields are passed on in their order and spelling") {
    const Scene scene;
    const std::string text =
        get("ACCEPT: */*\r\nx-b: 2\r\nX-A: 1, 2\r\nx-b: again\r\nCookie: a=b; c=\"d e\"\r\nEmpty: "
            "\r\n");
    CHECK(scene.write(text) == text);
}

TEST_CASE("blanks around a value are written in one form") {
    const Scene scene;
    CHECK(scene.write(get("A:1\r\nB:\t2\r\nC:  3\r\nD: 4 \t\r\nE:\r\nF: 6\r\n")) ==
          get("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: 6\r\n"));
}

TEST_CASE("empty lines before the request are not passed on") {
    const Scene scene;
    CHECK(scene.write("\r\n" + get("A: 1\r\n")) == get("A: 1\r\n"));
}

TEST_CASE("an HTTP/1.0 request leaves as HTTP/1.1") {
    const Scene scene;
    CHECK(scene.write("GET /x HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n") ==
          get(""));
}

TEST_CASE("fields about the connection end here, and those that Connection names") {
    const Scene scene;
    CHECK(scene.write(get("Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nx-hop: 2\r\n"
                          "Proxy-Connection: close\r\nProxy-Authorization: Basic eA==\r\n"
                          "TE: trailers\r\nUpgrade: websocket\r\nHTTP2-Settings: x\r\n"
                          "X-Stays: 1\r\nTrailer: X-Sum\r\n")) ==
          get("X-Stays: 1\r\nTrailer: X-Sum\r\n"));
}

TEST_CASE("Connection cannot have fields removed that the message needs") {
    Scene scene;
    scene.settings.forwarded = ForwardedFields::x_forwarded;
    const std::string out = scene.write(
        "POST /x HTTP/1.1\r\nHost: a.example\r\nConnection: host, content-length, cookie,"
        " x-forwarded-for\r\nContent-Length: 3\r\nCookie: a=b\r\n\r\n");
    CHECK(contains(out, "Host: a.example\r\n"));
    CHECK(contains(out, "Content-Length: 3\r\n"));
    CHECK(contains(out, "Cookie: a=b\r\n"));
    CHECK(contains(out, "X-Forwarded-For: 192.0.2.7\r\n"));
}

TEST_CASE("the framing is written from the decision, where the fields about it stood") {
    const Scene scene;
    const auto post = [](const std::string& fields) {
        return "POST /x HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
    };
    CHECK(scene.write(post("A: 1\r\ncontent-length: 007\r\nB: 2\r\n")) ==
          post("A: 1\r\nContent-Length: 7\r\nB: 2\r\n"));
    CHECK(scene.write(post("Content-Length: 7, 7\r\nB: 2\r\nContent-Length: 7\r\n")) ==
          post("Content-Length: 7\r\nB: 2\r\n"));
    CHECK(scene.write(post("A: 1\r\ntransfer-encoding: Chunked\r\nB: 2\r\n")) ==
          post("A: 1\r\nTransfer-Encoding: chunked\r\nB: 2\r\n"));
    CHECK(scene.write(post("A: 1\r\n"), [](RequestRewrite& rewrite) {
        rewrite.framing = {.kind = http::BodyKind::chunked};
    }) == post("A: 1\r\nTransfer-Encoding: chunked\r\n"));
    CHECK(scene.write(post("Content-Length: 7\r\n"),
                      [](RequestRewrite& rewrite) { rewrite.framing = {}; }) == post(""));
    CHECK(scene.write(post("Content-Length: 0\r\n")) == post("Content-Length: 0\r\n"));
    CHECK(scene.write(post("")) == post(""));
}

TEST_CASE("Host is kept, in the first place") {
    const Scene scene;
    CHECK(scene.write("GET /x HTTP/1.1\r\nA: 1\r\nhost:  a.example:81\r\nB: 2\r\n\r\n") ==
          "GET /x HTTP/1.1\r\nHost: a.example:81\r\nA: 1\r\nB: 2\r\n\r\n");
    CHECK(scene.write("GET /x HTTP/1.1\r\nhost: a.example\r\nB: 2\r\n\r\n") ==
          "GET /x HTTP/1.1\r\nhost: a.example\r\nB: 2\r\n\r\n");
}

TEST_CASE("Host is the endpoint's or a literal one where the route says so") {
    Scene scene;
    scene.route.host_policy = config::HostPolicy::endpoint;
    CHECK(contains(scene.write(get("A: 1\r\n")), "\r\nHost: 127.0.0.1:9000\r\nA: 1\r\n\r\n"));
    scene.route.host_policy = config::HostPolicy::literal;
    scene.route.host = "inner.example";
    CHECK(contains(scene.write(get("A: 1\r\n")), "\r\nHost: inner.example\r\nA: 1\r\n\r\n"));
}

TEST_CASE("an HTTP/1.0 request without Host asks the endpoint by its own name") {
    Scene scene;
    scene.settings.forwarded = ForwardedFields::x_forwarded;
    const std::string out = scene.write("GET /x HTTP/1.0\r\nA: 1\r\n\r\n");
    CHECK(contains(out, "Host: 127.0.0.1:9000\r\n"));
    CHECK(!contains(out, "X-Forwarded-Host"));
}

TEST_CASE("an absolute target becomes its path, and its authority the Host") {
    const Scene scene;
    const auto target = [&](const std::string& line) {
        return scene.write(line + " HTTP/1.1\r\nHost: other.example\r\nA: 1\r\n\r\n");
    };
    const std::string rest = " HTTP/1.1\r\nHost: a.example\r\nA: 1\r\n\r\n";
    CHECK(target("GET http://a.example/x?y=1") == "GET /x?y=1" + rest);
    CHECK(target("GET http://a.example") == "GET /" + rest);
    CHECK(target("GET http://a.example?y") == "GET /?y" + rest);
    CHECK(target("OPTIONS http://a.example") == "OPTIONS *" + rest);
    CHECK(target("OPTIONS http://a.example/") == "OPTIONS /" + rest);
    CHECK(target("OPTIONS *") == "OPTIONS * HTTP/1.1\r\nHost: other.example\r\nA: 1\r\n\r\n");
}

TEST_CASE("CONNECT keeps the authority as its target") {
    const Scene scene;
    const std::string text = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
    CHECK(scene.write(text) == text);
}

TEST_CASE("the bytes of a target leave as they came") {
    const Scene scene;
    const std::string text =
        "GET /%7ea/./b/../c//d?x=%41&y=/../ HTTP/1.1\r\nHost: a.example\r\n\r\n";
    CHECK(scene.write(text) == text);
}

TEST_CASE("a rewrite replaces the matched prefix in the bytes that came") {
    Scene scene;
    scene.route.match.path = "/v1";
    scene.route.match.path_is_prefix = true;
    const auto target = [&](const std::string& path, const std::string& rewrite) {
        scene.route.rewrite = rewrite;
        const std::string out = scene.write("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        return out.substr(4, out.find(" HTTP") - 4);
    };
    CHECK(target("/v1/users?x=/v1", "/api") == "/api/users?x=/v1");
    CHECK(target("/v1", "/api") == "/api");
    CHECK(target("/v1?x", "/api") == "/api?x");
    CHECK(target("/v1/", "/api") == "/api/");
    CHECK(target("/v1/users", "/") == "/users");
    CHECK(target("/v1/users", "/api/") == "/api/users");
    CHECK(target("/v1", "/") == "/");
    CHECK(target("/v1?x", "") == "/?x");
    CHECK(target("/v1/users", "") == "/users");
    CHECK(target("/v1/%41%2fb", "/api") == "/api/%41%2fb");  // letters stay escaped
    CHECK(target("http://a/v1/x", "/api") == "/api/x");
}

TEST_CASE("a rewrite falls back to the normalized path where the prefix is not plain") {
    Scene scene;
    scene.route.match.path = "/v1";
    scene.route.match.path_is_prefix = true;
    scene.route.rewrite = "/inner";
    const auto target = [&](const std::string& path) {
        const std::string out = scene.write("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        return out.substr(4, out.find(" HTTP") - 4);
    };
    CHECK(target("/%761/users") == "/inner/users");
    CHECK(target("/x/../v1/users?q") == "/inner/users?q");
    CHECK(target("/v1/../v1/users") == "/inner/users");
    CHECK(target("/v1/%2e%2E/v1/users") == "/inner/users");
    CHECK(target("/v1/a/%2E./users") == "/inner/users");
    CHECK(target("/v1/.hidden") == "/inner/.hidden");
}

TEST_CASE("a rewrite replaces a whole exact path, and goes before every path of a route without") {
    Scene scene;
    scene.route.rewrite = "/new";
    CHECK(contains(scene.write("GET /old?x HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /new/old?x HTTP"));
    scene.route.match.path = "/old";
    CHECK(contains(scene.write("GET /old?x HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /new?x HTTP"));
    scene.route.match.path = "/";
    scene.route.match.path_is_prefix = true;
    CHECK(contains(scene.write("GET /old?x HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /new/old?x HTTP"));
    CHECK(contains(scene.write("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * HTTP"));
}

TEST_CASE("Expect is passed on, but not from an HTTP/1.0 client") {
    const Scene scene;
    CHECK(contains(scene.write("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                               "Content-Length: 1\r\n\r\n"),
                   "Expect: 100-continue\r\n"));
    CHECK(!contains(scene.write("POST /x HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n"
                                "Content-Length: 1\r\n\r\n"),
                    "Expect"));
}

TEST_CASE("the route's edits set, add and remove") {
    Scene scene;
    scene.route.request_headers = {{HeaderEdit::Action::set, "X-Set", "new"},
                                   {HeaderEdit::Action::add, "X-Add", "more"},
                                   {HeaderEdit::Action::remove, "X-Remove", ""}};
    CHECK(scene.write(get("x-set: old\r\nA: 1\r\nX-SET: older\r\nx-add: one\r\nX-Remove: 1\r\n")) ==
          get("A: 1\r\nx-add: one\r\nX-Set: new\r\nX-Add: more\r\n"));
}

TEST_CASE("edits are made in their order: a later one replaces what an earlier one wrote") {
    Scene scene;
    scene.route.request_headers = {{HeaderEdit::Action::add, "X-A", "1"},
                                   {HeaderEdit::Action::set, "x-a", "2"},
                                   {HeaderEdit::Action::add, "X-A", "3"},
                                   {HeaderEdit::Action::set, "X-B", "1"},
                                   {HeaderEdit::Action::remove, "x-b", ""}};
    CHECK(scene.write(get("X-A: 0\r\nX-B: 0\r\n")) == get("x-a: 2\r\nX-A: 3\r\n"));
}

TEST_CASE("no edit touches the framing, the connection or Host") {
    Scene scene;
    for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "Upgrade", "Host",
                             "Keep-Alive", "TE"}) {
        scene.route.request_headers.push_back({HeaderEdit::Action::set, name, "5"});
        scene.route.request_headers.push_back({HeaderEdit::Action::add, name, "6"});
        scene.route.request_headers.push_back({HeaderEdit::Action::remove, name, ""});
    }
    const std::string post =
        "POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nA: 1\r\n\r\n";
    CHECK(scene.write(post) == post);
}

TEST_CASE("an edit that would end its line is not written") {
    Scene scene;
    scene.route.request_headers = {{HeaderEdit::Action::set, "X-A", "1\r\nEvil: 1"},
                                   {HeaderEdit::Action::add, "X-B\nEvil: 1", "1"}};
    CHECK(scene.write(get("")) == get(""));
}

TEST_CASE("a wish to upgrade is passed on only when it was decided so") {
    const Scene scene;
    const std::string text =
        get("Connection: keep-alive, Upgrade\r\nupgrade: websocket\r\nSec-WebSocket-Key: k\r\n");
    CHECK(scene.write(text, [](RequestRewrite& rewrite) { rewrite.upgrade = true; }) ==
          get("upgrade: websocket\r\nSec-WebSocket-Key: k\r\nConnection: upgrade\r\n"));
    CHECK(scene.write(text) == get("Sec-WebSocket-Key: k\r\n"));
}

TEST_CASE("Max-Forwards of OPTIONS and TRACE counts down") {
    const Scene scene;
    const auto head = [](const std::string& method, const std::string& hops) {
        return method + " /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: " + hops + "\r\nA: 1\r\n\r\n";
    };
    CHECK(scene.write(head("OPTIONS", "3")) == head("OPTIONS", "2"));
    CHECK(scene.write(head("TRACE", "10")) == head("TRACE", "9"));
    CHECK(scene.write(head("GET", "3")) == head("GET", "3"));
    CHECK(scene.write(head("OPTIONS", "many")) == head("OPTIONS", "many"));
    CHECK(max_forwards_of(test::Request(head("OPTIONS", "0")).head) == 0u);
    CHECK(max_forwards_of(test::Request(head("TRACE", "7")).head) == 7u);
    CHECK(!max_forwards_of(test::Request(head("OPTIONS", "-1")).head));
    CHECK(!max_forwards_of(test::Request(head("OPTIONS", "99999999999")).head));
    CHECK(!max_forwards_of(test::Request(head("POST", "0")).head));
    CHECK(!max_forwards_of(test::Request(get("")).head));
}

TEST_CASE("a head that does not fit makes the writer overflow, and writes nothing beyond") {
    const Scene scene;
    const test::Request request(get("A: 1\r\nB: 2\r\n"));
    RequestRewrite rewrite{.settings = scene.settings,
                           .route = scene.route,
                           .head = request.head,
                           .target = request.target};
    std::array<char, 64> room{};
    room.fill('#');
    http::HeadWriter out(std::span<char>(room).first(20));
    write_request_head(out, rewrite);
    CHECK(out.overflowed());
    CHECK(room[20] == '#');
}
