#include "ringway/http/hop_by_hop.h"

#include <string>
#include <vector>

#include "support.h"

using namespace ringway::http;
using namespace ringway::http::test;

namespace {

std::vector<std::string> elements(std::string_view list) {
    std::vector<std::string> all;
    for_each_element(list, [&](std::string_view element) {
        all.emplace_back(element);
        return true;
    });
    return all;
}

}  // namespace

TEST_CASE("a list is its elements without blanks and without empty ones") {
    using List = std::vector<std::string>;
    CHECK(elements("") == List{});
    CHECK(elements(" ,\t, ") == List{});
    CHECK(elements("a") == List{"a"});
    CHECK(elements(" a , b\t,,c d") == List{"a", "b", "c d"});
    int seen = 0;
    for_each_element("a,b,c", [&](std::string_view) { return ++seen < 2; });
    CHECK(seen == 2);
}

TEST_CASE("fields about the connection are hop-by-hop whatever Connection says") {
    for (const char* name :
         {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade",
          "HTTP2-Settings", "Proxy-Authorization"}) {
        CAPTURE(name);
        CHECK(is_hop_by_hop(field_name_of(name)));
    }
    for (const char* name :
         {"Host", "Content-Length", "Trailer", "Via", "Expect", "Cookie", "X-A"}) {
        CAPTURE(name);
        CHECK_FALSE(is_hop_by_hop(field_name_of(name)));
    }
}

TEST_CASE("fields that Connection names are not passed on") {
    const auto parsed = request({"GET / HTTP/1.1", "Connection: close, X-Secret", "Host: a",
                                 "connection: X-Other,Upgrade", "X-Secret: 1"});
    const ConnectionOptions options(parsed.head);
    CHECK(options.names("x-secret"));
    CHECK(options.names("X-OTHER"));
    CHECK_FALSE(options.names("X-Third"));
    CHECK_FALSE(options.names("X-Secre"));
    CHECK_FALSE(options.names(""));
}

TEST_CASE("a Connection of usual options names nothing") {
    const auto parsed = request({"GET / HTTP/1.1", "Connection: keep-alive, Upgrade", "Host: a",
                                 "Connection: HTTP2-Settings, TE"});
    const ConnectionOptions options(parsed.head);
    CHECK_FALSE(options.names("keep-alive"));
    CHECK_FALSE(options.names("X-A"));
    CHECK_FALSE(ConnectionOptions(request({"GET / HTTP/1.1"}).head).names("X-A"));
}

TEST_CASE("what a message cannot do without is kept though Connection names it") {
    const std::vector<std::string> kept = {"Host",
                                           "Content-Length",
                                           "Content-Type",
                                           "Content-Encoding",
                                           "Cookie",
                                           "Authorization",
                                           "Cache-Control",
                                           "Set-Cookie",
                                           "Location",
                                           "X-Forwarded-For",
                                           "X-Forwarded-Host",
                                           "X-Forwarded-Proto",
                                           "X-Request-Id",
                                           "Via",
                                           "Forwarded",
                                           "Expect",
                                           "Date",
                                           "Content-Range",
                                           "Range",
                                           "ETag"};
    std::string named = "Connection: X-Gone";
    for (const std::string& name : kept) named += ", " + name;
    const auto parsed = request({"GET / HTTP/1.1", "Host: a", named});
    const ConnectionOptions options(parsed.head);
    CHECK(options.names("X-Gone"));
    for (const std::string& name : kept) {
        CAPTURE(name);
        CHECK_FALSE(options.names(name));
    }
}

TEST_CASE("a trailer section carries nothing that frames, routes, authorizes or controls") {
    for (const char* name : {"Content-Length",
                             "Transfer-Encoding",
                             "Host",
                             "Connection",
                             "TE",
                             "Expect",
                             "Trailer",
                             "Content-Type",
                             "content-encoding",
                             "Content-Range",
                             "Authorization",
                             "Set-Cookie",
                             "Cookie",
                             "Cache-Control",
                             "If-Match",
                             "Max-Forwards",
                             "Range",
                             "Age",
                             "Date",
                             "Expires",
                             "Location",
                             "Retry-After",
                             "VARY",
                             "Via",
                             "X-Forwarded-For",
                             "WWW-Authenticate",
                             "Proxy-Authenticate",
                             "Upgrade"}) {
        CAPTURE(name);
        CHECK(is_forbidden_in_trailers(field_name_of(name), name));
    }
    for (const char* name :
         {"grpc-status", "Server-Timing", "Digest", "X-Checksum", "Proxy-Status", "ETag"}) {
        CAPTURE(name);
        CHECK_FALSE(is_forbidden_in_trailers(field_name_of(name), name));
    }
}
