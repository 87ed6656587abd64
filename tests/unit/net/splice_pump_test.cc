#include "ringway/net/splice_pump.h"

#include <algorithm>
#include <cerrno>

#include <doctest/doctest.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "ringway/base/random.h"

using namespace ringway;
using namespace ringway::net;
using namespace ringway::net::test;

namespace {

// A pump between two connections, driven as a session drives it: once per wake-up.
struct Pumping {
    explicit Pumping(Bench& home, int buffer_bytes = 0)
        : bench(home),
          source_side(buffer_bytes),
          target_side(buffer_bytes),
          source(home.pools, wake),
          target(home.pools, wake),
          pump(home.context, flow),
          speaker(source_side.far, 1, 2),
          listener(target_side.far, 2, 1) {
        source.attach(source_side.take_near());
        target.attach(target_side.take_near());
        flow.direction = &stats;
    }
    ~Pumping() {
        closing = true;
        wake.set();
        if (running) REQUIRE(turn_until([&] { return running->is_done(); }));
        pump.abandon();
        source.stop();
        target.stop();
        REQUIRE(bench.turn_until([&] { return source.is_quiet() && target.is_quiet(); }));
        source.received().clear();
        source.close(false);
        target.close(false);
    }
    Pumping(const Pumping&) = delete;
    Pumping& operator=(const Pumping&) = delete;

    bool start(std::uint64_t limit) {
        if (!pump.start(source, target, limit)) return false;
        running.emplace(run());
        return true;
    }
    async::Task<void> run() {
        pump.advance();
        while (!pump.has_ended() || !pump.stopped()) {
            co_await wake.wait();
            if (closing) co_return;
            ++wake_ups;
            const std::uint64_t before = pump.delivered_bytes();
            pump.advance();
            moved_max = std::max(moved_max, pump.delivered_bytes() - before);
        }
    }
    bool is_done() const { return running->is_done(); }
    template <typename Condition>
    bool turn_until(Condition done, std::int64_t limit_ms = 20'000) {
        return bench.turn_until(done, limit_ms);
    }
    // Both far ends do what they can until the pump has ended and everything that was written has
    // been heard.
    bool flow_until_done(std::size_t says_at_once = 262'144, std::size_t hears_at_once = 262'144) {
        return turn_until([&] {
            speaker.speak(says_at_once);
            listener.listen(hears_at_once);
            return is_done() && listener.heard == pump.delivered_bytes();
        });
    }
    std::size_t unread_at_source() const {
        int bytes = 0;
        REQUIRE(::ioctl(source.fd(), FIONREAD, &bytes) == 0);
        return static_cast<std::size_t>(bytes);
    }

    Bench& bench;
    async::Wake wake;
    Connection source_side;
    Connection target_side;
    Socket source;
    Socket target;
    Flow flow;
    stats::DirectionStats stats;
    SplicePump pump;
    Peer speaker;
    Peer listener;
    std::optional<async::Task<void>> running;
    std::uint64_t wake_ups = 0;
    std::uint64_t moved_max = 0;
    bool closing = false;
};

}  // namespace

TEST_CASE("a pump moves exactly its limit and leaves what follows to the next reader") {
    for (const std::uint64_t limit : {1ull, 4'096ull, 65'536ull, 262'144ull, 700'001ull}) {
        CAPTURE(limit);
        Bench bench({});
        {
            Pumping pumping(bench);
            pumping.speaker.goal = limit + 5'000;
            REQUIRE(pumping.start(limit));
            CHECK(pumping.pump.is_running());
            CHECK(pumping.flow_until_done());
            CHECK_FALSE(pumping.pump.is_running());
            CHECK(pumping.pump.taken_bytes() == limit);
            CHECK(pumping.pump.delivered_bytes() == limit);
            CHECK(pumping.flow.bytes == limit);
            CHECK(pumping.stats.spliced_bytes.read() == limit);
            CHECK(pumping.stats.bytes.read() == limit);
            CHECK(pumping.listener.exact);
            CHECK_FALSE(pumping.source.has_ended());
            REQUIRE(bench.turn_until([&] {
                pumping.speaker.speak(262'144);
                return pumping.unread_at_source() == 5'000;
            }));
            // The sockets are free for other use: the next byte is the one behind the limit.
            pumping.source.start_receiving();
            REQUIRE(bench.turn_until([&] { return pumping.source.received().bytes() == 5'000; }));
            std::byte next{};
            REQUIRE(pumping.source.received().copy_front(&next, 1) == 1);
            CHECK(next == pattern(limit, 1));
        }
        bench.check_all_returned();
    }
}

TEST_CASE("a pump whose limit is not reached delivers what came and ends with its source") {
    for (const std::uint64_t limit : {std::uint64_t{1'000'000}, SplicePump::until_end}) {
        for (const std::uint64_t said : {0ull, 1ull, 300'000ull}) {
            CAPTURE(limit);
            CAPTURE(said);
            Bench bench({});
            {
                Pumping pumping(bench);
                pumping.speaker.goal = said;
                REQUIRE(pumping.start(limit));
                CHECK(pumping.turn_until([&] {
                    pumping.speaker.speak(40'000);
                    pumping.speaker.finish_speaking();
                    pumping.listener.listen(262'144);
                    return pumping.is_done() && pumping.listener.heard == said;
                }));
                CHECK(pumping.source.has_ended());
                CHECK_FALSE(pumping.source.is_broken());
                CHECK(pumping.pump.taken_bytes() == said);
                CHECK(pumping.pump.delivered_bytes() == said);
                CHECK(pumping.listener.exact);
                CHECK_FALSE(pumping.listener.ended);  // ends are for the session to pass on
            }
            bench.check_all_returned();
        }
    }
}

TEST_CASE("a source that is reset ends the pump; what was read before is delivered first") {
    Bench bench({});
    {
        Pumping pumping(bench, 16'384);
        pumping.speaker.goal = 10'000'000;
        REQUIRE(pumping.start(10'000'000));
        // Nobody listens: the pipe fills.
        REQUIRE(pumping.turn_until([&] {
            pumping.speaker.speak(100'000);
            return pumping.pump.taken_bytes() > pumping.pump.delivered_bytes() + 10'000;
        }));
        pumping.source_side.reset_far();
        pumping.speaker.broken = true;
        CHECK(pumping.flow_until_done());
        CHECK(pumping.source.is_broken());
        CHECK(pumping.source.error() == ECONNRESET);
        CHECK_FALSE(pumping.target.is_broken());
        CHECK(pumping.pump.delivered_bytes() == pumping.pump.taken_bytes());
        CHECK(pumping.listener.exact);
    }
    bench.check_all_returned();
}

TEST_CASE("a target that is reset ends the pump at once, and its full pipe is never lent again") {
    for (const bool stuck : {true, false}) {
        CAPTURE(stuck);
        Bench bench({});
        {
            Pumping pumping(bench, 16'384);
            pumping.speaker.goal = 50'000'000;
            REQUIRE(pumping.start(50'000'000));
            REQUIRE(pumping.turn_until([&] {
                pumping.speaker.speak(100'000);
                // How much fits into a pipe depends on how the pieces come.
                if (stuck) return pumping.pump.taken_bytes() > pumping.pump.delivered_bytes();
                pumping.listener.listen(100'000);
                return pumping.pump.delivered_bytes() > 1'000'000;
            }));
            const bool dirty = pumping.pump.taken_bytes() > pumping.pump.delivered_bytes();
            CHECK(dirty >= stuck);
            pumping.target_side.reset_far();
            pumping.listener.broken = true;
            CHECK(pumping.turn_until([&] {
                pumping.speaker.speak(100'000);
                return pumping.is_done();
            }));
            CHECK(pumping.target.is_broken());
            CHECK_FALSE(pumping.source.has_ended());
            CHECK(pumping.pump.taken_bytes() < 50'000'000);
            if (pumping.pump.taken_bytes() > pumping.pump.delivered_bytes()) {
                CHECK(bench.pipes.open() == 0);
            }
        }
        bench.check_all_returned();
    }
}

TEST_CASE("a slow target parks the pump: the pipe bounds what is held, nobody runs meanwhile") {
    BenchSettings settings;
    settings.pipe_bytes = 65'536;
    Bench bench(settings);
    {
        Pumping pumping(bench, 16'384);
        pumping.speaker.goal = 2'000'000;
        REQUIRE(pumping.start(2'000'000));
        std::uint64_t delivered = 0;
        int quiet_turns = 0;
        REQUIRE(pumping.turn_until([&] {
            pumping.speaker.speak(262'144);
            quiet_turns = pumping.pump.delivered_bytes() == delivered ? quiet_turns + 1 : 0;
            delivered = pumping.pump.delivered_bytes();
            return quiet_turns == 50;
        }));
        CHECK(pumping.pump.taken_bytes() - pumping.pump.delivered_bytes() > 0);
        CHECK(pumping.pump.taken_bytes() - pumping.pump.delivered_bytes() <= 65'536);
        CHECK(pumping.speaker.sent < pumping.speaker.goal);
        CHECK(pumping.stats.pauses.read() >= 1);
        const std::uint64_t wake_ups = pumping.wake_ups;
        for (int i = 0; i < 20; ++i) bench.turn();
        CHECK(pumping.wake_ups == wake_ups);
        CHECK(pumping.flow_until_done(262'144, 3'000));
        CHECK(pumping.listener.heard == 2'000'000);
        CHECK(pumping.listener.exact);
    }
    bench.check_all_returned();
}

TEST_CASE("a body that comes byte by byte leaves byte by byte") {
    Bench bench({});
    {
        Pumping pumping(bench);
        pumping.speaker.goal = 400;
        REQUIRE(pumping.start(300));
        std::uint64_t latest = 0;
        CHECK(pumping.turn_until([&] {
            // The next byte is said when the last one was heard: nothing may be held back.
            if (pumping.listener.heard == pumping.speaker.sent) pumping.speaker.speak(1);
            latest = std::max(latest, pumping.speaker.sent - pumping.listener.heard);
            pumping.listener.listen(100);
            return pumping.is_done() && pumping.listener.heard == 300;
        }));
        CHECK(latest == 1);
        CHECK(pumping.speaker.sent >= 300);
        CHECK(pumping.listener.exact);
    }
    bench.check_all_returned();
}

TEST_CASE("many megabytes arrive as they were sent, in pieces of any size, turn by turn") {
    for (const std::uint64_t seed : {1ull, 2ull, 3ull}) {
        CAPTURE(seed);
        BenchSettings settings;
        settings.pipe_bytes = seed == 2 ? 4'096 : 262'144;
        Bench bench(settings);
        {
            Pumping pumping(bench, seed == 3 ? 32'768 : 0);
            base::Random random(seed);
            const std::uint64_t limit = 16'000'000 + random.below(100'000);
            pumping.speaker.goal = limit + random.below(2);
            REQUIRE(pumping.start(limit));
            const auto some = [&] {
                return static_cast<std::size_t>(
                    1 + random.below(random.chance(3, 4) ? 262'144 : 5'000));
            };
            CHECK(pumping.turn_until(
                [&] {
                    for (int i = 0; i < 3; ++i) {
                        if (random.chance(3, 4)) pumping.speaker.speak(some());
                        if (random.chance(3, 4)) pumping.listener.listen(some());
                    }
                    return pumping.is_done() && pumping.listener.heard == limit;
                },
                60'000));
            CHECK(pumping.listener.exact);
            CHECK(pumping.flow.bytes == limit);
            CHECK(pumping.stats.spliced_bytes.read() == limit);
            // Others have their turn: one more pipe may be on its way when the share is used up.
            CHECK(pumping.moved_max <= RelayThresholds::turn_bytes_max + settings.pipe_bytes);
        }
        bench.check_all_returned();
    }
}

TEST_CASE("without a pipe a pump does not start, and the sockets are as they were") {
    BenchSettings settings;
    settings.pipes_max = 1;
    Bench bench(settings);
    {
        Pumping first(bench);
        Pumping second(bench);
        first.speaker.goal = 10;
        REQUIRE(first.start(10));
        CHECK_FALSE(second.start(10));
        CHECK_FALSE(second.pump.is_running());
        CHECK(second.pump.stopped());
        CHECK(second.source.is_quiet());
        CHECK(second.target.is_quiet());
        CHECK(first.flow_until_done());
        // The pipe is back and empty; one pump serves body after body.
        second.speaker.goal = 30;
        REQUIRE(second.start(10));
        CHECK(second.flow_until_done(10));
        REQUIRE(second.start(20));
        CHECK(second.turn_until([&] {
            second.speaker.speak(20);
            second.listener.listen(100);
            return second.is_done() && second.listener.heard == 30;
        }));
        CHECK(second.pump.delivered_bytes() == 20);
        CHECK(second.listener.exact);
    }
    bench.check_all_returned();
}

TEST_CASE("a target may go on receiving, and a source sending, while the pump runs") {
    Bench bench({});
    {
        Pumping pumping(bench);
        pumping.target.start_receiving();
        pumping.speaker.goal = 1'000'000;
        REQUIRE(pumping.start(1'000'000));
        static const char text[] = "upload";
        pumping.source.send_block(text, 6);
        REQUIRE(::send(pumping.target_side.far, "next request", 12, 0) == 12);
        CHECK(pumping.flow_until_done());
        CHECK(pumping.pump.stopped());
        CHECK(pumping.target.is_receiving());
        REQUIRE(bench.turn_until([&] { return pumping.target.received().bytes() == 12; }));
        char heard[6];
        REQUIRE(::recv(pumping.source_side.far, heard, 6, MSG_WAITALL) == 6);
        CHECK(pumping.listener.heard == 1'000'000);
        CHECK(pumping.listener.exact);
        pumping.target.received().clear();
    }
    bench.check_all_returned();
}
