// Heads made at random, rewritten, and read again: what must hold of every one of them.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "messages.h"
#include "ringway/base/random.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/proxy/head_rewrite.h"

using namespace ringway;
using namespace ringway::proxy;
using base::Random;

namespace {

std::string pick(Random& random, const std::vector<std::string>& choices) {
    return choices[random.below(choices.size())];
}

std::string random_value(Random& random) {
    std::string value;
    for (std::uint64_t i = random.below(12); i > 0; --i) {
        value += pick(random, {"a", "B", "1", ",", " ", "\t", ";", "=", "\"", "\\", ":", "\xc3\xa9",
                               "%0d%0a"});
    }
    return value;
}

std::string random_fields(Random& random) {
    const std::vector<std::string> names = {
        "Accept",  "x-a",        "X-A",     "X-B",         "Cookie",          "Via",
        "via",     "Keep-Alive", "TE",      "Forwarded",   "X-Forwarded-For", "x-forwarded-for",
        "X-Trace", "Upgrade",    "Trailer", "Expect",      "x-request-id",    "X-Forwarded-Proto",
        "Date",    "Set-Cookie", "Server",  "Max-Forwards"};
    std::string fields;
    for (std::uint64_t i = random.below(14); i > 0; --i) {
        fields += pick(random, names) + ":" + pick(random, {" ", "", "  ", "\t"}) +
                  random_value(random) + pick(random, {"", "", "", " "}) + "\r\n";
    }
    if (random.chance(1, 3)) {
        fields += "Connection: " +
                  pick(random, {"close", "keep-alive", "x-a", "X-B, close", "via", "upgrade",
                                "x-forwarded-for, host"}) +
                  "\r\n";
    }
    return fields;
}

std::vector<config::HeaderEdit> random_edits(Random& random) {
    std::vector<config::HeaderEdit> edits;
    while (random.chance(1, 3)) {
        config::HeaderEdit edit;
        edit.action = static_cast<config::HeaderEdit::Action>(random.below(3));
        edit.name = pick(random, {"x-a", "X-New", "Via", "X-Forwarded-For", "Content-Length",
                                  "Connection", "Host", "Server"});
        edit.value = "edited";
        edits.push_back(edit);
    }
    return edits;
}

config::Settings random_settings(Random& random) {
    config::Settings settings;
    settings.via = random.chance(1, 2);
    settings.forwarded = static_cast<config::ForwardedFields>(random.below(4));
    if (random.chance(1, 4)) settings.request_id_name = "X-Trace";
    return settings;
}

// Fields that neither end here nor are written here: name and value, in order.
std::vector<std::string> strangers(const http::FieldList& head, const http::FieldList& came,
                                   const std::vector<config::HeaderEdit>& edits) {
    const http::ConnectionOptions named(came);
    std::vector<std::string> found;
    for (const http::Field& field : head.fields()) {
        const std::string_view name = head.name(field);
        const bool is_stranger =
            field.id == http::FieldName::other || field.id == http::FieldName::accept ||
            field.id == http::FieldName::cookie || field.id == http::FieldName::set_cookie ||
            field.id == http::FieldName::server;
        const bool is_edited = std::any_of(edits.begin(), edits.end(), [&](const auto& edit) {
            return http::equals_ignoring_case(edit.name, name);
        });
        const bool is_ours = http::equals_ignoring_case(name, "x-trace") ||
                             http::equals_ignoring_case(name, "max-forwards");
        if (!is_stranger || is_edited || is_ours || named.names(name)) continue;
        found.push_back(std::string(name) + "=" + std::string(head.value(field)));
    }
    return found;
}

int count_of(const http::FieldList& head, http::FieldName id) {
    return static_cast<int>(
        std::count_if(head.fields().begin(), head.fields().end(),
                      [id](const http::Field& field) { return field.id == id; }));
}

}  // namespace

TEST_CASE("a rewritten request is a request with the same strangers, one Host and its framing") {
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::string framing =
            pick(random, {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
                          "Content-Length: 5\r\ncontent-length: 5\r\n"});
        const test::Request request(
            pick(random, {"GET", "PUT", "OPTIONS"}) + " " +
            pick(random, {"/x?y", "/v1/%41/../b", "http://b.example:81/v1", "/v1"}) +
            " HTTP/1.1\r\n" + random_fields(random) + "Host: a.example\r\n" + framing +
            random_fields(random) + "\r\n");
        const http::FramingResult framed = http::frame_request(request.head);
        REQUIRE(framed.fault == http::Fault::none);

        const config::Settings settings = random_settings(random);
        config::Route route;
        route.request_headers = random_edits(random);
        route.match.path = "/v1";
        route.match.path_is_prefix = true;
        if (request.path.starts_with("/v1") && random.chance(1, 2)) route.rewrite = "/inner";
        RequestRewrite rewrite{.settings = settings,
                               .route = route,
                               .head = request.head,
                               .target = request.target,
                               .framing = framed.framing};
        rewrite.matched_path = request.path;
        rewrite.client_host = "2001:db8::1";
        rewrite.listener_port = 65535;
        rewrite.endpoint_authority = "127.0.0.1:9000";
        rewrite.client_is_trusted = random.chance(1, 2);
        rewrite.upgrade = random.chance(1, 4);
        if (random.chance(1, 2)) rewrite.request_id = "0123456789abcdef";

        std::string room(request.text.size() + request_head_bytes_added_max(rewrite), '\0');
        http::HeadWriter out(room);
        write_request_head(out, rewrite);
        REQUIRE(!out.overflowed());
        const test::Request again{std::string(out.text())};
        CAPTURE(request.text);
        CAPTURE(again.text);
        CHECK(again.head.head_bytes() == again.text.size());
        CHECK(http::frame_request(again.head).framing == framed.framing);
        CHECK(count_of(again.head, http::FieldName::host) == 1);
        CHECK(again.head.fields().front().id == http::FieldName::host);
        CHECK(count_of(again.head, http::FieldName::te) == 0);
        CHECK(count_of(again.head, http::FieldName::keep_alive) == 0);
        CHECK(count_of(again.head, http::FieldName::connection) <= 1);
        CHECK(strangers(again.head, request.head, route.request_headers) ==
              strangers(request.head, request.head, route.request_headers));
    }
}

TEST_CASE("a rewritten response is a response with the same strangers and the framing decided on") {
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const test::Response response(
            pick(random, {"HTTP/1.1 200 OK", "HTTP/1.0 404", "HTTP/1.1 500 "}) + "\r\n" +
            random_fields(random) +
            pick(random, {"", "Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"}) +
            random_fields(random) + "\r\n");
        const config::Settings settings = random_settings(random);
        config::Route route;
        route.response_headers = random_edits(random);
        ResponseRewrite rewrite{.settings = settings, .route = route, .head = response.head};
        rewrite.form = static_cast<BodyForm>(random.below(4));
        rewrite.length = random.next() >> 1;
        rewrite.close = random.chance(1, 2);
        rewrite.say_keep_alive = random.chance(1, 2);
        rewrite.date = "Sun, 06 Nov 1994 08:49:37 GMT";
        if (random.chance(1, 2)) rewrite.request_id = "0123456789abcdef";

        std::string room(response.text.size() + response_head_bytes_added_max(rewrite), '\0');
        http::HeadWriter out(room);
        write_response_head(out, rewrite);
        REQUIRE(!out.overflowed());
        const test::Response again{std::string(out.text())};
        CAPTURE(response.text);
        CAPTURE(again.text);
        CHECK(again.head.head_bytes() == again.text.size());
        CHECK(again.head.status == response.head.status);
        CHECK(count_of(again.head, http::FieldName::content_length) ==
              (rewrite.form == BodyForm::length ? 1 : 0));
        CHECK(count_of(again.head, http::FieldName::transfer_encoding) ==
              (rewrite.form == BodyForm::chunked ? 1 : 0));
        CHECK(count_of(again.head, http::FieldName::connection) <= 1);
        CHECK(count_of(again.head, http::FieldName::keep_alive) == 0);
        CHECK(strangers(again.head, response.head, route.response_headers) ==
              strangers(response.head, response.head, route.response_headers));
    }
}
