#include "ringway/ring/ring.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <string>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "support.h"

using namespace ringway::ring;
using namespace ringway::ring::test;
using ringway::base::Duration;
using ringway::base::Instant;

namespace {

void signal(const Fd& event) { sys::signal_wake_fd(event.fd); }

}  // namespace

TEST_CASE("an open ring says what the kernel granted") {
    const auto ring = open_ring();
    const RingFeatures& features = ring->features();
    const std::string text = features.describe();
    const auto says = [&](const char* name) { return text.find(name) != std::string::npos; };
    CHECK(says("defer-taskrun") == features.defer_taskrun);
    CHECK(says("single-issuer") == features.single_issuer);
    CHECK(says("no-sqarray") == features.no_sqarray);
    CHECK(says("registered-ring-fd") == features.registered_ring_fd);
    CHECK(features.single_issuer);  // since the oldest kernel that ringway runs on
    CHECK(ring->fd() >= 0);
    CHECK(ring->counters().enters == 0);
    CHECK(RingFeatures{}.describe().empty());
}

TEST_CASE("a turn waits until its deadline, and not at all without one") {
    const auto ring = open_ring();
    const Instant before = sys::now();
    CHECK(ring->turn(in_ms(30)) == 0);
    CHECK(sys::now() - before >= Duration::milliseconds(30));
    const Instant again = sys::now();
    for (int i = 0; i < 100; ++i) CHECK(ring->turn(Instant{0}) == 0);
    CHECK(ring->turn(again) == 0);  // past already
    CHECK(sys::now() - again < Duration::seconds(2));
    CHECK(ring->counters().enters >= 102);
}

TEST_CASE("a turn without a deadline ends with the first completion") {
    const auto ring = open_ring();
    const Fd event(sys::make_wake_fd());
    Recorder watch;
    ring->poll(watch, event.fd, POLLIN);
    signal(event);
    CHECK(ring->turn(Instant::never()) == 1);
    REQUIRE(watch.seen.size() == 1);
    CHECK((watch.seen[0].result & POLLIN) != 0);
    CHECK_FALSE(watch.in_flight());
}

TEST_CASE("multishot accept gives a descriptor per connection until it is cancelled") {
    const auto ring = open_ring();
    const Listener listener;
    Recorder accept;
    ring->accept_multishot(accept, listener.socket.fd);
    std::deque<Fd> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(listener.connect());
    CHECK(turn_until(*ring, [&] { return accept.seen.size() == 10; }));
    for (const Completion& completion : accept.seen) {
        CHECK(completion.result >= 0);
        CHECK(completion.more());
    }
    CHECK(accept.in_flight());
    ring->cancel(accept);
    ring->cancel(accept);  // asking twice ends it once
    CHECK(turn_until(*ring, [&] { return !accept.in_flight(); }));
    settle(*ring);
    CHECK(accept.seen.size() == 11);
    CHECK(accept.seen.back().result == -ECANCELED);
    for (const Completion& completion : accept.seen) {
        if (completion.result >= 0) ::close(completion.result);
    }
    clients.push_back(listener.connect());
    settle(*ring);
    CHECK(accept.seen.size() == 11);
}

TEST_CASE("a single accept takes one connection and leaves the rest in the queue") {
    const auto ring = open_ring();
    const Listener listener;
    const Fd one = listener.connect();
    const Fd two = listener.connect();
    Recorder accept;
    ring->accept(accept, listener.socket.fd);
    CHECK(turn_until(*ring, [&] { return !accept.in_flight(); }));
    settle(*ring);
    REQUIRE(accept.seen.size() == 1);
    const Fd first(accept.seen[0].result);
    CHECK(first.fd >= 0);
    const Fd second(sys::accept(listener.socket.fd));
    CHECK(second.fd >= 0);
    CHECK(sys::accept(listener.socket.fd) == -EAGAIN);
}

TEST_CASE("connecting answers 0, or why not") {
    const auto ring = open_ring();
    auto listener = std::make_unique<Listener>();
    Recorder connect;
    Fd socket(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ring->connect(connect, socket.fd, listener->raw(), sizeof listener->address);
    CHECK(turn_until(*ring, [&] { return !connect.in_flight(); }));
    REQUIRE(connect.seen.size() == 1);
    CHECK(connect.seen[0].result == 0);

    const sockaddr_in nobody = listener->address;
    listener.reset();
    Fd refused(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ring->connect(connect, refused.fd, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody);
    CHECK(turn_until(*ring, [&] { return !connect.in_flight(); }));
    REQUIRE(connect.seen.size() == 2);
    CHECK(connect.seen[1].result == -ECONNREFUSED);
}

TEST_CASE("sends arrive, gathered ones in order, and a gone peer is an errno without a signal") {
    const auto ring = open_ring();
    Pair pair;
    Recorder send;
    ring->send(send, pair.near.fd, "one ", 4);
    CHECK(turn_until(*ring, [&] { return !send.in_flight(); }));
    char two[] = "two ";
    char three[] = "three";
    iovec pieces[2] = {{two, 4}, {three, 5}};
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = 2;
    ring->sendmsg(send, pair.near.fd, &message);
    CHECK(turn_until(*ring, [&] { return !send.in_flight(); }));
    char got[32]{};
    CHECK(::recv(pair.far.fd, got, sizeof got, 0) == 13);
    CHECK(std::string(got) == "one two three");
    CHECK(ring->counters().sends == 2);
    pair.far.close();
    ring->send(send, pair.near.fd, "x", 1);
    CHECK(turn_until(*ring, [&] { return !send.in_flight(); }));
    REQUIRE(send.seen.size() == 3);
    CHECK(send.seen[2].result == -EPIPE);
}

TEST_CASE("a multishot poll tells every edge until it is cancelled") {
    const auto ring = open_ring();
    const Fd event(sys::make_wake_fd());
    Recorder watch;
    ring->poll_multishot(watch, event.fd, POLLIN);
    ring->turn(Instant{0});
    CHECK(watch.seen.empty());
    for (std::size_t i = 1; i <= 3; ++i) {
        signal(event);
        CHECK(turn_until(*ring, [&] { return watch.seen.size() >= i; }));
        sys::clear_wake_fd(event.fd);
    }
    CHECK(watch.seen.size() == 3);
    CHECK(watch.in_flight());
    finish(*ring, watch);
    signal(event);
    settle(*ring);
    CHECK(watch.seen.size() == 4);
    CHECK(watch.ends() == 1);
}

TEST_CASE("cancelling what is not in flight does nothing, and a lost race completes once") {
    const auto ring = open_ring();
    const Fd event(sys::make_wake_fd());
    Recorder watch;
    ring->cancel(watch);
    settle(*ring);
    CHECK(watch.seen.empty());
    for (int i = 0; i < 50; ++i) {
        watch.seen.clear();
        ring->poll(watch, event.fd, POLLIN);
        if (i % 2 == 0) ring->turn(Instant{0});  // known to the kernel already, or in one go
        if (i % 3 != 0) signal(event);
        ring->cancel(watch);
        CHECK(turn_until(*ring, [&] { return !watch.in_flight(); }));
        settle(*ring);
        REQUIRE(watch.seen.size() == 1);
        CHECK((watch.seen[0].result == -ECANCELED || watch.seen[0].result > 0));
        sys::clear_wake_fd(event.fd);
    }
    CHECK(ring->counters().stale == 0);
}

TEST_CASE("the kernel's completion of an earlier life is counted and dropped") {
    const auto ring = open_ring();
    const Fd event(sys::make_wake_fd());
    Recorder watch;
    ring->poll(watch, event.fd, POLLIN);
    ring->turn(Instant{0});
    const std::uint64_t second_life = watch.begin();
    signal(event);
    CHECK(turn_until(*ring, [&] { return ring->counters().stale == 1; }));
    CHECK(watch.seen.empty());
    CHECK(watch.in_flight());
    CHECK(ring->counters().completions == 0);
    CHECK(watch.deliver(second_life, {}));
}

TEST_CASE("more requests than the queue holds are all carried out, once each") {
    RingSettings settings;
    settings.submission_entries = 4;
    settings.completion_entries = 16;
    const auto ring = open_ring(settings);
    const Fd event(sys::make_wake_fd());
    std::deque<Recorder> watches(300);
    for (Recorder& watch : watches) ring->poll(watch, event.fd, POLLIN);
    const auto ended = [&] {
        std::size_t count = 0;
        for (const Recorder& watch : watches) count += watch.seen.size();
        return count;
    };
    signal(event);
    CHECK(turn_until(*ring, [&] { return ended() >= watches.size(); }));
    settle(*ring);
    for (const Recorder& watch : watches) REQUIRE(watch.seen.size() == 1);
    CHECK(ring->counters().submissions == watches.size());
    CHECK(ring->counters().completions == watches.size());
}

TEST_CASE("a handler may submit from inside a turn, also more than fits") {
    RingSettings settings;
    settings.submission_entries = 2;
    settings.completion_entries = 8;
    const auto ring = open_ring(settings);
    const Fd event(sys::make_wake_fd());
    signal(event);
    std::deque<Recorder> others(20);
    Recorder first;
    first.then = [&](const Completion&) {
        for (Recorder& other : others) ring->poll(other, event.fd, POLLIN);
    };
    ring->poll(first, event.fd, POLLIN);
    CHECK(turn_until(*ring, [&] {
        for (const Recorder& other : others) {
            if (other.seen.empty()) return false;
        }
        return true;
    }));
    settle(*ring);
    for (const Recorder& other : others) CHECK(other.seen.size() == 1);
    CHECK(first.seen.size() == 1);
}
