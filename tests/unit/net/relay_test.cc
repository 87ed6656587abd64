#include "ringway/net/relay.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "bench.h"
#include "ringway/base/random.h"

using namespace ringway;
using namespace ringway::net;
using namespace ringway::net::test;
using config::RelayMode;

namespace {

constexpr RelayMode all_modes[] = {RelayMode::automatic, RelayMode::copy, RelayMode::splice};

std::uint64_t moved(const stats::DirectionStats& stats) {
    return stats.copied_bytes.read() + stats.spliced_bytes.read() + stats.peeked_bytes.read();
}

// Speaks and listens in pieces of random size until both have said and heard all.
void converse(Session& session, base::Random& random) {
    const auto some = [&] {
        return static_cast<std::size_t>(1 + random.below(random.chance(1, 2)   ? 200'000
                                                         : random.chance(1, 2) ? 5'000
                                                                               : 50));
    };
    const bool done = session.turn_until([&] {
        for (Peer* peer : {&session.client, &session.server}) {
            if (random.chance(3, 4)) peer->speak(some());
            if (random.chance(3, 4)) peer->listen(some());
            if (random.chance(1, 4)) peer->finish_speaking();
        }
        return session.is_over() && session.client.ended && session.server.ended;
    });
    CHECK(done);
}

void check_delivered(const Session& session) {
    CHECK(session.server.heard == session.client.goal);
    CHECK(session.client.heard == session.server.goal);
    CHECK(session.server.exact);
    CHECK(session.client.exact);
    CHECK(session.relay.up.flow.bytes == session.client.goal);
    CHECK(session.relay.down.flow.bytes == session.server.goal);
    CHECK(session.up_stats.bytes.read() == session.client.goal);
    CHECK(moved(session.up_stats) == session.client.goal);
    CHECK(moved(session.down_stats) == session.server.goal);
}

}  // namespace

TEST_CASE("both ways, random pieces, every way of moving: all bytes, both ends, all returned") {
    for (const RelayMode mode : all_modes) {
        for (const bool incremental : {true, false}) {
            for (std::uint64_t seed = 1; seed <= 3; ++seed) {
                CAPTURE(static_cast<int>(mode));
                CAPTURE(incremental);
                CAPTURE(seed);
                BenchSettings settings;
                settings.mode = mode;
                settings.incremental = incremental;
                if (!incremental) settings.buffers = 64;
                if (!incremental) settings.buffer_bytes = 8192;
                Bench bench(settings);
                {
                    Session session(bench, seed == 2 ? 32'768 : 0);
                    base::Random random(seed);
                    session.client.goal = random.below(3'000'000);
                    session.server.goal = random.below(3'000'000);
                    session.start();
                    converse(session, random);
                    check_delivered(session);
                }
                bench.check_all_returned();
            }
        }
    }
}

TEST_CASE("what the client said before the upstream was there is passed on first") {
    for (const RelayMode mode : all_modes) {
        BenchSettings settings;
        settings.mode = mode;
        Bench bench(settings);
        {
            Session session(bench);
            session.client.goal = 20'000;
            REQUIRE(session.client.speak(20'000));
            REQUIRE(bench.turn_until([&] { return session.downstream.received().bytes() > 0; }));
            session.start();
            base::Random random(1);
            session.server.goal = 10;
            converse(session, random);
            check_delivered(session);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("a half-closed connection still gets its whole answer") {
    for (const RelayMode mode : all_modes) {
        CAPTURE(static_cast<int>(mode));
        BenchSettings settings;
        settings.mode = mode;
        Bench bench(settings);
        {
            Session session(bench);
            session.client.goal = 1000;
            session.server.goal = 500'000;
            session.start();
            session.client.speak(1000);
            session.client.finish_speaking();
            CHECK(session.turn_until([&] {
                session.server.listen(5000);
                return session.server.ended;
            }));
            CHECK(session.server.heard == 1000);
            CHECK_FALSE(session.is_over());
            CHECK(session.turn_until([&] {
                session.server.speak(100'000);
                session.server.finish_speaking();
                session.client.listen(100'000);
                return session.client.ended && session.is_over();
            }));
            check_delivered(session);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("a reset ends the relay on both sides and is told from an orderly end") {
    for (const RelayMode mode : all_modes) {
        for (const bool client_resets : {true, false}) {
            CAPTURE(static_cast<int>(mode));
            CAPTURE(client_resets);
            BenchSettings settings;
            settings.mode = mode;
            Bench bench(settings);
            {
                Session session(bench);
                session.client.goal = session.server.goal = 50'000'000;
                session.start();
                CHECK(session.turn_until([&] {
                    session.client.speak(60'000);
                    session.server.speak(60'000);
                    session.client.listen(60'000);
                    session.server.listen(60'000);
                    return session.client.heard > 1'000'000 && session.server.heard > 1'000'000;
                }));
                Connection& gone = client_resets ? session.client_side : session.server_side;
                Peer& other = client_resets ? session.server : session.client;
                gone.reset_far();
                CHECK(session.turn_until([&] {
                    other.listen(262'144);
                    return session.is_over() && (other.ended || other.broken);
                }));
                CHECK(other.exact);
                CHECK(other.error == ECONNRESET);
                CHECK(session.downstream.is_broken() == client_resets);
                CHECK(session.upstream.is_broken() == !client_resets);
                session.downstream.received().clear();
                session.upstream.received().clear();
            }
            bench.check_all_returned();
        }
    }
}

TEST_CASE("a slow reader parks the writer: what is held stays within the limit and one turn") {
    for (const bool incremental : {true, false}) {
        CAPTURE(incremental);
        BenchSettings settings;
        settings.mode = RelayMode::copy;
        settings.incremental = incremental;
        settings.buffers = 64;
        settings.buffer_bytes = 16'384;
        settings.held_bytes_max = 32'768;
        Bench bench(settings);
        {
            Session session(bench, 16'384);
            session.client.goal = 4'000'000;
            session.start();
            std::uint32_t held_before = 0;
            int grew_past_limit = 0;
            int turns = 0;
            session.turn_until([&] {
                session.client.speak(262'144);
                const std::uint32_t held = session.downstream.received().bytes();
                if (held > held_before && held_before >= settings.held_bytes_max) {
                    ++grew_past_limit;
                } else {
                    grew_past_limit = 0;
                }
                CHECK(grew_past_limit <= 1);
                held_before = held;
                return ++turns == 300;
            });
            CHECK(session.up_stats.pauses.read() >= 1);
            // Parked: more than half of the limit is held, and at most one more buffer than all.
            CHECK(held_before > settings.held_bytes_max / 2);
            CHECK(held_before <= settings.held_bytes_max + settings.buffer_bytes);
            CHECK_FALSE(session.downstream.is_receiving());
            CHECK(session.client.sent < session.client.goal);  // the writer is stuck
            const std::uint64_t stuck_at = session.client.sent;
            for (int i = 0; i < 20; ++i) {
                session.turn();
                session.client.speak(262'144);
            }
            CHECK(session.client.sent == stuck_at);
            // Once the reader reads, everything arrives.
            base::Random random(2);
            session.server.goal = 1;
            converse(session, random);
            check_delivered(session);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("bulk goes over to splice, small talk comes back to copy, and no byte is lost between") {
    Bench bench({});
    {
        Session session(bench);
        session.client.goal = 8'000'000;
        session.start();
        CHECK(session.relay.up.way() == RelayWay::copy);
        bool spliced = false;
        CHECK(session.turn_until([&] {
            session.client.speak(262'144);
            session.server.listen(262'144);
            spliced = spliced || session.relay.up.way() == RelayWay::splice;
            return session.server.heard == 8'000'000;
        }));
        CHECK(spliced);
        CHECK(session.up_stats.into_splice.read() >= 1);
        CHECK(session.up_stats.spliced_bytes.read() > 4'000'000);
        CHECK(session.down_stats.into_splice.read() == 0);
        // Idle for a while: the pipe goes back.
        CHECK(session.turn_until([&] { return session.relay.up.way() == RelayWay::copy; }, 3000));
        CHECK(bench.pipes.lent() == 0);
        CHECK(session.up_stats.out_of_splice.read() == session.up_stats.into_splice.read());
        const std::uint64_t spliced_bytes = session.up_stats.spliced_bytes.read();
        session.client.goal += 500;
        session.server.goal = 500;
        base::Random random(4);
        converse(session, random);
        check_delivered(session);
        CHECK(session.up_stats.spliced_bytes.read() == spliced_bytes);
        CHECK(session.up_stats.copied_bytes.read() >= 500);
    }
    bench.check_all_returned();
}

TEST_CASE("many small moves in a row leave splice even without a pause") {
    Bench bench({});
    {
        Session session(bench);
        session.client.goal = 2'000'000;
        session.start();
        CHECK(session.turn_until([&] {
            session.client.speak(262'144);
            session.server.listen(262'144);
            return session.server.heard == 2'000'000;
        }));
        REQUIRE(session.relay.up.way() == RelayWay::splice);
        session.client.goal += 100'000;
        std::uint64_t small_moves = 0;
        CHECK(session.turn_until([&] {
            if (session.server.heard == session.client.sent && session.client.speak(100)) {
                ++small_moves;
            }
            session.server.listen(262'144);
            return session.relay.up.way() == RelayWay::copy;
        }));
        CHECK(small_moves <= RelayThresholds::small_moves_in_a_row + 2);
        session.client.goal = session.client.sent;
        base::Random random(4);
        converse(session, random);
        check_delivered(session);
    }
    bench.check_all_returned();
}

TEST_CASE("without a pipe bulk is copied") {
    for (const RelayMode mode : {RelayMode::automatic, RelayMode::splice}) {
        CAPTURE(static_cast<int>(mode));
        BenchSettings settings;
        settings.mode = mode;
        settings.pipes_max = 0;
        Bench bench(settings);
        {
            Session session(bench);
            session.client.goal = 3'000'000;
            session.server.goal = 3'000'000;
            session.start();
            base::Random random(6);
            converse(session, random);
            check_delivered(session);
            CHECK(session.up_stats.copied_bytes.read() == 3'000'000);
            CHECK(session.up_stats.into_splice.read() == 0);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("with one vector for gathered sends both ways still end") {
    BenchSettings settings;
    settings.mode = RelayMode::copy;
    settings.incremental = false;
    settings.buffers = 64;
    settings.buffer_bytes = 4096;
    settings.vectors_max = 1;
    Bench bench(settings);
    {
        Session session(bench, 16'384);
        session.client.goal = 1'000'000;
        session.server.goal = 1'000'000;
        session.start();
        base::Random random(8);
        converse(session, random);
        check_delivered(session);
    }
    bench.check_all_returned();
}

namespace {

// Somebody else's connection that holds every buffer there is.
struct Hog : ring::Op {
    explicit Hog(Bench& home) : Op(&Hog::on_completion), bench(home), near(connection.take_near()) {
        bench.ring->recv_multishot(*this, near, bench.buffers->id());
        const std::vector<char> piece(4096, 'h');
        REQUIRE(bench.turn_until([&] {
            (void)::send(connection.far, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            return bench.buffers->in_use() == bench.buffers->count();
        }));
        REQUIRE(bench.turn_until([&] { return !in_flight(); }));
    }
    ~Hog() {
        let_go();
        ::close(near);
    }
    void let_go() {
        for (const ring::Slice& slice : slices) bench.buffers->release(slice);
        slices.clear();
    }
    static void on_completion(ring::Op& op, const ring::Completion& completion) {
        auto& self = static_cast<Hog&>(op);
        if (completion.result > 0) self.slices.push_back(self.bench.buffers->take(completion));
    }
    Bench& bench;
    Connection connection;
    int near;
    std::vector<ring::Slice> slices;
};

}  // namespace

TEST_CASE("a connection that gets no buffer goes on by peeking, and back when there are some") {
    for (const RelayMode mode : {RelayMode::automatic, RelayMode::copy}) {
        CAPTURE(static_cast<int>(mode));
        BenchSettings settings;
        settings.mode = mode;
        settings.pipes_max = 0;
        settings.buffers = 8;
        settings.buffer_bytes = 4096;
        Bench bench(settings);
        {
            Hog hog(bench);
            Session session(bench);
            session.client.goal = 300'000;
            session.server.goal = 300'000;
            session.start();
            CHECK(session.turn_until(
                [&] {
                    session.client.speak(5'000);
                    session.server.speak(5'000);
                    session.client.listen(262'144);
                    session.server.listen(262'144);
                    return session.server.heard >= 100'000 && session.client.heard >= 100'000;
                },
                5'000));
            CHECK(session.relay.up.way() == RelayWay::peek);
            CHECK(session.up_stats.peeked_bytes.read() >= 100'000);
            CHECK(bench.buffers->parks() >= 1);
            hog.let_go();
            CHECK(session.turn_until(
                [&] {
                    return session.relay.up.way() == RelayWay::copy &&
                           session.relay.down.way() == RelayWay::copy;
                },
                3'000));
            session.client.goal += 50'000;  // all of the first may have been said by now
            session.server.goal += 50'000;
            base::Random random(3);
            converse(session, random);
            check_delivered(session);
            // Which of the two depends on how much a turn brings; a direction alone may have been
            // short of buffers again.
            CHECK(session.up_stats.copied_bytes.read() + session.up_stats.spliced_bytes.read() +
                      session.down_stats.copied_bytes.read() +
                      session.down_stats.spliced_bytes.read() >
                  0);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("a connection that gets no buffer but a pipe goes on by splicing at once") {
    BenchSettings settings;
    settings.buffers = 8;
    settings.buffer_bytes = 4096;
    Bench bench(settings);
    {
        Hog hog(bench);
        Session session(bench);
        session.client.goal = 200'000;
        session.server.goal = 200'000;
        session.start();
        base::Random random(5);
        converse(session, random);
        check_delivered(session);
        CHECK(session.up_stats.spliced_bytes.read() > 0);
        CHECK(session.up_stats.peeked_bytes.read() == 0);
    }
    bench.check_all_returned();
}

TEST_CASE("a peeking connection passes ends and resets on") {
    for (const bool reset : {false, true}) {
        CAPTURE(reset);
        BenchSettings settings;
        settings.mode = RelayMode::copy;
        settings.buffers = 8;
        settings.buffer_bytes = 4096;
        Bench bench(settings);
        {
            Hog hog(bench);
            Session session(bench);
            session.client.goal = 50'000;
            session.server.goal = 50'000;
            session.start();
            CHECK(session.turn_until(
                [&] {
                    session.client.speak(5'000);
                    session.server.speak(5'000);
                    session.client.listen(262'144);
                    session.server.listen(262'144);
                    return session.server.heard == 50'000 && session.client.heard == 50'000;
                },
                5'000));
            if (reset) {
                session.client_side.reset_far();
                CHECK(session.turn_until([&] {
                    session.server.listen(10);
                    return session.is_over() && session.server.broken;
                }));
            } else {
                base::Random random(3);
                converse(session, random);
                check_delivered(session);
            }
        }
        bench.check_all_returned();
    }
}

TEST_CASE("stopping a relay in mid-flight gives everything back, whatever it was doing") {
    for (const RelayMode mode : all_modes) {
        for (int turns = 0; turns < 40; turns += 3) {
            CAPTURE(static_cast<int>(mode));
            CAPTURE(turns);
            BenchSettings settings;
            settings.mode = mode;
            Bench bench(settings);
            {
                Session session(bench, 32'768);
                session.client.goal = session.server.goal = 50'000'000;
                session.start();
                for (int i = 0; i < turns; ++i) {
                    session.client.speak(100'000);
                    session.server.speak(100'000);
                    session.server.listen(10'000);
                    session.turn();
                }
                session.stop();
            }
            bench.check_all_returned();
        }
    }
}
