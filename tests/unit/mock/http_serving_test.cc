// What an origin answers by its behaviour, seen from outside.
#include <chrono>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "client.h"
#include "ringway/mock/origin.h"
#include "ringway/mock/pattern.h"

using namespace ringway::mock;

namespace {

std::unique_ptr<Origin> start(const std::string& options = {}, unsigned threads = 1) {
    std::string problem;
    auto settings = parse_listen_url("http://127.0.0.1:0?" + options, problem);
    CAPTURE(problem);
    REQUIRE(settings);
    settings->threads = threads;
    auto origin = Origin::open(*settings);
    REQUIRE(origin);
    (*origin)->start();
    return std::move(*origin);
}

std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    fill_pattern(0, std::as_writable_bytes(std::span(text)));
    return text;
}

std::string ask(const Origin& origin, const std::string& target, const std::string& fields = {}) {
    Client client(origin.port());
    client.send("GET " + target + " HTTP/1.1\r\n" + fields + "Connection: close\r\n\r\n");
    return client.receive_all();
}

std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

// The chunks of a chunked body put together; each must have a size.
std::string unchunked(std::string_view body) {
    std::string whole;
    for (;;) {
        const std::size_t bytes = std::stoul(std::string(body.substr(0, 16)), nullptr, 16);
        body.remove_prefix(body.find("\r\n") + 2);
        if (bytes == 0) break;
        whole += body.substr(0, bytes);
        REQUIRE(body.substr(bytes, 2) == "\r\n");
        body.remove_prefix(bytes + 2);
    }
    CHECK(body == "\r\n");
    return whole;
}

double ms_since(std::chrono::steady_clock::time_point begun) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
        .count();
}

}  // namespace

TEST_CASE("the field beats the query, the query the path, the path the listener") {
    const auto origin = start("bytes=10&status=201");
    CHECK(body_of(ask(*origin, "/")) == pattern(10));
    CHECK(ask(*origin, "/").starts_with("HTTP/1.1 201 "));
    CHECK(body_of(ask(*origin, "/bytes/20")) == pattern(20));
    CHECK(body_of(ask(*origin, "/bytes/20?bytes=30&status=404")) == pattern(30));
    const std::string answer =
        ask(*origin, "/bytes/20?bytes=30&status=404", "x-mock: bytes=40\r\n");
    CHECK(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
    CHECK(body_of(answer) == pattern(40));
}

TEST_CASE("what a request asks for wrongly is a 400 with the rule") {
    const auto origin = start();
    CHECK(ask(*origin, "/?status=9").starts_with("HTTP/1.1 400 "));
    CHECK(ask(*origin, "/?status=9").find("200 to 599") != std::string::npos);
    CHECK(ask(*origin, "/?whatever=9").starts_with("HTTP/1.1 200 "));
    CHECK(ask(*origin, "/", "X-Mock: whatever=9\r\n").starts_with("HTTP/1.1 400 "));
    CHECK(ask(*origin, "/status/99").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("a body comes in chunks of the size asked for") {
    const auto origin = start("bytes=100000");
    const std::string answer = ask(*origin, "/?chunked=999&type=a/b");
    CHECK(answer.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(answer.find("Content-Length") == std::string::npos);
    CHECK(answer.find("Content-Type: a/b\r\n") != std::string::npos);
    CHECK(body_of(answer).starts_with("3e7\r\n"));
    CHECK((unchunked(body_of(answer)) == pattern(100000)));
    Client old(origin->port());
    old.send("GET /?chunked=999 HTTP/1.0\r\n\r\n");
    const std::string plain = old.receive_all();
    CHECK(plain.find("Transfer-Encoding") == std::string::npos);
    CHECK((body_of(plain) == pattern(100000)));
}

TEST_CASE("a head alone answers HEAD, and the connection goes on") {
    const auto origin = start("bytes=1024");
    Client client(origin->port());
    client.send(
        "HEAD / HTTP/1.1\r\n\r\nHEAD /?chunked=10 HTTP/1.1\r\n\r\nHEAD /events HTTP/1.1\r\n\r\n"
        "GET /status/204?bytes=5 HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    const std::string answers = client.receive_all();
    CHECK(
        answers.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                            "Content-Length: 1024\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 200"));
    CHECK(answers.find("HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\n"
                       "Connection: keep-alive\r\n\r\nHTTP/1.1 200") != std::string::npos);
    CHECK(body_of(answers.substr(answers.rfind("HTTP/1.1"))) == pattern(1024));
    CHECK(soon([&] { return origin->counters().answered == 5; }));
}

TEST_CASE("a connection is closed when asked to, and kept for HTTP/1.0 when asked to") {
    const auto origin = start("bytes=3");
    Client client(origin->port());
    client.send(
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        "GET /?close=on HTTP/1.1\r\n\r\nGET /never HTTP/1.1\r\n\r\n");
    const std::string answers = client.receive_all();
    CHECK(answers.find("Connection: keep-alive") < answers.find("Connection: close"));
    CHECK(origin->counters().requests == 2);
}

TEST_CASE("a latency holds the first byte back and no other connection") {
    const auto origin = start();
    Client slow(origin->port());
    const auto begun = std::chrono::steady_clock::now();
    slow.send("GET /?latency=150ms HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK_FALSE(ask(*origin, "/").empty());
    CHECK(ms_since(begun) < 140);
    CHECK(slow.receive_all().starts_with("HTTP/1.1 200 "));
    CHECK(ms_since(begun) >= 150);
}

TEST_CASE("a rate paces the body") {
    const auto origin = start("bytes=20000&rate=100000");
    const auto begun = std::chrono::steady_clock::now();
    CHECK((body_of(ask(*origin, "/")) == pattern(20000)));
    CHECK(ms_since(begun) >= 199);
    CHECK(ms_since(begun) < 2000);
}

TEST_CASE("shares of errors, cuts and corruptions are as large as asked for") {
    const auto origin = start("bytes=100&seed=3");
    int errors = 0, wrong = 0;
    for (int i = 0; i < 2; ++i) {
        Client client(origin->port());
        std::string requests;
        for (int k = 0; k < 500; ++k) {
            requests += "GET /?errors=20%&error-status=503&corrupt=50% HTTP/1.1\r\n\r\n";
        }
        client.send(requests + "GET / HTTP/1.0\r\n\r\n");
        std::string left = client.receive_all();
        for (int k = 0; k < 500; ++k) {
            const std::size_t length_at = left.find("Content-Length: ") + 16;
            const std::size_t bytes = std::stoul(left.substr(length_at, 9));
            const std::string body = body_of(left).substr(0, bytes);
            const bool failed = left.starts_with("HTTP/1.1 503 ");
            errors += failed ? 1 : 0;
            wrong += !failed && body != pattern(100) ? 1 : 0;
            left.erase(0, left.find("\r\n\r\n") + 4 + bytes);
        }
        CHECK(body_of(left) == pattern(100));
    }
    CHECK(errors > 140);
    CHECK(errors < 260);
    CHECK(wrong > 300);
    CHECK(wrong < 500);
    const OriginCounters counters = origin->counters();
    CHECK(counters.errors_made == static_cast<std::uint64_t>(errors));
    CHECK(counters.corrupted >= static_cast<std::uint64_t>(wrong));
}

TEST_CASE("one flipped bit is all that corruption changes") {
    const auto origin = start("bytes=5000&chunked=512&corrupt=100%");
    std::string body = unchunked(body_of(ask(*origin, "/")));
    const std::string right = pattern(5000);
    REQUIRE(body.size() == right.size());
    int different = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] != right[i]) ++different;
    }
    CHECK(different == 1);
}

TEST_CASE("a cut connection has sent what it was to send, and then is reset") {
    const auto origin = start("bytes=300000");
    SUBCASE("after so many bytes") {
        Client client(origin->port());
        client.send("GET /?cut=100%&cut-after=200000 HTTP/1.1\r\n\r\n");
        const std::string body = body_of(client.receive_until_failure());
        CHECK(client.was_reset());
        CHECK((body == pattern(200000)));
    }
    SUBCASE("in the middle, and before the end of what is shorter") {
        Client half(origin->port());
        half.send("GET /bytes/100?cut=100% HTTP/1.1\r\n\r\n");
        CHECK(body_of(half.receive_until_failure()) == pattern(50));
        CHECK(half.was_reset());
        Client beyond(origin->port());
        beyond.send("GET /bytes/100?cut=100%&cut-after=1000 HTTP/1.1\r\n\r\n");
        CHECK(body_of(beyond.receive_until_failure()) == pattern(99));
        CHECK(beyond.was_reset());
    }
    SUBCASE("with no body, before the head") {
        Client client(origin->port());
        client.send("GET /bytes/0?cut=100% HTTP/1.1\r\n\r\n");
        CHECK(client.receive_until_failure().empty());
        CHECK(client.was_reset());
    }
    CHECK(soon([&] { return origin->counters().active == 0; }));
    CHECK(origin->counters().cut >= 1);
    CHECK(origin->counters().answered == 0);
    CHECK(origin->counters().resets == 0);
}

TEST_CASE("a seed repeats the draws") {
    std::string first;
    for (int run = 0; run < 2; ++run) {
        const auto origin = start("seed=42&errors=50%");
        std::string statuses;
        for (int i = 0; i < 30; ++i) statuses += ask(*origin, "/").substr(9, 3);
        if (run == 0) first = statuses;
        CHECK(statuses == first);
        CHECK(statuses.find("200") != std::string::npos);
        CHECK(statuses.find("500") != std::string::npos);
    }
}

TEST_CASE("a chunked request is echoed, and mirrored as it came") {
    const auto origin = start();
    const std::string body = "3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n";
    Client client(origin->port());
    client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
    client.send("POST /mirror HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
                body);
    const std::string answers = client.receive_all();
    CHECK(answers.find("\r\n\r\nabcdHTTP/1.1 200 OK") != std::string::npos);
    CHECK(answers.ends_with("Connection: close\r\n\r\n" + body));
}

TEST_CASE("a large echo goes to a client that reads it late") {
    const auto origin = start();
    const std::string body = pattern(4'000'000);
    Client client(origin->port());
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 4000000\r\nConnection: close\r\n\r\n" +
                body);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK((body_of(client.receive_all()) == body));
}

TEST_CASE("events keep their schedule, their numbers and their size") {
    const auto origin = start();
    const auto begun = std::chrono::steady_clock::now();
    const std::string answer = ask(*origin, "/events/21?interval=5ms&bytes=200");
    const double took = ms_since(begun);
    CHECK(took >= 100);
    CHECK(took < 1000);
    const std::string events = unchunked(body_of(answer));
    CHECK(events.size() == 21 * 200);
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < 21; ++i) {
        const std::string event = events.substr(i * 200, 200);
        CHECK(event.starts_with("id: " + std::to_string(i + 1) + "\ndata: n=00000000"));
        CHECK(event.ends_with("..\n\n"));
        const std::uint64_t stamp = std::stoull(event.substr(event.find("t=") + 2, 20));
        CHECK(stamp > before);
        before = stamp;
    }
    CHECK(ask(*origin, "/events/0").ends_with("\r\n\r\n0\r\n\r\n"));
    CHECK(ask(*origin, "/events/3?interval=1ms&jitter=1ms").ends_with("\n\n\r\n0\r\n\r\n"));
}

TEST_CASE("totals are shown and set to zero, and do not count themselves") {
    const auto origin = start("", 2);
    for (int i = 0; i < 10; ++i) ask(*origin, i < 4 ? "/bytes/7" : "/x");
    CHECK(soon([&] { return origin->counters().answered == 10; }));
    const std::string totals = ask(*origin, "/mock/stats");
    CHECK(totals.find("Content-Type: application/json") != std::string::npos);
    CHECK(totals.find("\"requests\":10,\"answered\":10") != std::string::npos);
    CHECK(totals.find("\"other\":6,\"bytes\":4,") != std::string::npos);
    ask(*origin, "/mock/reset");
    const OriginCounters counters = origin->counters();
    CHECK(counters.requests == 0);
    CHECK(counters.accepted == 0);
}

TEST_CASE("threads share a port that is nobody else's") {
    const auto origin = start("", 3);
    for (int i = 0; i < 20; ++i) CHECK(ask(*origin, "/").starts_with("HTTP/1.1 200 "));
    CHECK(origin->counters().accepted == 20);
    const auto second = Origin::open({.mode = Mode::http, .port = origin->port(), .threads = 2});
    REQUIRE_FALSE(second);
    CHECK(second.error().os_error == EADDRINUSE);
    const std::string path = "/tmp/ringway-mock-threads." + std::to_string(::getpid());
    auto local = Origin::open({.mode = Mode::echo, .unix_path = path, .threads = 2});
    REQUIRE(local);
    (*local)->start();
    for (int i = 0; i < 10; ++i) {
        Client client(path);
        client.send("hi");
        CHECK(client.receive(2) == "hi");
    }
}
