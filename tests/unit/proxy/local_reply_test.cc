#include "ringway/proxy/local_reply.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "messages.h"

using namespace ringway;
using namespace ringway::proxy;
using config::HeaderEdit;
using stats::ExchangeEnd;
using test::contains;
using test::count;

namespace {

struct Reply {
    std::string head;
    std::string body;
    int status = 0;
};

// Writes into exactly the room that is said to suffice, and reads the reply back.
Reply take(const LocalReply& reply, const config::Route* route, const http::Target* target,
           const std::function<void(http::HeadWriter&)>& write) {
    std::vector<char> room(local_reply_bytes_max(reply, route, target));
    http::HeadWriter out(room);
    write(out);
    REQUIRE(!out.overflowed());
    const std::string text(out.text());
    const std::size_t head_bytes = text.find("\r\n\r\n") + 4;
    const test::Response parsed(text.substr(0, head_bytes));
    const Reply taken{parsed.text, text.substr(head_bytes), parsed.head.status};
    const std::string_view length = parsed.head.value_of(http::FieldName::content_length);
    if (!length.empty() && !reply.head_only) CHECK(length == std::to_string(taken.body.size()));
    return taken;
}

Reply fail(const LocalReply& reply, const Failure& failure) {
    return take(reply, nullptr, nullptr,
                [&](http::HeadWriter& out) { write_failure(out, reply, failure); });
}

struct Scene {
    Reply redirect(const std::string& location, const std::string& request_line_target,
                   const std::string& host = "a.example:8080") {
        route.action = config::RouteAction::redirect;
        route.status = 308;
        route.location = location;
        const test::Request request("GET " + request_line_target + " HTTP/1.1\r\nHost: " + host +
                                    "\r\n\r\n");
        const LocalReply reply{.settings = settings};
        return take(reply, &route, &request.target, [&](http::HeadWriter& out) {
            write_redirect(out, reply, route, request.target);
        });
    }
    std::string location(const std::string& form, const std::string& target) {
        const std::string head = redirect(form, target).head;
        const std::size_t at = head.find("Location: ") + 10;
        return head.substr(at, head.find("\r\n", at) - at);
    }
    Reply fixed(int status, const std::string& body, bool head_only = false) {
        route.action = config::RouteAction::reply;
        route.status = status;
        route.body = body;
        LocalReply reply{.settings = settings};
        reply.head_only = head_only;
        return take(reply, &route, nullptr,
                    [&](http::HeadWriter& out) { write_fixed_reply(out, reply, route); });
    }
    config::Settings settings;
    config::Route route;
};

}  // namespace

TEST_CASE("a failure's reply says what happened, to people and to programs") {
    const config::Settings settings;
    LocalReply reply{.settings = settings};
    reply.upstream = "origin";
    reply.request_id = "abc";
    reply.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    const Reply taken = fail(reply, {.end = ExchangeEnd::connect_failed});
    CHECK(taken.head ==
          "HTTP/1.1 502 Bad Gateway\r\n"
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "Proxy-Status: ringway; error=connection_refused; next-hop=origin\r\n"
          "Content-Type: text/plain\r\n"
          "Content-Length: 54\r\n"
          "x-request-id: abc\r\n\r\n");
    CHECK(taken.body == "502 Bad Gateway\nThe server could not be connected to.\n");
}

TEST_CASE("a client that wants JSON gets JSON") {
    const config::Settings settings;
    LocalReply reply{.settings = settings};
    reply.accepts_json = true;
    reply.request_id = "a\"b\\c";
    const Reply taken = fail(reply, {.end = ExchangeEnd::upstream_timeout});
    CHECK(contains(taken.head, "Content-Type: application/json\r\n"));
    CHECK(taken.body ==
          "{\"error\":{\"status\":504,\"reason\":\"upstream-timeout\",\"message\":\"The server did "
          "not answer in time.\",\"request_id\":\"a\\\"b\\\\c\"}}\n");
    reply.request_id = {};
    CHECK(contains(fail(reply, {.end = ExchangeEnd::no_route}).body,
                   "\"message\":\"There is no route for this request.\"}}\n"));
}

TEST_CASE("every end has a status, an error of RFC 9209 and a sentence") {
    const std::vector<std::pair<ExchangeEnd, std::pair<int, std::string>>> expected = {
        {ExchangeEnd::bad_request, {400, "http_request_error"}},
        {ExchangeEnd::downstream_aborted, {400, "http_request_error"}},
        {ExchangeEnd::downstream_timeout, {408, "http_request_error"}},
        {ExchangeEnd::no_route, {404, "destination_not_found"}},
        {ExchangeEnd::overloaded, {503, "connection_limit_reached"}},
        {ExchangeEnd::no_endpoint, {503, "destination_unavailable"}},
        {ExchangeEnd::pool_timeout, {503, "connection_limit_reached"}},
        {ExchangeEnd::connect_failed, {502, "connection_refused"}},
        {ExchangeEnd::connect_timeout, {504, "connection_timeout"}},
        {ExchangeEnd::upstream_reset, {502, "connection_terminated"}},
        {ExchangeEnd::upstream_bad, {502, "http_protocol_error"}},
        {ExchangeEnd::upstream_timeout, {504, "http_response_timeout"}},
        {ExchangeEnd::upstream_cut, {502, "http_response_incomplete"}},
        {ExchangeEnd::request_timeout, {504, "http_response_timeout"}},
        {ExchangeEnd::drained, {503, "proxy_internal_response"}},
        {ExchangeEnd::internal, {503, "proxy_internal_error"}},
        {ExchangeEnd::finished, {500, ""}},
        {ExchangeEnd::answered_here, {500, ""}},
        {ExchangeEnd::tunnelled, {500, ""}},
    };
    REQUIRE(expected.size() == stats::exchange_end_count);
    const config::Settings settings;
    for (const auto& [end, answer] : expected) {
        const Failure failure{.end = end};
        CAPTURE(stats::name_of(end));
        CHECK(failure.status() == answer.first);
        CHECK(failure.proxy_status_error() == answer.second);
        const Reply taken = fail({.settings = settings}, failure);
        CHECK(taken.status == answer.first);
        CHECK(contains(taken.head, "Proxy-Status: ") == !answer.second.empty());
    }
}

TEST_CASE("every fault of a request is answered with its status, name and sentence") {
    const config::Settings settings;
    LocalReply reply{.settings = settings};
    reply.accepts_json = true;
    for (std::size_t i = 1; i < http::fault_count; ++i) {
        const auto fault = static_cast<http::Fault>(i);
        const Failure failure{.end = ExchangeEnd::bad_request, .fault = fault};
        const Reply taken = fail(reply, failure);
        CHECK(taken.status == http::status_of(fault));
        CHECK(contains(taken.body, http::name_of(fault)));
        CHECK(contains(taken.body, http::sentence_of(fault)));
        CHECK(count(taken.body, "\"") == 12);  // none within the texts
        const bool denied = fault == http::Fault::connect_forbidden;
        CHECK(contains(taken.head,
                       denied ? "error=http_request_denied\r\n" : "error=http_request_error\r\n"));
    }
}

TEST_CASE("every fault of a response is a 502 that names it in Proxy-Status") {
    const config::Settings settings;
    for (std::size_t i = 1; i < http::fault_count; ++i) {
        const auto fault = static_cast<http::Fault>(i);
        const Failure failure{.end = ExchangeEnd::upstream_bad, .fault = fault};
        const Reply taken = fail({.settings = settings}, failure);
        CHECK(taken.status == 502);
        CHECK(contains(taken.head, "; details=\"" + std::string(http::name_of(fault)) + "\"\r\n"));
    }
    const auto error_of = [](http::Fault fault) {
        return Failure{.end = ExchangeEnd::upstream_bad, .fault = fault}.proxy_status_error();
    };
    CHECK(error_of(http::Fault::head_too_large) == "http_response_header_section_size");
    CHECK(error_of(http::Fault::too_many_fields) == "http_response_header_section_size");
    CHECK(error_of(http::Fault::unsupported_transfer_encoding) == "http_response_transfer_coding");
    CHECK(error_of(http::Fault::bad_upgrade) == "http_upgrade_failed");
    CHECK(error_of(http::Fault::bad_status_line) == "http_protocol_error");
}

TEST_CASE("the answer to HEAD has the length of the body and no body") {
    const config::Settings settings;
    LocalReply reply{.settings = settings};
    const Reply whole = fail(reply, {.end = ExchangeEnd::no_route});
    reply.head_only = true;
    const Reply head = fail(reply, {.end = ExchangeEnd::no_route});
    CHECK(head.head == whole.head);
    CHECK(!whole.body.empty());
    CHECK(head.body.empty());
}

TEST_CASE("a reply says when to come again and what becomes of the connection") {
    const config::Settings settings;
    LocalReply reply{.settings = settings};
    reply.retry_after_s = 3;
    reply.say_keep_alive = true;
    CHECK(contains(fail(reply, {.end = ExchangeEnd::overloaded}).head, "Retry-After: 3\r\n"));
    CHECK(contains(fail(reply, {.end = ExchangeEnd::overloaded}).head,
                   "Connection: keep-alive\r\n\r\n"));
    reply.close = true;
    const Reply closing = fail(reply, {.end = ExchangeEnd::overloaded});
    CHECK(contains(closing.head, "Connection: close\r\n\r\n"));
    CHECK(count(closing.head, "Connection: ") == 1);
}

TEST_CASE("an error page replaces the body of its status, JSON or not") {
    config::Settings settings;
    settings.error_pages = {{503, "busy.html", "<h1>busy</h1>", "text/html; charset=utf-8"}};
    LocalReply reply{.settings = settings};
    reply.accepts_json = true;
    const Reply page = fail(reply, {.end = ExchangeEnd::no_endpoint});
    CHECK(page.body == "<h1>busy</h1>");
    CHECK(contains(page.head, "Content-Type: text/html; charset=utf-8\r\n"));
    CHECK(contains(page.head, "error=destination_unavailable"));
    CHECK(contains(fail(reply, {.end = ExchangeEnd::no_route}).body, "no-route"));
}

TEST_CASE("names that are no tokens are quoted in Proxy-Status") {
    config::Settings settings;
    settings.via_name = "edge 1";
    LocalReply reply{.settings = settings};
    reply.upstream = "a\"b\\c\xff";
    CHECK(contains(fail(reply, {.end = ExchangeEnd::connect_timeout}).head,
                   "Proxy-Status: \"edge 1\"; error=connection_timeout; "
                   "next-hop=\"a\\\"b\\\\c?\"\r\n"));
    settings.via_name = "*:edge/1";
    reply.upstream = "127.0.0.1:80";
    CHECK(contains(fail(reply, {.end = ExchangeEnd::connect_timeout}).head,
                   "Proxy-Status: *:edge/1; error=connection_timeout; "
                   "next-hop=\"127.0.0.1:80\"\r\n"));
}

TEST_CASE("a request id that would end its line is not echoed") {
    const config::Settings settings;
    LocalReply reply{.settings = settings};
    reply.request_id = "a\r\nSet-Cookie: evil=1";
    CHECK(!contains(fail(reply, {.end = ExchangeEnd::no_route}).head, "evil"));
}

TEST_CASE("a redirect puts host, path and query into its Location") {
    Scene scene;
    CHECK(scene.location("https://{host}{path}{query}", "/x/y?z=1&w") ==
          "https://a.example/x/y?z=1&w");
    CHECK(scene.location("/new", "/old?x") == "/new");
    CHECK(scene.location("/new{path}{query}", "/old") == "/new/old");
    CHECK(scene.location("{path}{path}", "/a") == "/a/a");
    CHECK(scene.location("/{other}/{path", "/a") == "/{other}/{path");
    const Reply reply = scene.redirect("/new", "/old");
    CHECK(reply.status == 308);
    CHECK(contains(reply.head, "Content-Length: 0\r\n"));
    CHECK(!contains(reply.head, "Content-Type"));
    CHECK(reply.body.empty());
}

TEST_CASE("a redirect to the path alone leads to no other host") {
    Scene scene;
    CHECK(scene.location("{path}", "//evil.example/x") == "/evil.example/x");
    CHECK(scene.location("{path}", "////evil.example") == "/evil.example");
    CHECK(scene.location("/{path}", "//evil.example/x") == "/evil.example/x");
    CHECK(scene.location("/{path}", "/x") == "/x");
    CHECK(scene.location("/{path}", "//") == "/");
    CHECK(scene.location("https://a.example{path}", "//x") == "https://a.example//x");
    CHECK(scene.location("https://a.example/{path}", "//x") == "https://a.example/x");
}

TEST_CASE("a redirect that needs a host is refused to a client that names none") {
    Scene scene;
    scene.route.status = 301;
    const test::Request request("GET /x HTTP/1.0\r\n\r\n");
    const LocalReply reply{.settings = scene.settings};
    int status = 0;
    const auto answer = [&](const std::string& location) {
        scene.route.location = location;
        return take(reply, &scene.route, &request.target, [&](http::HeadWriter& out) {
            status = write_redirect(out, reply, scene.route, request.target);
        });
    };
    CHECK(answer("https://{host}{path}").status == 400);
    CHECK(status == 400);
    CHECK(answer("https://a.example{path}").status == 301);
    CHECK(status == 301);
}

TEST_CASE("what a target carries cannot end the line of a Location") {
    Scene scene;
    const LocalReply reply{.settings = scene.settings};
    scene.route.status = 302;
    scene.route.location = "https://{host}{path}{query}";
    // Not what read_target lets pass: the reply relies on nobody.
    const http::Target target{
        .host = "a\r\nEvil: 1", .path = "/x\r\n\r\n<script>", .query = "?\"\\ \xff"};
    const Reply taken = take(reply, &scene.route, &target, [&](http::HeadWriter& out) {
        write_redirect(out, reply, scene.route, target);
    });
    CHECK(
        contains(taken.head,
                 "Location: https://a%0D%0AEvil:%201/x%0D%0A%0D%0A%3Cscript%3E?%22%5C%20%FF\r\n"));
    CHECK(taken.body.empty());
}

TEST_CASE("a redirect of a target without a path leads to the root") {
    Scene scene;
    CHECK(scene.location("https://b.example{path}", "http://a.example?x") == "https://b.example/");
    scene.route.location = "https://b.example{path}";
    const test::Request request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    const LocalReply reply{.settings = scene.settings};
    const Reply taken = take(reply, &scene.route, &request.target, [&](http::HeadWriter& out) {
        write_redirect(out, reply, scene.route, request.target);
    });
    CHECK(contains(taken.head, "Location: https://b.example/\r\n"));
}

TEST_CASE("a fixed reply has the route's status, type, body and edits") {
    Scene scene;
    scene.route.content_type = "application/json";
    scene.route.response_headers = {{HeaderEdit::Action::set, "Cache-Control", "no-store"},
                                    {HeaderEdit::Action::set, "Content-Length", "1"}};
    const Reply reply = scene.fixed(200, "{}");
    CHECK(reply.head ==
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
          "Cache-Control: no-store\r\n\r\n");
    CHECK(reply.body == "{}");
    CHECK(scene.fixed(200, "{}", true).head == reply.head);
    CHECK(scene.fixed(200, "{}", true).body.empty());
    scene.route.response_headers = {{HeaderEdit::Action::set, "content-type", "text/html"}};
    const Reply edited = scene.fixed(200, "{}");
    CHECK(contains(edited.head, "content-type: text/html\r\n"));
    CHECK(!contains(edited.head, "application/json"));
}

TEST_CASE("statuses that have no body get none, and no length") {
    Scene scene;
    for (const int status : {204, 304}) {
        const Reply reply = scene.fixed(status, "ignored");
        CHECK(reply.body.empty());
        CHECK(!contains(reply.head, "Content-"));
    }
    CHECK(contains(scene.fixed(200, "").head, "Content-Length: 0\r\n"));
}

TEST_CASE("the last hop of Max-Forwards answers OPTIONS, and reflects no TRACE") {
    const config::Settings settings;
    const LocalReply reply{.settings = settings};
    const auto answer = [&](http::Method method) {
        return take(reply, nullptr, nullptr,
                    [&](http::HeadWriter& out) { write_last_hop_reply(out, reply, method); });
    };
    const Reply options = answer(http::Method::options);
    CHECK(options.status == 200);
    CHECK(contains(options.head, "Allow: GET, "));
    CHECK(contains(options.head, "Content-Length: 0\r\n"));
    CHECK(answer(http::Method::trace).status == 405);
    CHECK(!contains(answer(http::Method::trace).head, "TRACE"));
}

TEST_CASE("docs/HTTP.md tells the status and the error of every end that is answered") {
    std::ifstream file(RW_HTTP_MD);
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    REQUIRE(!document.empty());
    const std::vector<ExchangeEnd> without_answer = {
        ExchangeEnd::finished,  ExchangeEnd::answered_here, ExchangeEnd::downstream_aborted,
        ExchangeEnd::tunnelled, ExchangeEnd::upstream_cut,  ExchangeEnd::drained};
    for (std::size_t i = 0; i < stats::exchange_end_count; ++i) {
        const Failure failure{.end = static_cast<ExchangeEnd>(i)};
        const bool is_answered = std::find(without_answer.begin(), without_answer.end(),
                                           failure.end) == without_answer.end();
        const std::string row = "| `" + std::string(stats::name_of(failure.end)) + "` | " +
                                std::to_string(failure.status()) + " | `" +
                                std::string(failure.proxy_status_error()) + "` | ";
        CAPTURE(row);
        CHECK(contains(document, row) == is_answered);
    }
}
