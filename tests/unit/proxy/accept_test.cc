#include <string>

#include <doctest/doctest.h>

#include "messages.h"
#include "ringway/proxy/local_reply.h"

namespace {

bool wants_json(const std::string& accept) {
    const ringway::test::Request request("GET / HTTP/1.1\r\nHost: a\r\n" + accept + "\r\n");
    return ringway::proxy::accepts_json(request.head);
}

}  // namespace

TEST_CASE("JSON is for clients that name it") {
    CHECK(wants_json("Accept: application/json\r\n"));
    CHECK(wants_json("accept: Application/JSON;charset=utf-8\r\n"));
    CHECK(wants_json("Accept: application/problem+json\r\n"));
    CHECK(wants_json("Accept: image/png, application/json;q=0.1\r\n"));
    CHECK(wants_json("Accept: image/png\r\nAccept: application/json\r\n"));
    CHECK(!wants_json(""));
    CHECK(!wants_json("Accept: */*\r\n"));
    CHECK(!wants_json("Accept: application/*\r\n"));
    CHECK(!wants_json("Accept: text/html\r\n"));
    CHECK(!wants_json("Accept: application/json;q=0\r\n"));
    CHECK(!wants_json("Accept: application/jsonx\r\n"));
    CHECK(!wants_json("Accept: application/+json\r\n"));
    CHECK(!wants_json("Accept: ,;q=1,;;,\r\n"));
}

TEST_CASE("JSON must be wanted more than text, or as much and named first") {
    CHECK(wants_json("Accept: application/json, text/plain, */*\r\n"));
    CHECK(!wants_json("Accept: text/html, application/json\r\n"));
    CHECK(wants_json("Accept: text/html;q=0.8, application/json\r\n"));
    CHECK(wants_json("Accept: text/html; q=0.8, application/json ; q=0.81\r\n"));
    CHECK(!wants_json("Accept: text/html; q=0.8, application/json; Q=0.8\r\n"));
    CHECK(!wants_json("Accept: application/json;q=0.5, text/html\r\n"));
    CHECK(!wants_json("Accept: application/json;q=junk, text/html;q=0.1\r\n"));
    CHECK(
        !wants_json("Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"
                    "application/json;q=0.9,*/*;q=0.8\r\n"));
}
