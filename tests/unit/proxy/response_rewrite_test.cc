#include <array>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "messages.h"
#include "ringway/proxy/head_rewrite.h"

using namespace ringway;
using namespace ringway::proxy;
using config::HeaderEdit;
using test::contains;

namespace {

struct Scene {
    Scene() { settings.via = false; }
    std::string write(const std::string& text,
                      const std::function<void(ResponseRewrite&)>& change = nullptr) const {
        const test::Response response(text);
        ResponseRewrite rewrite{.settings = settings, .route = route, .head = response.head};
        if (change) change(rewrite);
        std::array<char, 16384> room{};
        http::HeadWriter out(room);
        write_response_head(out, rewrite);
        REQUIRE(!out.overflowed());
        CHECK(out.bytes() <= text.size() + response_head_bytes_added_max(rewrite));
        return std::string(out.text());
    }
    config::Settings settings;
    config::Route route;
};

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

void no_body(ResponseRewrite&) {}
void chunked(ResponseRewrite& rewrite) { rewrite.form = BodyForm::chunked; }
void seven_bytes(ResponseRewrite& rewrite) {
    rewrite.form = BodyForm::length;
    rewrite.length = 7;
}

}  // namespace

TEST_CASE("a response keeps the order and spelling of its fields") {
    const Scene scene;
    const std::string text =
        ok("SERVER: x\r\nset-cookie: a=b\r\nX-A: 1\r\nSet-Cookie: c=d\r\nEmpty: \r\n");
    CHECK(scene.write(text) == text);
}

TEST_CASE("the reason is passed on as it came, also an empty or a strange one") {
    const Scene scene;
    CHECK(scene.write("HTTP/1.1 200 \r\n\r\n") == "HTTP/1.1 200 \r\n\r\n");
    CHECK(scene.write("HTTP/1.1 404\r\n\r\n") == "HTTP/1.1 404 \r\n\r\n");
    CHECK(scene.write("HTTP/1.1 299 Fine: by me\r\n\r\n") == "HTTP/1.1 299 Fine: by me\r\n\r\n");
}

TEST_CASE("an HTTP/1.0 response leaves as HTTP/1.1") {
    const Scene scene;
    CHECK(scene.write("HTTP/1.0 200 OK\r\nA: 1\r\n\r\n") == ok("A: 1\r\n"));
}

TEST_CASE("a response's fields about the connection end here, and those that Connection names") {
    const Scene scene;
    CHECK(scene.write(ok("Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
                         "Proxy-Connection: close\r\nUpgrade: h2c\r\nTE: x\r\nA: 1\r\n"
                         "Proxy-Authenticate: Basic\r\nTrailer: X-Sum\r\n")) ==
          ok("A: 1\r\nProxy-Authenticate: Basic\r\nTrailer: X-Sum\r\n"));
}

TEST_CASE("a response's framing is written from the decision, where the fields about it stood") {
    const Scene scene;
    const std::string length = ok("A: 1\r\ncontent-length: 9\r\nB: 2\r\n");
    CHECK(scene.write(length, seven_bytes) == ok("A: 1\r\nContent-Length: 7\r\nB: 2\r\n"));
    CHECK(scene.write(length, chunked) == ok("A: 1\r\nTransfer-Encoding: chunked\r\nB: 2\r\n"));
    CHECK(scene.write(length, no_body) == ok("A: 1\r\nB: 2\r\n"));
    CHECK(scene.write(length, [](ResponseRewrite& rewrite) {
        rewrite.form = BodyForm::until_close;
        rewrite.close = true;
    }) == ok("A: 1\r\nB: 2\r\nConnection: close\r\n"));
    const std::string coded = ok("transfer-encoding: chunked\r\nB: 2\r\n");
    CHECK(scene.write(coded, chunked) == ok("Transfer-Encoding: chunked\r\nB: 2\r\n"));
    CHECK(scene.write(coded, seven_bytes) == ok("Content-Length: 7\r\nB: 2\r\n"));
    CHECK(scene.write(ok("B: 2\r\n"), chunked) == ok("B: 2\r\nTransfer-Encoding: chunked\r\n"));
}

TEST_CASE("the framing is written once, however many fields there were") {
    const Scene scene;
    CHECK(scene.write(ok("Content-Length: 7\r\nA: 1\r\nContent-Length: 7\r\n"), seven_bytes) ==
          ok("Content-Length: 7\r\nA: 1\r\n"));
}

TEST_CASE("the length of a body that does not come is kept for HEAD and 304") {
    const Scene scene;
    const auto keep = [](ResponseRewrite& rewrite) { rewrite.keep_length_field = true; };
    CHECK(scene.write(ok("A: 1\r\nContent-Length: 0042\r\nContent-Length: 42\r\nB: 2\r\n"), keep) ==
          ok("A: 1\r\nContent-Length: 42\r\nB: 2\r\n"));
    CHECK(scene.write(ok("Content-Length: x\r\nB: 2\r\n"), keep) == ok("B: 2\r\n"));
    CHECK(scene.write(ok("Content-Length: 42, 42\r\nB: 2\r\n"), keep) == ok("B: 2\r\n"));
    CHECK(scene.write(ok("Transfer-Encoding: chunked\r\nB: 2\r\n"), keep) == ok("B: 2\r\n"));
}

TEST_CASE("a response that came without Date gets one, an interim one does not") {
    const Scene scene;
    const auto now = [](ResponseRewrite& rewrite) {
        rewrite.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    };
    CHECK(scene.write(ok("A: 1\r\n"), now) ==
          ok("A: 1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    CHECK(scene.write(ok("date: Mon, 07 Nov 1994 08:49:37 GMT\r\n"), now) ==
          ok("date: Mon, 07 Nov 1994 08:49:37 GMT\r\n"));
    CHECK(scene.write("HTTP/1.1 101 Switching Protocols\r\n\r\n", now) ==
          "HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

TEST_CASE("a response's Via tells the version it came in") {
    Scene scene;
    scene.settings.via = true;
    CHECK(scene.write(ok("A: 1\r\n")) == ok("A: 1\r\nVia: 1.1 ringway\r\n"));
    CHECK(scene.write("HTTP/1.0 200 OK\r\nVIA: 1.1 x\r\nA: 1\r\n\r\n") ==
          ok("VIA: 1.1 x, 1.0 ringway\r\nA: 1\r\n"));
}

TEST_CASE("the request id is echoed once") {
    const Scene scene;
    const auto with_id = [](ResponseRewrite& rewrite) { rewrite.request_id = "abc"; };
    CHECK(scene.write(ok("X-Request-ID: zzz\r\nA: 1\r\n"), with_id) ==
          ok("A: 1\r\nx-request-id: abc\r\n"));
    CHECK(scene.write(ok("X-Request-ID: zzz\r\n")) == ok("X-Request-ID: zzz\r\n"));
}

TEST_CASE("a sticky cookie is added to the cookies that came") {
    const Scene scene;
    CHECK(scene.write(ok("Set-Cookie: a=b\r\n"), [](ResponseRewrite& rewrite) {
        rewrite.sticky_cookie = "lb=1; Path=/; HttpOnly";
    }) == ok("Set-Cookie: a=b\r\nSet-Cookie: lb=1; Path=/; HttpOnly\r\n"));
}

TEST_CASE("an id or a cookie that would end its line is not written") {
    const Scene scene;
    for (const std::string_view evil : {"a\r\nEvil: 1", "a\nEvil: 1", "a\rEvil: 1"}) {
        CHECK(scene.write(ok("A: 1\r\n"), [&](ResponseRewrite& rewrite) {
            rewrite.request_id = evil;
            rewrite.sticky_cookie = evil;
        }) == ok("A: 1\r\n"));
    }
}

TEST_CASE("the route's edits set, add and remove fields of a response") {
    Scene scene;
    scene.settings.via = true;
    scene.route.response_headers = {{HeaderEdit::Action::set, "X-Frame-Options", "DENY"},
                                    {HeaderEdit::Action::add, "Set-Cookie", "a=b"},
                                    {HeaderEdit::Action::remove, "server", ""},
                                    {HeaderEdit::Action::remove, "Via", ""},
                                    {HeaderEdit::Action::set, "Content-Length", "1"},
                                    {HeaderEdit::Action::remove, "Transfer-Encoding", ""}};
    CHECK(scene.write(ok("Server: x\r\nx-frame-options: ALLOW\r\nSet-Cookie: c=d\r\n"), chunked) ==
          ok("Set-Cookie: c=d\r\nTransfer-Encoding: chunked\r\nX-Frame-Options: DENY\r\n"
             "Set-Cookie: a=b\r\n"));
}

TEST_CASE("what becomes of the connection is said at the end") {
    const Scene scene;
    CHECK(scene.write(ok("Connection: keep-alive\r\n"), [](ResponseRewrite& rewrite) {
        rewrite.close = true;
        rewrite.say_keep_alive = true;
    }) == ok("Connection: close\r\n"));
    CHECK(scene.write(ok("Connection: close\r\n"), [](ResponseRewrite& rewrite) {
        rewrite.say_keep_alive = true;
    }) == ok("Connection: keep-alive\r\n"));
    CHECK(scene.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                      "connection: Upgrade\r\nSec-WebSocket-Accept: k\r\n\r\n",
                      [](ResponseRewrite& rewrite) { rewrite.upgrade = true; }) ==
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSec-WebSocket-Accept: k\r\n"
          "Connection: upgrade\r\n\r\n");
}

TEST_CASE("interim responses are passed on with their fields") {
    config::Settings settings;
    const auto write = [&](const std::string& text) {
        const test::Response response(text);
        std::array<char, 1024> room{};
        http::HeadWriter out(room);
        write_interim_head(out, settings, response.head);
        return std::string(out.text());
    };
    settings.via = false;
    CHECK(write("HTTP/1.1 100 Continue\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: close\r\n"
                "Link: </b.css>\r\n\r\n") ==
          "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nLink: </b.css>\r\n\r\n");
    settings.via = true;
    CHECK(write("HTTP/1.1 103 Early Hints\r\nVia: 1.1 x\r\n\r\n") ==
          "HTTP/1.1 103 Early Hints\r\nVia: 1.1 x, 1.1 ringway\r\n\r\n");
}
