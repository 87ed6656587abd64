// What a request is given on its way: Via, who the client was, the request id.
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
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
using test::trusted;

TEST_CASE("Via is a field of its own, or an element of the last one") {
    Scene scene;
    scene.settings.via = true;
    CHECK(scene.write(get("A: 1\r\n")) == get("A: 1\r\nVia: 1.1 ringway\r\n"));
    CHECK(scene.write(get("via: 1.0 fred\r\nA: 1\r\n")) ==
          get("via: 1.0 fred, 1.1 ringway\r\nA: 1\r\n"));
    CHECK(scene.write(get("Via: 1.0 fred\r\nA: 1\r\nVia: 1.1 bob\r\nB: 2\r\n")) ==
          get("Via: 1.0 fred\r\nA: 1\r\nVia: 1.1 bob, 1.1 ringway\r\nB: 2\r\n"));
    CHECK(scene.write(get("Via:\r\n")) == get("Via: 1.1 ringway\r\n"));
    scene.settings.via_name = "edge-1";
    CHECK(scene.write("GET /x HTTP/1.0\r\nHost: a.example\r\n\r\n") == get("Via: 1.0 edge-1\r\n"));
}

TEST_CASE("who asked for what is told in X-Forwarded fields") {
    Scene scene;
    scene.settings.forwarded = ForwardedFields::x_forwarded;
    CHECK(scene.write(get("")) == get("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                                      "X-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"));
}

TEST_CASE("what an untrusted client says of itself is replaced") {
    Scene scene;
    const std::string lies =
        get("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
            "x-forwarded-port: 443\r\nForwarded: for=10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n");
    SUBCASE("X-Forwarded") {
        scene.settings.forwarded = ForwardedFields::x_forwarded;
        CHECK(scene.write(lies) ==
              get("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                  "X-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"));
    }
    SUBCASE("Forwarded") {
        scene.settings.forwarded = ForwardedFields::forwarded;
        CHECK(scene.write(lies) ==
              get("Forwarded: for=192.0.2.7;host=\"a.example\";proto=http\r\n"));
    }
    SUBCASE("off") { CHECK(scene.write(lies) == get("")); }
}

TEST_CASE("an underscore does not carry a forged X-Forwarded field past") {
    const Scene scene;
    const std::string text =
        get("X_Forwarded_For: 10.0.0.1\r\nx-forwarded_PROTO: https\r\n"
            "X_Forwarded_Fox: stays\r\n");
    CHECK(scene.write(text) == get("X_Forwarded_Fox: stays\r\n"));
    CHECK(scene.write(text, trusted) == text);
}

TEST_CASE("what a trusted client says is kept, and the client is added to it") {
    Scene scene;
    const std::string said =
        get("X-Forwarded-For: 10.0.0.1\r\nx-forwarded-proto: https\r\nX-Forwarded-For: 10.0.0.2\r\n"
            "Forwarded: for=10.0.0.1\r\nA: 1\r\n");
    SUBCASE("X-Forwarded") {
        scene.settings.forwarded = ForwardedFields::x_forwarded;
        CHECK(scene.write(said, trusted) ==
              get("X-Forwarded-For: 10.0.0.1\r\nx-forwarded-proto: https\r\n"
                  "X-Forwarded-For: 10.0.0.2, 192.0.2.7\r\nForwarded: for=10.0.0.1\r\nA: 1\r\n"
                  "X-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"));
    }
    SUBCASE("both") {
        scene.settings.forwarded = ForwardedFields::both;
        CHECK(contains(scene.write(said, trusted),
                       "Forwarded: for=10.0.0.1, for=192.0.2.7;host=\"a.example\";proto=http\r\n"));
    }
    SUBCASE("off") { CHECK(scene.write(said, trusted) == said); }
}

TEST_CASE("IPv6 addresses and ports are quoted in Forwarded") {
    Scene scene;
    scene.settings.forwarded = ForwardedFields::both;
    const std::string out =
        scene.write("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", [](RequestRewrite& rewrite) {
            rewrite.client_host = "2001:db8::1";
            rewrite.listener_scheme = "https";
        });
    CHECK(contains(out, "X-Forwarded-For: 2001:db8::1\r\n"));
    CHECK(contains(out, "Forwarded: for=\"[2001:db8::1]\";host=\"[::1]:8080\";proto=https\r\n"));
}

TEST_CASE("a client of a Unix socket is an unknown one, without a port") {
    Scene scene;
    scene.settings.forwarded = ForwardedFields::both;
    const std::string out = scene.write(get(""), [](RequestRewrite& rewrite) {
        rewrite.client_host = "unix";
        rewrite.listener_port = 0;
    });
    CHECK(contains(out, "X-Forwarded-For: unknown\r\n"));
    CHECK(contains(out, "Forwarded: for=unknown;"));
    CHECK(!contains(out, "X-Forwarded-Port"));
}

TEST_CASE("the request id replaces what came under its name") {
    Scene scene;
    const auto with_id = [](RequestRewrite& rewrite) { rewrite.request_id = "abc"; };
    CHECK(scene.write(get("X-Request-Id: 1\r\nA: 1\r\nx-request-id: 2\r\n"), with_id) ==
          get("A: 1\r\nx-request-id: abc\r\n"));
    CHECK(scene.write(get("X-Request-Id: 1\r\n")) == get("X-Request-Id: 1\r\n"));
    scene.settings.request_id_name = "X-Trace";
    CHECK(scene.write(get("X-Request-Id: 1\r\nx-trace: 2\r\n"), with_id) ==
          get("X-Request-Id: 1\r\nX-Trace: abc\r\n"));
}

TEST_CASE("a request id that would end its line is not written") {
    const Scene scene;
    CHECK(scene.write(get(""), [](RequestRewrite& rewrite) {
        rewrite.request_id = "a\r\nEvil: 1";
    }) == get(""));
}

TEST_CASE("the route's edits win over what is added here") {
    Scene scene;
    scene.settings.via = true;
    scene.settings.forwarded = ForwardedFields::both;
    scene.route.request_headers = {{HeaderEdit::Action::set, "X-Forwarded-Proto", "https"},
                                   {HeaderEdit::Action::remove, "x-forwarded-port", ""},
                                   {HeaderEdit::Action::remove, "forwarded", ""},
                                   {HeaderEdit::Action::remove, "X-Request-Id", ""},
                                   {HeaderEdit::Action::remove, "via", ""}};
    CHECK(scene.write(get("Via: 1.1 bob\r\n"),
                      [](RequestRewrite& rewrite) { rewrite.request_id = "abc"; }) ==
          get("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: a.example\r\n"
              "X-Forwarded-Proto: https\r\n"));
}

TEST_CASE("a request id is the client's when it is acceptable, and made otherwise") {
    config::Settings settings;
    const std::array<std::uint64_t, 2> random{0x0123456789abcdefu, 0xfedcba9876543210u};
    std::array<char, 64> room{};
    const auto id_of = [&](const std::string& fields) {
        return std::string(request_id_of(settings, test::Request(get(fields)).head, random, room));
    };
    const std::string made = "fedcba98765432100123456789abcdef";
    CHECK(id_of("") == made);
    CHECK(id_of("X-Request-ID: 1-a/B,\"c\"\r\n") == "1-a/B,\"c\"");
    CHECK(id_of("X-Request-ID: " + std::string(128, 'a') + "\r\n") == std::string(128, 'a'));
    CHECK(id_of("X-Request-ID: " + std::string(129, 'a') + "\r\n") == made);
    CHECK(id_of("X-Request-ID: a b\r\n") == made);
    CHECK(id_of("X-Request-ID: a\tb\r\n") == made);
    CHECK(id_of("X-Request-ID: a\xffz\r\n") == made);
    CHECK(id_of("X-Request-ID:\r\n") == made);
    settings.request_id_name = "x-trace";
    CHECK(id_of("X-Request-ID: a\r\nX-Trace: b\r\n") == "b");
    settings.request_id_name.clear();
    CHECK(id_of("X-Request-ID: a\r\n").empty());
}

namespace {

// The indented block of a document that begins with this line, as a head.
std::string head_in(const std::string& document, const std::string& first_line) {
    std::string head;
    std::istringstream lines(document.substr(document.find("\n    " + first_line) + 1));
    for (std::string line; std::getline(lines, line) && line.starts_with("    ");) {
        head += line.substr(4) + "\r\n";
    }
    return head + "\r\n";
}

}  // namespace

TEST_CASE("the request in docs/HTTP.md becomes what stands there") {
    std::ifstream file(RW_HTTP_MD);
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    Scene scene;
    scene.settings = {};
    const std::string sent = head_in(document, "POST http://api.example.com/v1/users?x=1 HTTP/1.1");
    const std::string got = head_in(document, "POST /v1/users?x=1 HTTP/1.1");
    CHECK(scene.write(sent, [](RequestRewrite& rewrite) {
        rewrite.request_id = "6ff6684d0dcd8845cd6b3b8598ab824e";
    }) == got);
}
