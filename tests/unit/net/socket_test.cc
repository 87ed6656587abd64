#include "ringway/net/socket.h"

#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include "bench.h"
#include "ringway/net/acceptor.h"
#include "ringway/net/address.h"
#include "ringway/net/listening.h"

using namespace ringway;
using namespace ringway::net;
using namespace ringway::net::test;

namespace {

struct Server {
    Server() {
        config::Listener listener;
        listener.target.host = "127.0.0.1";
        auto wanted = *literal_address(listener.target);
        const Listening opened = open_listening_socket(listener, wanted);
        REQUIRE_MESSAGE(opened, opened.error);
        fd = opened.fd;
        wanted.set_port(bound_port(fd));
        address = wanted;
    }
    int connect() const {
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(::connect(client, address.raw(), address.raw_bytes()) == 0);
        return client;
    }
    int fd = -1;
    Address address;
};

void close_quietly(Bench& bench, Socket& socket, bool reset = false) {
    socket.stop();
    REQUIRE(bench.turn_until([&] { return socket.is_quiet(); }));
    socket.received().clear();
    socket.close(reset);
}

std::string hear(int fd, std::size_t bytes) {
    std::string text(bytes, '\0');
    const ssize_t got = ::recv(fd, text.data(), bytes, MSG_WAITALL);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace

TEST_CASE("a socket connects, or keeps why it could not") {
    Bench bench({});
    async::Wake wake;
    Server server;
    for (const bool listening : {true, false}) {
        if (!listening) ::close(server.fd);
        Socket socket(bench.pools, wake);
        socket.attach(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        socket.start_connecting(server.address.raw(), server.address.raw_bytes());
        CHECK(socket.is_connecting());
        REQUIRE(bench.turn_until([&] { return !socket.is_connecting(); }));
        CHECK(socket.connect_result() == (listening ? 0 : -ECONNREFUSED));
        CHECK_FALSE(socket.is_broken());  // the connector decides what that means
        close_quietly(bench, socket);
        CHECK_FALSE(socket.is_open());
    }
}

TEST_CASE("a block is sent as it is, and what comes back is queued") {
    Bench bench({});
    async::Wake wake;
    Connection connection;
    Socket socket(bench.pools, wake);
    socket.attach(connection.take_near());
    static const char text[] = "preamble";
    socket.send_block(text, 8);
    REQUIRE(bench.turn_until([&] { return !socket.is_sending(); }));
    CHECK(socket.last_send_result() == 8);
    CHECK(hear(connection.far, 8) == "preamble");
    CHECK_FALSE(socket.has_received_anything());
    socket.start_receiving();
    REQUIRE(::send(connection.far, "answer", 6, 0) == 6);
    REQUIRE(bench.turn_until([&] { return socket.received().bytes() == 6; }));
    CHECK(socket.has_received_anything());
    CHECK(socket.take_arrived() == 6);
    CHECK(socket.take_arrived() == 0);
    ::shutdown(connection.far, SHUT_WR);
    REQUIRE(bench.turn_until([&] { return socket.has_ended(); }));
    CHECK_FALSE(socket.is_broken());
    CHECK_FALSE(socket.is_receiving());
    close_quietly(bench, socket);
    bench.check_all_returned();
}

TEST_CASE("receiving once takes one buffer and ends") {
    BenchSettings settings;
    settings.buffer_bytes = 4096;
    Bench bench(settings);
    async::Wake wake;
    Connection connection;
    Socket socket(bench.pools, wake);
    socket.attach(connection.take_near());
    const std::string text(10'000, 'x');
    REQUIRE(::send(connection.far, text.data(), text.size(), 0) == 10'000);
    socket.receive_once();
    REQUIRE(bench.turn_until([&] { return !socket.is_receiving(); }));
    CHECK(socket.received().bytes() > 0);
    CHECK(socket.received().bytes() <= 4096);
    CHECK_FALSE(socket.has_ended());
    close_quietly(bench, socket);
    bench.check_all_returned();
}

TEST_CASE("a reset by the peer ends the stream and keeps its errno; the first error stays") {
    Bench bench({});
    async::Wake wake;
    Connection connection;
    Socket socket(bench.pools, wake);
    socket.attach(connection.take_near());
    socket.start_receiving();
    bench.turn();
    connection.reset_far();
    REQUIRE(bench.turn_until([&] { return socket.has_ended(); }));
    CHECK(socket.is_broken());
    CHECK(socket.error() == ECONNRESET);
    socket.break_with(-EPIPE);
    CHECK(socket.error() == ECONNRESET);
    close_quietly(bench, socket);
}

TEST_CASE("closing with a reset tells the peer that something is missing") {
    for (const bool reset : {true, false}) {
        Bench bench({});
        async::Wake wake;
        Connection connection;
        Socket socket(bench.pools, wake);
        socket.attach(connection.take_near());
        socket.start_receiving();
        bench.turn();
        close_quietly(bench, socket, reset);
        char byte = 0;
        const ssize_t got = ::recv(connection.far, &byte, 1, 0);
        if (reset) {
            CHECK(got == -1);
            CHECK(errno == ECONNRESET);
        } else {
            CHECK(got == 0);
        }
    }
}

TEST_CASE("stopping ends whatever is under way: a receive, a watch, a send that cannot go on") {
    Bench bench({});
    async::Wake wake;
    Connection connection(8192);
    Socket socket(bench.pools, wake);
    socket.attach(connection.take_near());
    socket.start_receiving();
    const std::vector<char> block(8 << 20, 'x');
    socket.send_block(block.data(), block.size());
    for (int i = 0; i < 5; ++i) bench.turn();
    CHECK(socket.is_receiving());
    socket.stop();
    REQUIRE(bench.turn_until([&] { return socket.is_quiet(); }));
    CHECK_FALSE(socket.is_broken());
    socket.watch_readable();
    socket.watch_writable();
    bench.turn();
    CHECK_FALSE(socket.is_quiet());
    close_quietly(bench, socket);
    CHECK(bench.ring->counters().stale == 0);
}

TEST_CASE("watches say when something can be read or written") {
    Bench bench({});
    async::Wake wake;
    Connection connection;
    Socket socket(bench.pools, wake);
    socket.attach(connection.take_near());
    socket.watch_readable();
    socket.watch_writable();
    REQUIRE(bench.turn_until([&] { return socket.writable; }));
    CHECK_FALSE(socket.readable);
    REQUIRE(::send(connection.far, "x", 1, 0) == 1);
    REQUIRE(bench.turn_until([&] { return socket.readable; }));
    CHECK_FALSE(socket.has_received_anything());
    close_quietly(bench, socket);
}

TEST_CASE(
    "an acceptor takes many at a time, or tells that somebody waits and leaves him in the queue") {
    Bench bench({});
    async::Wake wake;
    Server server;
    Acceptor acceptor(*bench.ring, wake, server.fd);
    CHECK(acceptor.take() == -1);
    std::vector<int> clients;
    const auto accepted = [&](std::size_t wanted) {
        std::size_t count = 0;
        bench.turn_until(
            [&] {
                for (int fd = acceptor.take(); fd >= 0; fd = acceptor.take()) {
                    ::close(fd);
                    ++count;
                }
                return count >= wanted;
            },
            3000);
        return count;
    };
    acceptor.arm_many();
    CHECK(acceptor.accepts_many());
    for (int i = 0; i < 5; ++i) clients.push_back(server.connect());
    CHECK(accepted(5) == 5);
    CHECK(acceptor.is_armed());
    acceptor.disarm();
    REQUIRE(bench.turn_until([&] { return !acceptor.is_armed(); }));
    CHECK(acceptor.take_error() == 0);

    acceptor.watch();
    CHECK_FALSE(acceptor.accepts_many());
    bench.turn();
    CHECK_FALSE(acceptor.take_arrival());
    for (int i = 0; i < 2; ++i) clients.push_back(server.connect());
    REQUIRE(bench.turn_until([&] { return !acceptor.is_armed(); }));
    CHECK(acceptor.take() == -1);  // told, not taken
    CHECK(acceptor.take_arrival());
    CHECK_FALSE(acceptor.take_arrival());
    for (int i = 0; i < 2; ++i) {
        const int direct = acceptor.accept_now();
        CHECK(direct >= 0);
        ::close(direct);
    }
    CHECK(acceptor.accept_now() == -EAGAIN);
    acceptor.close();
    CHECK_FALSE(acceptor.is_open());
    for (const int client : clients) ::close(client);
}

namespace {

// Counts how often its wake-up is used.
struct Owner {
    async::Task<void> run() {
        while (!done) {
            co_await wake.wait();
            ++wakes;
        }
    }
    void finish(Bench& bench) {
        done = true;
        wake.set();
        REQUIRE(bench.turn_until([&] { return running.is_done(); }));
    }
    async::Wake wake;
    bool done = false;
    int wakes = 0;
    async::Task<void> running = run();
};

}  // namespace

TEST_CASE("a socket that is handed over in mid-request wakes its new owner, and him alone") {
    enum class What { receive, watch, send, connect };
    for (const What what : {What::receive, What::watch, What::send, What::connect}) {
        CAPTURE(static_cast<int>(what));
        Bench bench({});
        {
            Owner before;
            Owner after;
            bench.turn();
            Connection connection(what == What::send ? 16'384 : 0);
            Socket socket(bench.pools, before.wake);
            Server server;
            const std::vector<char> block(4 << 20, 'x');
            if (what == What::connect) {
                socket.attach(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            } else {
                socket.attach(connection.take_near());
            }
            switch (what) {
                case What::receive: socket.start_receiving(); break;
                case What::watch: socket.watch_readable(); break;
                case What::send:
                    while (::send(socket.fd(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
                    }
                    socket.send_block(block.data(), block.size());
                    break;
                case What::connect:
                    socket.start_connecting(server.address.raw(), server.address.raw_bytes());
                    break;
            }
            // A connect of the loopback ends with its submission; the others stay under way.
            for (int i = 0; i < 3 && what != What::connect; ++i) bench.turn();
            REQUIRE_FALSE(socket.is_quiet());
            socket.set_wake(after.wake);
            CHECK(&socket.wake() == &after.wake);
            const int wakes_before = before.wakes;
            REQUIRE(::send(connection.far, "x", 1, MSG_NOSIGNAL) == 1);
            REQUIRE(bench.turn_until([&] {
                std::vector<char> piece(262'144);
                while (what == What::send &&
                       ::recv(connection.far, piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
                }
                return after.wakes > 0;
            }));
            CHECK(before.wakes == wakes_before);
            if (what == What::receive) CHECK(socket.received().bytes() == 1);
            if (what == What::watch) CHECK(socket.readable);
            if (what == What::connect) CHECK(socket.connect_result() == 0);
            close_quietly(bench, socket);
            CHECK(before.wakes == wakes_before);
            ::close(server.fd);
            before.finish(bench);
            after.finish(bench);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("who waits for a buffer when the socket changes hands: the new owner hears of it") {
    BenchSettings settings;
    settings.buffers = 8;
    settings.buffer_bytes = 4096;
    Bench bench(settings);
    {
        Owner before;
        Owner after;
        bench.turn();
        Connection hogging;
        Socket hog(bench.pools, before.wake);
        hog.attach(hogging.take_near());
        hog.start_receiving();
        const std::vector<char> piece(4096, 'h');
        REQUIRE(bench.turn_until([&] {
            (void)::send(hogging.far, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            return hog.is_waiting_for_buffer();
        }));
        Connection connection;
        Socket socket(bench.pools, before.wake);
        socket.attach(connection.take_near());
        REQUIRE(::send(connection.far, "x", 1, MSG_NOSIGNAL) == 1);
        socket.start_receiving();
        REQUIRE(bench.turn_until([&] { return socket.is_waiting_for_buffer(); }));
        socket.set_wake(after.wake);
        hog.give_up_waiting_for_buffer();
        hog.received().clear();
        REQUIRE(bench.turn_until([&] { return after.wakes > 0; }));
        close_quietly(bench, socket);
        close_quietly(bench, hog);
        before.finish(bench);
        after.finish(bench);
    }
    bench.check_all_returned();
}
