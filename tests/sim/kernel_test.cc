// The simulated machine behaves like the real one where the rest of the simulation relies on it.
#include "kernel.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>

#include "network.h"
#include "ringway/ring/buffer_group.h"
#include "ringway/ring/ring.h"
#include "ringway/ring/sys.h"

using namespace ringway;
using namespace ringway::sim;
namespace sys = ringway::ring::sys;

namespace {

struct Recorder : ring::Op {
    Recorder() : Op(&Recorder::on) {}
    static void on(ring::Op& op, const ring::Completion& completion) {
        static_cast<Recorder&>(op).seen.push_back(completion);
    }
    std::vector<ring::Completion> seen;
};

sockaddr_in address_of(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x0A000001);
    address.sin_port = htons(port);
    return address;
}

AddressKey key_of_port(std::uint16_t port) {
    const sockaddr_in address = address_of(port);
    return key_of(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

KernelSettings small_settings() {
    KernelSettings settings;
    settings.socket_bytes_min = settings.socket_bytes_max = 4096;
    return settings;
}

// A machine with one connection: `client` is a simulated peer, `fd` is ringway's end of it.
struct Machine {
    Kernel kernel{7, small_settings()};
    Network network{kernel};
    std::unique_ptr<ring::Ring> ring = std::move(*ring::Ring::open({}));
    int listener_fd = -1;
    int fd = -1;
    Socket* client = nullptr;
    Socket* server = nullptr;

    Machine() {
        listener_fd = sys::socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address = address_of(80);
        sys::bind(listener_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        REQUIRE(sys::listen(listener_fd, 16) == 0);
        client = &network.make_socket(false);
        client->hold();
        REQUIRE(client->connect(key_of_port(80)) == -EINPROGRESS);
        settle();
        fd = sys::accept(listener_fd);
        REQUIRE(fd >= 0);
        server = client->peer();
    }
    void settle() { kernel.advance_to(kernel.now() + base::Duration::milliseconds(500)); }
    void turn() {
        ring->turn(base::Instant{0});
        settle();
        ring->turn(base::Instant{0});
    }
    void client_sends(const std::string& text) {
        const iovec piece{const_cast<char*>(text.data()), text.size()};
        REQUIRE(client->send(&piece, 1) == static_cast<std::int64_t>(text.size()));
        settle();
    }
    std::int64_t server_sends(std::size_t bytes) {
        const std::string text(bytes, 'x');
        return sys::send_now(fd, text.data(), text.size());
    }
    std::string client_reads() {
        std::string text(65536, '\0');
        const std::int64_t count = client->receive(text.data(), text.size());
        text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return text;
    }
};

}  // namespace

TEST_CASE("bytes arrive in order and a half-close after them") {
    Machine machine;
    machine.client_sends("hello");
    machine.client_sends(" world");
    machine.client->shutdown(SHUT_WR);
    machine.settle();
    char text[32];
    CHECK(sys::peek(machine.fd, text, sizeof text) == 11);
    CHECK(sys::discard(machine.fd, 6) == 6);
    CHECK(sys::peek(machine.fd, text, sizeof text) == 5);
    CHECK(std::memcmp(text, "world", 5) == 0);
    CHECK(sys::discard(machine.fd, 5) == 5);
    CHECK(sys::peek(machine.fd, text, sizeof text) == 0);
    CHECK(machine.server_sends(3) == 3);
    machine.settle();
    CHECK(machine.client_reads() == "xxx");
}

TEST_CASE("a full socket refuses, and room comes back when the peer reads") {
    Machine machine;
    std::int64_t total = 0;
    for (;;) {
        const std::int64_t sent = machine.server_sends(1000);
        if (sent == -EAGAIN) break;
        total += sent;
    }
    CHECK(total == 4096);  // one send queue
    machine.settle();
    CHECK(machine.server_sends(1) == 1);  // it moved into the peer's receive queue
    while (machine.server_sends(1000) > 0) {
    }
    machine.settle();
    Recorder watch;
    machine.ring->poll_multishot(watch, machine.fd, POLLOUT);
    machine.turn();
    REQUIRE(watch.seen.empty());
    machine.client_reads();
    machine.turn();
    REQUIRE_FALSE(watch.seen.empty());
    CHECK((watch.seen[0].result & POLLOUT) != 0);
    CHECK(watch.seen[0].more());
    machine.ring->cancel(watch);
    machine.turn();
    CHECK(watch.seen.back().result == -ECANCELED);
    CHECK_FALSE(watch.in_flight());
}

TEST_CASE("a reset leaves what arrived readable, then one error, then nothing") {
    Machine machine;
    machine.client_sends("last words");
    machine.client->linger_zero = true;
    machine.client->drop();
    machine.settle();
    char text[32];
    CHECK(sys::peek(machine.fd, text, sizeof text) == 10);
    CHECK(sys::discard(machine.fd, 10) == 10);
    CHECK(sys::peek(machine.fd, text, sizeof text) == -ECONNRESET);
    CHECK(sys::peek(machine.fd, text, sizeof text) == 0);
    CHECK(machine.server_sends(1) == -EPIPE);
}

TEST_CASE("closing with unread bytes resets, and data for a closed socket is answered by a reset") {
    SUBCASE("unread bytes") {
        Machine machine;
        machine.client_sends("unread");
        sys::close(machine.fd);
        machine.settle();
        CHECK(machine.client->reset_seen);
    }
    SUBCASE("data afterwards") {
        Machine machine;
        sys::close(machine.fd);
        machine.settle();
        CHECK_FALSE(machine.client->reset_seen);
        CHECK(machine.client->end_seen());
        machine.client_sends("late");
        CHECK(machine.client->reset_seen);
    }
}

TEST_CASE("close(2) ends nothing while a receive is armed") {
    Machine machine;
    const auto group = ring::BufferGroup::create(*machine.ring, {0, 4, 4096, true});
    REQUIRE(group);
    Recorder receive;
    machine.ring->recv_multishot(receive, machine.fd, 0);
    machine.turn();
    sys::close(machine.fd);
    machine.turn();
    CHECK_FALSE(machine.client->end_seen());
    machine.client_sends("still read");
    machine.turn();
    REQUIRE(receive.seen.size() == 1);
    CHECK(receive.seen[0].result == 10);
    CHECK(receive.seen[0].buffer_more());
    machine.ring->cancel(receive);
    machine.turn();
    CHECK(receive.seen.back().result == -ECANCELED);
    CHECK(machine.client->end_seen());
}

TEST_CASE("a receive without buffers ends with ENOBUFS, before it looks at the socket") {
    Machine machine;
    const auto group = ring::BufferGroup::create(*machine.ring, {0, 1, 16, false});
    Recorder receive;
    machine.ring->recv_multishot(receive, machine.fd, 0);
    machine.client_sends("0123456789abcdefg");
    machine.turn();
    REQUIRE(receive.seen.size() == 2);
    CHECK(receive.seen[0].result == 16);
    CHECK(receive.seen[0].more());
    CHECK(receive.seen[1].result == -ENOBUFS);
    CHECK_FALSE(receive.in_flight());
    const ring::Slice slice = (*group)->take(receive.seen[0]);
    CHECK(std::memcmp(slice.data, "0123456789abcdef", 16) == 0);
    (*group)->release(slice);
    (*group)->flush();
    CHECK(slice.data[0] == std::byte{0xDB});  // whoever kept it would notice
}

TEST_CASE("incremental buffers are filled from where the last receive stopped") {
    Machine machine;
    const auto group = ring::BufferGroup::create(*machine.ring, {0, 2, 8, true});
    Recorder receive;
    machine.ring->recv_multishot(receive, machine.fd, 0);
    machine.client_sends("abc");
    machine.turn();
    machine.client_sends("defghij");
    machine.turn();
    REQUIRE(receive.seen.size() == 3);
    CHECK(receive.seen[0].buffer_more());
    CHECK(receive.seen[1].buffer_id() == receive.seen[0].buffer_id());
    CHECK_FALSE(receive.seen[1].buffer_more());
    CHECK(receive.seen[2].buffer_id() != receive.seen[0].buffer_id());
    std::string all;
    for (const auto& completion : receive.seen) {
        const ring::Slice slice = (*group)->take(completion);
        all.append(reinterpret_cast<const char*>(slice.data), slice.bytes);
        (*group)->release(slice);
    }
    CHECK(all == "abcdefghij");
    machine.ring->cancel(receive);
    machine.turn();
}

TEST_CASE("splice says EAGAIN for a full pipe and for an empty socket") {
    Machine machine;
    int pipe[2];
    REQUIRE(sys::make_pipe(pipe, 4096) == 0);  // one slot
    CHECK(sys::splice_in(machine.fd, pipe[1], 1000) == -EAGAIN);
    CHECK(sys::splice_out(pipe[0], machine.fd, 1000, false) == -EAGAIN);
    machine.client_sends(std::string(2000, 'y'));
    const std::int64_t first = sys::splice_in(machine.fd, pipe[1], 100000);
    REQUIRE(first > 0);
    CHECK(sys::splice_in(machine.fd, pipe[1], 100000) == -EAGAIN);
    CHECK(sys::splice_out(pipe[0], machine.fd, 100000, false) == first);
    machine.settle();
    CHECK(machine.client_reads() == std::string(static_cast<std::size_t>(first), 'y'));
    while (sys::splice_in(machine.fd, pipe[1], 100000) > 0) {
        sys::splice_out(pipe[0], machine.fd, 100000, false);
    }
    machine.client->shutdown(SHUT_WR);
    machine.settle();
    CHECK(sys::splice_in(machine.fd, pipe[1], 1000) == 0);
    sys::close(pipe[0]);
    sys::close(pipe[1]);
}

TEST_CASE("connects succeed, are refused and can be cancelled") {
    Machine machine;
    Socket& origin = machine.network.make_socket(false);
    origin.hold();
    origin.listen(key_of_port(90), 4);
    const sockaddr_in open = address_of(90);
    const sockaddr_in closed = address_of(91);
    const int first = sys::socket(AF_INET, SOCK_STREAM, 0);
    const int second = sys::socket(AF_INET, SOCK_STREAM, 0);
    Recorder succeeds;
    Recorder fails;
    machine.ring->connect(succeeds, first, reinterpret_cast<const sockaddr*>(&open), sizeof open);
    machine.ring->connect(fails, second, reinterpret_cast<const sockaddr*>(&closed), sizeof closed);
    machine.turn();
    REQUIRE(succeeds.seen.size() == 1);
    CHECK(succeeds.seen[0].result == 0);
    REQUIRE(fails.seen.size() == 1);
    CHECK(fails.seen[0].result == -ECONNREFUSED);
    CHECK(origin.accept_queue_length() == 1);
    machine.network.sites[key_of_port(92)].unreachable = true;
    const sockaddr_in silent = address_of(92);
    const int third = sys::socket(AF_INET, SOCK_STREAM, 0);
    Recorder cancelled;
    machine.ring->connect(cancelled, third, reinterpret_cast<const sockaddr*>(&silent),
                          sizeof silent);
    machine.turn();
    CHECK(cancelled.seen.empty());
    machine.ring->cancel(cancelled);
    machine.turn();
    REQUIRE(cancelled.seen.size() == 1);
    CHECK(cancelled.seen[0].result == -ECANCELED);
}

TEST_CASE("a descriptor is reused at once, and using a closed one is noticed") {
    Machine machine;
    const int fd = sys::socket(AF_INET, SOCK_STREAM, 0);
    sys::close(fd);
    CHECK(sys::socket(AF_INET, SOCK_STREAM, 0) == fd);
    CHECK(machine.kernel.failure().empty());
    sys::close(fd);
    sys::close(fd);
    CHECK_FALSE(machine.kernel.failure().empty());
}

TEST_CASE("memory of a send that changes in flight, and a record used twice, are noticed") {
    SUBCASE("memory") {
        Machine machine;
        while (machine.server_sends(1000) > 0) {
        }
        std::string text = "to be sent";
        Recorder send;
        machine.ring->send(send, machine.fd, text.data(), text.size());
        text[0] = 'T';
        machine.ring->turn(base::Instant{0});
        CHECK_FALSE(machine.kernel.failure().empty());
        machine.turn();
    }
    SUBCASE("record") {
        Machine machine;
        Recorder poll;
        machine.ring->poll(poll, machine.fd, POLLIN);
        machine.ring->poll(poll, machine.fd, POLLIN);
        CHECK_FALSE(machine.kernel.failure().empty());
        machine.ring->cancel(poll);
        machine.turn();
    }
}

TEST_CASE("multishot accept takes all, single accept one, and no descriptor ends it") {
    Machine machine;
    Recorder accept;
    machine.ring->accept_multishot(accept, machine.listener_fd);
    for (int i = 0; i < 3; ++i) {
        Socket& client = machine.network.make_socket(false);
        client.hold();
        client.connect(key_of_port(80));
    }
    machine.turn();
    CHECK(accept.seen.size() == 3);
    machine.ring->cancel(accept);
    machine.turn();
    CHECK_FALSE(accept.in_flight());
}
