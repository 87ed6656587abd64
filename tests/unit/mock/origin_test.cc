#include "ringway/mock/origin.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "client.h"
#include "ringway/mock/pattern.h"

using namespace ringway::mock;

namespace {

std::unique_ptr<Origin> start(const OriginSettings& settings) {
    auto origin = Origin::open(settings);
    REQUIRE(origin);
    (*origin)->start();
    return std::move(*origin);
}

std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    fill_pattern(0, std::as_writable_bytes(std::span(text)));
    return text;
}

}  // namespace

TEST_CASE("the pattern is the same whether filled at once or in pieces") {
    std::vector<std::byte> whole(70000);
    fill_pattern(1000, whole);
    for (std::size_t i = 0; i < whole.size(); i += 977) {
        CHECK(whole[i] == pattern_byte(1000 + i));
        std::byte one{};
        fill_pattern(1000 + i, {&one, 1});
        CHECK(whole[i] == one);
    }
}

TEST_CASE("echo sends everything back, beyond a half-close") {
    const auto origin = start({.mode = Mode::echo});
    Client client(origin->port());
    client.send("one");
    CHECK(client.receive(3) == "one");
    client.send("two");
    client.end();
    CHECK(client.receive_all() == "two");
    CHECK(soon([&] { return origin->counters().active == 0; }));
    const OriginCounters counters = origin->counters();
    CHECK(counters.accepted == 1);
    CHECK(counters.bytes_in == 6);
    CHECK(counters.bytes_out == 6);
    CHECK(counters.resets == 0);
}

TEST_CASE("echo holds a bounded amount for a client that does not read, and loses none of it") {
    const auto origin = start({.mode = Mode::echo});
    Client client(origin->port());
    const std::string sent = pattern(8 << 20);
    std::thread writer([&] {
        client.send(sent);
        client.end();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const std::string received = client.receive_all();
    writer.join();
    CHECK(received == sent);
}

TEST_CASE("sink takes everything, answers nothing and closes when the peer ends") {
    const auto origin = start({.mode = Mode::sink});
    Client client(origin->port());
    client.send(std::string(3'000'000, 'x'));
    client.end();
    CHECK(client.receive_all().empty());
    CHECK(origin->counters().bytes_in == 3'000'000);
}

TEST_CASE("source sends as many pattern bytes as asked for, then closes") {
    const auto origin = start({.mode = Mode::source, .bytes = 5'000'001});
    SUBCASE("to a client that keeps its side open") {
        Client client(origin->port());
        CHECK(client.receive_all() == pattern(5'000'001));
    }
    SUBCASE("to a client that ended its side at once") {
        Client client(origin->port());
        client.end();
        CHECK(client.receive_all() == pattern(5'000'001));
    }
}

TEST_CASE("an endless source stops when the client leaves") {
    const auto origin = start({.mode = Mode::source});
    {
        Client client(origin->port());
        CHECK(client.receive(3'000'000) == pattern(3'000'000));
    }
    CHECK(soon([&] { return origin->counters().active == 0; }));
}

TEST_CASE("http answers pipelined requests in order and keeps the connection") {
    const auto origin = start({.mode = Mode::http});
    Client client(origin->port());
    client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    client.send("GET /third HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string answers = client.receive_all();
    const std::size_t first = answers.find("request 1 of this connection was GET /first");
    const std::size_t second = answers.find("request 2 of this connection was GET /second");
    const std::size_t third = answers.find("request 3 of this connection was GET /third");
    REQUIRE(third != std::string::npos);
    CHECK(first < second);
    CHECK(second < third);
    CHECK(answers.find(origin->url()) != std::string::npos);
    CHECK(origin->counters().requests == 3);
}

TEST_CASE("http sends a body of the size asked for") {
    const auto origin = start({.mode = Mode::http, .bytes = 1024});
    Client client(origin->port());
    client.send("GET / HTTP/1.0\r\n\r\n");
    const std::string answer = client.receive_all();
    CHECK(answer.find("Content-Length: 1024\r\n") != std::string::npos);
    CHECK(answer.substr(answer.size() - 1024) == pattern(1024));
}

TEST_CASE("http answers paths that ask for a status, for bytes and for their body") {
    const auto origin = start({.mode = Mode::http});
    Client client(origin->port());
    client.send("GET /status/404 HTTP/1.1\r\n\r\nGET /status/204 HTTP/1.1\r\n\r\n");
    client.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
    client.send("HEAD /bytes/70000 HTTP/1.1\r\n\r\n");
    client.send("GET /bytes/3000000?x HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string answers = client.receive_all();
    CHECK(answers.starts_with("HTTP/1.1 404 Not Found\r\n"));
    const std::size_t second = answers.find("HTTP/1.1 204 No Content\r\n");
    REQUIRE(second != std::string::npos);
    const std::size_t third = answers.find("HTTP/1.1 200 OK\r\n", second);
    REQUIRE(third != std::string::npos);
    CHECK(answers.substr(second, third - second).find("Content-Length") == std::string::npos);
    CHECK(answers.substr(third).find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(answers.find("\r\n\r\nhelloHTTP/1.1 200 OK\r\n", third) != std::string::npos);
    CHECK(answers.find("Content-Length: 70000\r\n") != std::string::npos);
    REQUIRE(answers.size() > 3'000'000);
    CHECK(answers.substr(answers.size() - 3'000'000) == pattern(3'000'000));
    CHECK(origin->counters().requests == 5);
}

TEST_CASE("http answers every one of many pipelined requests") {
    const auto origin = start({.mode = Mode::http, .bytes = 1024});
    Client client(origin->port());
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    std::thread writer([&] { client.send(requests + "GET / HTTP/1.0\r\n\r\n"); });
    const std::string answers = client.receive_all();
    writer.join();
    CHECK(answers.substr(answers.size() - 1024) == pattern(1024));
    CHECK(origin->counters().requests == 1001);
    CHECK(origin->counters().bytes_out == answers.size());
}

TEST_CASE("http answers late, and the next request after it") {
    const auto origin = start({.mode = Mode::http});
    Client client(origin->port());
    const auto begun = std::chrono::steady_clock::now();
    client.send("GET /slow/100 HTTP/1.1\r\n\r\nGET /next HTTP/1.0\r\n\r\n");
    const std::string answers = client.receive_all();
    CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(100));
    const std::size_t slow = answers.find("GET /slow/100");
    REQUIRE(slow != std::string::npos);
    CHECK(answers.find("GET /next") > slow);
}

TEST_CASE("http streams events, each as it happens") {
    const auto origin = start({.mode = Mode::http});
    SUBCASE("as many as asked for, then the connection goes on") {
        Client client(origin->port());
        client.send("GET /events/2 HTTP/1.1\r\n\r\nGET /next HTTP/1.0\r\n\r\n");
        const std::string answers = client.receive_all();
        CHECK(answers.find("Content-Type: text/event-stream\r\n") != std::string::npos);
        CHECK(answers.find("id: 1\ndata: n=0000000001 t=") != std::string::npos);
        const std::size_t last = answers.find("id: 2\ndata: n=0000000002 t=");
        REQUIRE(last != std::string::npos);
        CHECK(answers.find("\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK") > last);
        CHECK(answers.find("id: 3") == std::string::npos);
    }
    SUBCASE("until the client leaves, however it does") {
        for (const bool ends : {true, false}) {
            Client client(origin->port());
            client.send("GET /events HTTP/1.1\r\n\r\n");
            std::string got;
            while (got.find("id: 1\n") == std::string::npos) got += client.receive(1);
            if (!ends) continue;
            client.end();
            CHECK(client.receive_all().ends_with("0\r\n\r\n"));
        }
        CHECK(soon([&] { return origin->counters().active == 0; }));
    }
}

TEST_CASE("http takes a body to echo up to its limit") {
    const auto origin = start({.mode = Mode::http});
    Client client(origin->port());
    client.send("PUT /echo HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n");
    CHECK(client.receive_all().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("http refuses nonsense and closes") {
    const auto origin = start({.mode = Mode::http});
    Client client(origin->port());
    client.send("what?\r\n\r\n");
    CHECK(client.receive_all().starts_with("HTTP/1.1 400 "));
}

TEST_CASE("close-first echoes what it waited for and ends before the client does") {
    const auto origin = start({.mode = Mode::close_first, .bytes = 8});
    Client client(origin->port());
    client.send("1234");
    client.send("5678");
    CHECK(client.receive_all() == "12345678");
    CHECK(soon([&] { return origin->counters().requests == 1; }));
}

TEST_CASE("a Unix socket works the same and disappears with its origin") {
    const std::string path = "/tmp/ringway-mock-test." + std::to_string(::getpid());
    {
        const auto origin = start({.mode = Mode::sink, .unix_path = path});
        Client client(path);
        client.send("abc");
        client.end();
        CHECK(client.receive_all().empty());
        CHECK(origin->counters().bytes_in == 3);
        CHECK(origin->url() == "tcp+unix:" + path);
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("a port in use is refused with its errno") {
    const auto origin = start({});
    const auto second = Origin::open({.port = origin->port()});
    REQUIRE_FALSE(second);
    CHECK(second.error().os_error == EADDRINUSE);
}

TEST_CASE("stopping closes what is open, and a client is told") {
    const auto origin = start({.mode = Mode::echo});
    Client client(origin->port());
    client.send("x");
    CHECK(client.receive(1) == "x");
    origin->stop();
    CHECK(client.receive_all().empty());
    CHECK(origin->counters().active == 0);
}
