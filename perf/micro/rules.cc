// What the gateway's rules cost per exchange: a route, a request head, a response head, a reply.

#include <array>
#include <string>

#include "bench.h"
#include "ringway/http/parser.h"
#include "ringway/http/target.h"
#include "ringway/proxy/head_rewrite.h"
#include "ringway/proxy/http_date.h"
#include "ringway/proxy/local_reply.h"
#include "ringway/proxy/route_table.h"

namespace ringway::perf {
namespace {

constexpr std::string_view request_text =
    "GET /v1/users/4711?fields=name HTTP/1.1\r\nHost: api.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain, */*\r\nAccept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nReferer: https://www.example.com/app\r\n"
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijkl\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\nConnection: keep-alive\r\n"
    "Cache-Control: no-cache\r\n\r\n";
constexpr std::string_view response_text =
    "HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 18:16:00 GMT\r\nServer: origin\r\n"
    "Content-Type: application/json; charset=utf-8\r\nContent-Length: 1024\r\n"
    "Cache-Control: private, max-age=0\r\nETag: \"33a64df5\"\r\nVary: Accept-Encoding\r\n"
    "X-Content-Type-Options: nosniff\r\nStrict-Transport-Security: max-age=31536000\r\n"
    "Connection: keep-alive\r\n\r\n";

struct Scene {
    Scene() {
        http::RequestParser(request, limits).parse(request_text);
        http::ResponseParser(response, limits).parse(response_text);
        target = http::read_target(request, scratch).target;
    }
    proxy::RequestRewrite request_rewrite() const {
        proxy::RequestRewrite rewrite{
            .settings = settings, .route = route, .head = request, .target = target};
        rewrite.matched_path = target.path;
        rewrite.client_host = "192.0.2.7";
        rewrite.listener_port = 8080;
        rewrite.endpoint_authority = "127.0.0.1:9000";
        rewrite.request_id = "0123456789abcdef0123456789abcdef";
        return rewrite;
    }
    proxy::ResponseRewrite response_rewrite() const {
        proxy::ResponseRewrite rewrite{.settings = settings, .route = route, .head = response};
        rewrite.form = proxy::BodyForm::length;
        rewrite.length = 1024;
        rewrite.request_id = "0123456789abcdef0123456789abcdef";
        return rewrite;
    }

    config::Settings settings;
    config::Route route;
    http::HeadLimits limits;
    http::RequestHead request;
    http::ResponseHead response;
    std::array<char, 256> scratch{};
    http::Target target;
    std::array<char, 16384> room{};
};

void bench_heads(Scene& scene, const std::string& name) {
    const proxy::RequestRewrite request = scene.request_rewrite();
    measure("rules: rewrite a request head of 10 fields: " + name, [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            http::HeadWriter out(scene.room);
            proxy::write_request_head(out, request);
            keep(out.bytes());
        }
    });
    const proxy::ResponseRewrite response = scene.response_rewrite();
    measure("rules: rewrite a response head of 10 fields: " + name, [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            http::HeadWriter out(scene.room);
            proxy::write_response_head(out, response);
            keep(out.bytes());
        }
    });
}

void bench_routes(Scene& scene, std::size_t routes) {
    config::Settings settings;
    for (std::size_t i = 0; i < routes; ++i) {
        config::Route route;
        route.match.host = i % 2 == 0 ? "api.example.com" : "*.example.org";
        route.match.path = "/v" + std::to_string(i) + "/users";
        route.match.path_is_prefix = true;
        settings.routes.push_back(route);
    }
    settings.routes.emplace_back();
    const proxy::RouteTable table(settings);
    measure("rules: find the route, of " + std::to_string(routes), [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            keep(table.find({0, "api.example.com", "/v2/users/4711", scene.request}));
        }
    });
}

}  // namespace

void bench_rules() {
    Scene scene;
    bench_heads(scene, "as it is");
    scene.route.request_headers = {{config::HeaderEdit::Action::set, "X-Tier", "gold"},
                                   {config::HeaderEdit::Action::remove, "Cookie", ""}};
    scene.route.response_headers = {{config::HeaderEdit::Action::remove, "Server", ""},
                                    {config::HeaderEdit::Action::add, "X-Served-By", "edge"}};
    bench_heads(scene, "with two edits");
    for (const std::size_t routes : {1u, 10u, 1000u}) bench_routes(scene, routes);
    proxy::HttpDate date;
    measure("rules: a 503 of our own", [&](std::uint64_t n) {
        const proxy::Failure failure{.end = stats::ExchangeEnd::overloaded};
        for (std::uint64_t i = 0; i < n; ++i) {
            http::HeadWriter out(scene.room);
            proxy::LocalReply reply{.settings = scene.settings};
            reply.date = date.at(1'795'000'000);
            reply.retry_after_s = 1;
            proxy::write_failure(out, reply, failure);
            keep(out.bytes());
        }
    });
}

}  // namespace ringway::perf
