#include "control_server.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_listener.h"
#include "ringway/net/address.h"
#include "ringway/ring/sys.h"
#include "temp_dir.h"

namespace ringway::control {
namespace {

// A server that answers "info" with `answer`, and others when the test says so.
struct Fixture {
    Fixture() {
        const ControlListener opened = open_control_listener(path());
        REQUIRE(opened.fd >= 0);
        server.emplace(poller, opened.fd, [this](ClientId client, const Request& request) {
            if (request.verb == Verb::info) {
                server->reply(client, answer);
            } else {
                waiting.push_back(client);
            }
        });
    }
    std::string path() const { return directory.file("c.sock"); }
    void run() {
        // Until two looks in a row find nothing to do.
        for (int quiet = 0; quiet < 2;) {
            quiet = poller.wait(ring::sys::now() + base::Duration::milliseconds(2)) == 0 ? quiet + 1
                                                                                         : 0;
        }
    }

    TempDir directory;
    Poller poller;
    std::string answer = "all well\n";
    std::vector<ClientId> waiting;
    std::optional<ControlServer> server;
};

class TestClient {
  public:
    explicit TestClient(Fixture& fixture)
        : fixture_(fixture), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        const auto path = net::UnixPath::parse(fixture.path());
        REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&path->storage), path->bytes) ==
                0);
    }
    ~TestClient() { ::close(fd_); }
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    void send(std::string_view bytes) {
        REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    void end_input() { ::shutdown(fd_, SHUT_WR); }
    // What has come so far; "[end]" behind it when the server closed.
    std::string received() {
        fixture_.run();
        std::string text;
        char chunk[65536];
        for (;;) {
            const ssize_t bytes = ::recv(fd_, chunk, sizeof chunk, 0);
            if (bytes == 0) return text + "[end]";
            if (bytes < 0) return text;
            text.append(chunk, static_cast<std::size_t>(bytes));
            fixture_.run();
        }
    }
    std::string ask(std::string_view bytes) {
        send(bytes);
        return received();
    }

  private:
    Fixture& fixture_;
    int fd_;
};

TEST_CASE("several commands on one connection, each reply ends with an empty line") {
    Fixture fixture;
    TestClient client(fixture);
    CHECK(client.ask("info\n") == "all well\n\n");
    CHECK(client.ask("info\ninfo\r\n") == "all well\n\nall well\n\n");
    CHECK(client.ask("in") == "");
    CHECK(client.ask("fo\n") == "all well\n\n");
}

TEST_CASE("an empty line within a reply does not end it") {
    CHECK(framed_reply("a\n\nb\n") == "a\n \nb\n\n");
    CHECK(framed_reply("a") == "a\n\n");
    CHECK(framed_reply("") == "\n");
}

TEST_CASE("garbage gets an error line and the connection stays") {
    Fixture fixture;
    TestClient client(fixture);
    for (const std::string& garbage :
         {std::string("nonsense\n"), std::string("\x01\x02\xff\xfe\n"), std::string("in\0fo\n", 6),
          std::string("\n"), std::string("set upstream\n")}) {
        const std::string reply = client.ask(garbage);
        CHECK(reply.starts_with("error: "));
        CHECK(reply.ends_with("\n\n"));
        CHECK(reply.find('\n') == reply.size() - 2);
    }
    CHECK(client.ask("info\n") == "all well\n\n");
}

TEST_CASE("a line beyond 4 KiB is refused once, and what follows it is heard") {
    Fixture fixture;
    TestClient client(fixture);
    const std::string reply = client.ask(std::string(50'000, 'x'));
    CHECK(reply.starts_with("error: "));
    CHECK(reply.find("4096") != std::string::npos);
    CHECK(client.ask(std::string(20'000, 'y')) == "");
    CHECK(client.ask("\ninfo\n") == "all well\n\n");
    const std::string whole = client.ask(std::string(4097, 'z') + "\ninfo\n");
    CHECK(whole.starts_with("error: "));
    CHECK(whole.ends_with("\n\nall well\n\n"));
}

TEST_CASE("quit and the end of input close, after what was asked is answered") {
    Fixture fixture;
    TestClient quitting(fixture);
    CHECK(quitting.ask("info\nquit\ninfo\n") == "all well\n\n[end]");
    TestClient ending(fixture);
    ending.send("info\ninfo");
    ending.end_input();
    CHECK(ending.received() == "all well\n\nall well\n\n[end]");
    CHECK(fixture.server->client_count() == 0);
}

TEST_CASE("a late reply holds up its own client alone") {
    Fixture fixture;
    TestClient slow(fixture);
    TestClient quick(fixture);
    CHECK(slow.ask("connections\ninfo\n") == "");
    CHECK(quick.ask("info\n") == "all well\n\n");
    REQUIRE(fixture.waiting.size() == 1);
    fixture.server->refuse(fixture.waiting[0], "too late");
    CHECK(slow.received() == "error: too late\n\nall well\n\n");
}

TEST_CASE("a reply to a client that has gone is dropped") {
    Fixture fixture;
    {
        TestClient gone(fixture);
        CHECK(gone.ask("connections\n") == "");
    }
    fixture.run();
    TestClient next(fixture);
    CHECK(next.ask("in") == "");
    REQUIRE(fixture.waiting.size() == 1);
    fixture.server->reply(fixture.waiting[0], "for somebody else\n");
    CHECK(next.ask("fo\n") == "all well\n\n");
}

TEST_CASE("a client that does not read holds one reply and nobody up") {
    Fixture fixture;
    fixture.answer = std::string(4 << 20, 'a') + "\n";
    TestClient sleeper(fixture);
    sleeper.send("info\ninfo\ninfo\n");
    fixture.run();
    CHECK_FALSE(fixture.server->next_due().is_never());
    fixture.answer = "short\n";
    TestClient other(fixture);
    CHECK(other.ask("info\n") == "short\n\n");
    // It wakes up and gets everything.
    const std::string all = sleeper.received();
    CHECK(all.size() == (std::size_t{4} << 20) + 2 + 2 * std::strlen("short\n\n"));
    // Another falls asleep for good and is closed.
    fixture.answer = std::string(4 << 20, 'a') + "\n";
    TestClient dead(fixture);
    dead.send("info\n");
    fixture.run();
    CHECK(fixture.server->client_count() == 3);
    fixture.server->tick(fixture.server->next_due());
    CHECK(fixture.server->client_count() == 2);
}

TEST_CASE("clients are bounded, and those beyond are told") {
    Fixture fixture;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (std::size_t i = 0; i < ControlServer::clients_max; ++i) {
        clients.push_back(std::make_unique<TestClient>(fixture));
        CHECK(clients.back()->ask("info\n") == "all well\n\n");
    }
    TestClient beyond(fixture);
    const std::string reply = beyond.received();
    CHECK(reply.starts_with("error: "));
    CHECK(reply.ends_with("[end]"));
    clients.pop_back();
    fixture.run();
    TestClient again(fixture);
    CHECK(again.ask("info\n") == "all well\n\n");
}

}  // namespace
}  // namespace ringway::control
