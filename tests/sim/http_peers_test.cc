// The simulated HTTP clients and origins themselves: talking to each other without a proxy, every
// promise that they judge ringway by must hold.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include "http_client.h"
#include "http_origin.h"

using namespace ringway;
using namespace ringway::sim;

namespace {

AddressKey key(std::uint32_t ip, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(ip);
    address.sin_port = htons(port);
    return key_of(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

struct Meeting {
    Meeting(std::uint64_t seed, const HttpManners& manners, std::size_t clients)
        : kernel(seed, settings()), network(kernel), world(network, manners, seed) {
        world.direct = true;
        Socket& listener = network.make_socket(false);
        listener.hold();
        listener.listen(key(0x0A000001, 80), 1000);
        listener.on_wake = [this, &listener] {
            while (Socket* made = listener.accept()) {
                world.connections.push_back(std::make_unique<HttpOriginConnection>(world, *made));
            }
        };
        for (std::size_t i = 1; i <= clients; ++i) {
            world.clients.push_back(
                std::make_unique<HttpClient>(world, i, draw_client_plan(world)));
            world.clients.back()->connect(key(0x0A010000, static_cast<std::uint16_t>(i)),
                                          key(0x0A000001, 80), "10.1.0.0");
        }
    }
    static KernelSettings settings() {
        KernelSettings settings;
        settings.socket_bytes_min = 600;
        settings.packet_bytes_max = 1460;
        return settings;
    }
    bool run() {
        while (world.clients_open > 0 && kernel.failure().empty()) {
            if (kernel.next_event().is_never()) return false;
            kernel.advance_to(kernel.next_event());
        }
        CHECK_MESSAGE(kernel.failure().empty(), kernel.failure());
        return kernel.failure().empty();
    }
    std::size_t count(HttpExchange::Outcome outcome) const {
        std::size_t sum = 0;
        for (const HttpExchange& each : world.exchanges) sum += each.outcome == outcome;
        return sum;
    }
    Kernel kernel;
    Network network;
    HttpWorld world;
};

std::string read_all(HttpReader& reader, std::string_view text, std::size_t step) {
    while (!text.empty()) {
        const std::size_t part = std::min(step, text.size());
        const std::size_t used = reader.feed(reinterpret_cast<const std::byte*>(text.data()), part);
        text.remove_prefix(used);
        if (used < part && reader.state() >= HttpReader::State::complete) break;
    }
    return std::string(text);
}

}  // namespace

TEST_CASE("orderly clients and origins answer each other to the last byte") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        HttpManners manners;
        manners.until_close = manners.sends_interim = manners.http10 = manners.pads_heads = true;
        manners.closes_after = manners.stalls = true;
        Meeting meeting(seed, manners, 5);
        REQUIRE(meeting.run());
        // Where the origin closes, those behind are not answered.
        std::size_t excused = 0;
        for (const HttpExchange& each : meeting.world.exchanges) {
            if (each.outcome == HttpExchange::Outcome::answered) {
                CHECK(each.complete_requests == 1);
                CHECK(each.complete_responses == 1);
            } else {
                ++excused;
            }
        }
        CHECK(excused == 0);
        CHECK(meeting.count(HttpExchange::Outcome::answered) >= 5);
    }
}

TEST_CASE("whatever origins do to a response, its client sees that it is not whole") {
    std::size_t cut = 0;
    std::size_t answered = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        HttpManners manners;
        manners.cuts = manners.answers_early = manners.until_close = manners.closes_idle = true;
        Meeting meeting(seed, manners, 5);
        REQUIRE(meeting.run());
        cut += meeting.count(HttpExchange::Outcome::cut);
        answered += meeting.count(HttpExchange::Outcome::answered);
    }
    CHECK(cut > 20);
    CHECK(answered > 200);
}

TEST_CASE("the simulation's reader takes messages at any split and leaves what follows them") {
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:  b \r\n\r\n"
        "5;x=y\r\nhello\r\n3\r\n, w\r\n0\r\nX-T: 1\r\n\r\nNEXT";
    const std::string lengthy = "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhelloNEXT";
    for (std::size_t step = 1; step < 90; ++step) {
        std::string body;
        HttpReader reader(false, [&](const std::byte* data, std::size_t bytes) {
            body.append(reinterpret_cast<const char*>(data), bytes);
        });
        reader.begin();
        CHECK(read_all(reader, chunked, step) == "NEXT");
        CHECK(reader.state() == HttpReader::State::complete);
        CHECK(body == "hello, w");
        CHECK(reader.field("x-a") == "b");
        CHECK(reader.trailer("x-t") == "1");
        body.clear();
        reader.begin();
        CHECK(read_all(reader, lengthy, step) == "NEXT");
        CHECK(reader.status() == 404);
        CHECK(body == "hello");
        reader.begin(true);  // the answer to HEAD
        CHECK(read_all(reader, lengthy, step) == "helloNEXT");
        CHECK(reader.state() == HttpReader::State::complete);
    }
}

TEST_CASE("the simulation's reader takes nothing that is no message") {
    for (const char* text :
         {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "nonsense\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
          "HTTP/1.1 200 OK\r\nX-Bare: a\nb\r\n\r\n"}) {
        CAPTURE(text);
        HttpReader reader(false, [](const std::byte*, std::size_t) {});
        reader.begin();
        read_all(reader, text, 1000);
        CHECK(reader.state() == HttpReader::State::failed);
    }
}

TEST_CASE("a body that only ends with its connection is whole then, and no other") {
    HttpReader reader(false, [](const std::byte*, std::size_t) {});
    for (const bool chunked : {false, true}) {
        reader.begin();
        read_all(reader,
                 chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
                         : "HTTP/1.1 200 OK\r\n\r\nabc",
                 1000);
        CHECK(reader.state() == HttpReader::State::body);
        reader.end_of_stream();
        CHECK((reader.state() == HttpReader::State::complete) == !chunked);
    }
}
