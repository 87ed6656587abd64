// Sessions that wait for a permit, and permits that are neither lost nor made.
#include <array>
#include <deque>
#include <vector>

#include <doctest/doctest.h>

#include "fixture.h"

using namespace ringway::upstream;
using ringway::base::Random;
using ringway::config::Balance;

namespace {

struct Session : PermitWaiter {
    Session() : PermitWaiter(woken) {}
    static void woken(PermitWaiter& waiter) {
        auto& session = static_cast<Session&>(waiter);
        session.wakes += 1;
        session.woken_as = ++wake_counter;
    }
    static inline int wake_counter = 0;
    int wakes = 0;
    int woken_as = 0;
};

// Chooses for the session and queues it when everything is at its limit.
Choice arrive(Fixture& fixture, Session& session, TriedSet tried = 0) {
    session.tried = tried;
    session.client = fixture.client;
    const Pick pick = fixture.set->choose(session.upstream, tried, fixture.client, at_ms(0));
    if (pick.choice == Choice::at_limit) fixture.set->wait(session, pick);
    return pick.choice;
}

}  // namespace

TEST_CASE("waiters are served in the order they came") {
    Fixture fixture(Plans{{1, 2}}, Balance::round_robin, {2});
    REQUIRE(fixture.take() == 0);
    REQUIRE(fixture.take() == 0);
    std::array<Session, 3> sessions;
    for (Session& each : sessions) REQUIRE(arrive(fixture, each) == Choice::at_limit);
    CHECK(fixture.set->waiting_count(0) == 3);
    fixture.set->run_waiters(at_ms(1));
    CHECK(sessions[0].wakes == 0);

    fixture.set->disconnected(fixture.endpoint(0));
    CHECK(sessions[0].wakes == 0);  // not before the turn's end
    fixture.set->run_waiters(at_ms(2));
    CHECK(sessions[0].wakes == 1);
    CHECK(sessions[0].granted == &fixture.endpoint(0));
    CHECK(sessions[1].wakes == 0);
    CHECK(fixture.endpoint(0).active == 2);

    fixture.set->disconnected(fixture.endpoint(0));
    fixture.set->grant_permits(0, 1);
    fixture.set->run_waiters(at_ms(3));
    CHECK(sessions[1].woken_as < sessions[2].woken_as);
    CHECK(sessions[2].wakes == 1);
    CHECK(fixture.set->waiting_count(0) == 0);
    CHECK(fixture.endpoint(0).permits_waiting == 0);
}

TEST_CASE("a newcomer does not overtake a waiter in the turn in which a permit comes back") {
    Fixture fixture(Plans{{1, 1}}, Balance::round_robin, {1});
    REQUIRE(fixture.take() == 0);
    Session waiting;
    REQUIRE(arrive(fixture, waiting) == Choice::at_limit);
    fixture.set->disconnected(fixture.endpoint(0));
    Session newcomer;
    CHECK(arrive(fixture, newcomer) == Choice::at_limit);
    fixture.set->run_waiters(at_ms(1));
    CHECK(waiting.granted == &fixture.endpoint(0));
    CHECK(newcomer.wakes == 0);
    fixture.set->stop_waiting(newcomer);
    CHECK(fixture.set->waiting_count(0) == 0);
}

TEST_CASE("a waiter that has tried the endpoint is passed over") {
    Fixture fixture(Plans{{1, 1}, {1, 1}}, Balance::round_robin, {1, 1});
    REQUIRE(fixture.take() == 0);
    REQUIRE(fixture.take() == 1);
    Session picky;
    Session open;
    REQUIRE(arrive(fixture, picky, 0b01) == Choice::at_limit);
    REQUIRE(arrive(fixture, open) == Choice::at_limit);
    fixture.set->disconnected(fixture.endpoint(0));
    fixture.set->run_waiters(at_ms(1));
    CHECK(picky.wakes == 0);
    CHECK(open.granted == &fixture.endpoint(0));
    fixture.set->disconnected(fixture.endpoint(1));
    fixture.set->run_waiters(at_ms(2));
    CHECK(picky.granted == &fixture.endpoint(1));
}

TEST_CASE("a waiter that gives up gives back what it was granted") {
    Fixture fixture(Plans{{1, 1}}, Balance::round_robin, {1});
    REQUIRE(fixture.take() == 0);
    Session first;
    Session second;
    REQUIRE(arrive(fixture, first) == Choice::at_limit);
    REQUIRE(arrive(fixture, second) == Choice::at_limit);
    fixture.set->disconnected(fixture.endpoint(0));
    fixture.set->run_waiters(at_ms(1));
    REQUIRE(first.granted != nullptr);
    fixture.set->stop_waiting(first);
    CHECK(first.granted == nullptr);
    fixture.set->run_waiters(at_ms(2));
    CHECK(second.granted == &fixture.endpoint(0));
    fixture.set->stop_waiting(second);
    CHECK(fixture.endpoint(0).permits_idle == 1);
    CHECK(fixture.endpoint(0).active == 0);
}

TEST_CASE("waiters ask for as many permits as there are waiters") {
    Fixture fixture(Plans{{1, 4}, {1, 100}}, Balance::round_robin, {0, 0});
    std::vector<Session> sessions(20);
    for (Session& each : sessions) REQUIRE(arrive(fixture, each) == Choice::at_limit);
    std::uint64_t asked[2] = {};
    const auto ask = [&](std::size_t flat, std::uint64_t count) {
        asked[flat] += count;
        return true;
    };
    fixture.set->report_permits(ask, ask);
    CHECK(asked[0] == 4);  // never more than the limit
    CHECK(asked[1] >= 10);
    CHECK(asked[1] <= 20);
    // Those who leave and come again do not ask once more.
    for (Session& each : sessions) fixture.set->stop_waiting(each);
    for (Session& each : sessions) REQUIRE(arrive(fixture, each) == Choice::at_limit);
    CHECK_FALSE(fixture.set->has_permit_news());
    for (Session& each : sessions) fixture.set->stop_waiting(each);
}

TEST_CASE("waiters beyond what could be asked for at once are asked for later") {
    Fixture fixture(Plans{{1, 1}}, Balance::round_robin, {0});
    std::array<Session, 2> sessions;
    for (Session& each : sessions) REQUIRE(arrive(fixture, each) == Choice::at_limit);
    std::uint64_t asked = 0;
    const auto ask = [&](std::size_t, std::uint64_t count) {
        asked += count;
        return true;
    };
    const auto give_back = [](std::size_t, std::uint64_t) { return true; };
    fixture.set->report_permits(ask, give_back);
    CHECK(asked == 1);  // the limit
    fixture.set->grant_permits(0, 1);
    fixture.set->run_waiters(at_ms(1));
    REQUIRE(sessions[0].granted != nullptr);
    // Another shard wants it back; it leaves with the connection, and the second still waits.
    CHECK(fixture.set->recall_permits(0, 1) == 0);
    fixture.set->disconnected(fixture.endpoint(0));
    fixture.set->report_permits(ask, give_back);
    CHECK(asked == 2);
    fixture.set->stop_waiting(sessions[1]);
}

TEST_CASE("a permit that was granted for a waiter is not recalled before it is served") {
    Fixture fixture(Plans{{1, 2}}, Balance::round_robin, {0});
    Session session;
    REQUIRE(arrive(fixture, session) == Choice::at_limit);
    fixture.set->grant_permits(0, 2);
    CHECK(fixture.set->recall_permits(0, 2) == 1);  // the one that nobody waits for
    fixture.set->run_waiters(at_ms(1));
    CHECK(session.granted == &fixture.endpoint(0));
    fixture.set->stop_waiting(session);
}

TEST_CASE("waiters take another endpoint that comes back, and hear when none is left") {
    Fixture fixture(Plans{{1, 1}, {1}}, Balance::round_robin, {1, 0});
    fixture.set->set_healthy(1, false);
    REQUIRE(fixture.take() == 0);
    Session first;
    REQUIRE(arrive(fixture, first) == Choice::at_limit);
    fixture.set->set_healthy(1, true);
    fixture.set->run_waiters(at_ms(1));
    CHECK(first.granted == &fixture.endpoint(1));

    Session second;
    REQUIRE(arrive(fixture, second, 0b10) == Choice::at_limit);
    fixture.set->set_admin_state(0, AdminState::down);
    fixture.set->set_admin_state(1, AdminState::down);
    fixture.set->run_waiters(at_ms(2));
    CHECK(second.wakes == 1);
    CHECK(second.granted == nullptr);
}

TEST_CASE("the end of a back-off wakes a waiter, and is looked at once") {
    Fixture fixture(Plans{{1, 1}, {1}}, Balance::round_robin, {1, 0});
    for (int i = 0; i < 3; ++i) {
        REQUIRE(fixture.take(0b01) == 1);
        fixture.set->connect_failed(fixture.endpoint(1), at_ms(0));
    }
    REQUIRE(fixture.take() == 0);
    Session waiting;
    Session picky;
    REQUIRE(arrive(fixture, picky, 0b10) == Choice::at_limit);
    REQUIRE(arrive(fixture, waiting) == Choice::at_limit);
    fixture.set->run_waiters(at_ms(500));
    CHECK(waiting.wakes == 0);
    CHECK(fixture.set->next_due() == at_ms(1000));
    fixture.set->run_waiters(at_ms(1000));
    CHECK(waiting.granted == &fixture.endpoint(1));
    // The trial keeps the next one away for a back-off; after that nobody is left who wants it.
    CHECK(fixture.set->next_due() == at_ms(2000));
    fixture.set->run_waiters(at_ms(2000));
    CHECK(fixture.set->next_due().is_never());
    fixture.set->stop_waiting(picky);
}

TEST_CASE("permits are neither lost nor made, whatever happens in whatever order") {
    constexpr std::uint64_t limit = 6;
    constexpr std::size_t shards = 3;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        std::deque<Fixture> fixtures;
        for (std::size_t i = 0; i < shards; ++i) {
            fixtures.emplace_back(std::vector<EndpointPlan>{{1, limit}}, Balance::round_robin,
                                  std::vector<std::uint64_t>{limit / shards});
        }
        std::array<std::deque<Session>, shards> sessions;
        std::array<int, shards> charged{};
        std::uint64_t reserve = 0;
        std::uint64_t in_use_peak = 0;
        for (int step = 0; step < 300; ++step) {
            const std::size_t at = random.below(shards);
            Fixture& fixture = fixtures[at];
            Endpoint& endpoint = fixture.endpoint(0);
            switch (random.below(6)) {
                case 0:
                case 1: {
                    Session& session = sessions[at].emplace_back();
                    if (arrive(fixture, session) == Choice::chosen) ++charged[at];
                    break;
                }
                case 2:
                    if (charged[at] > 0) {
                        --charged[at];
                        fixture.set->connect_abandoned(endpoint);
                    }
                    break;
                case 3:
                    if (!sessions[at].empty()) {
                        fixture.set->stop_waiting(sessions[at][random.below(sessions[at].size())]);
                    }
                    break;
                case 4: reserve += fixture.set->recall_permits(0, random.below(3)); break;
                default: {
                    const std::uint64_t count = random.below(reserve + 1);
                    reserve -= count;
                    fixture.set->grant_permits(0, count);
                }
            }
            fixture.set->run_waiters(at_ms(step));
            for (Session& each : sessions[at]) {
                if (each.granted == nullptr) continue;
                each.granted = nullptr;  // it goes on to connect
                ++charged[at];
            }
            fixture.set->report_permits([](std::size_t, std::uint64_t) { return true; },
                                        [&](std::size_t, std::uint64_t count) {
                                            reserve += count;
                                            return true;
                                        });
            std::uint64_t total = reserve;
            std::uint64_t in_use = 0;
            for (std::size_t i = 0; i < shards; ++i) {
                REQUIRE(fixtures[i].endpoint(0).active == static_cast<unsigned>(charged[i]));
                in_use += fixtures[i].endpoint(0).active;
                total += fixtures[i].endpoint(0).permits_idle;
            }
            REQUIRE(total + in_use == limit);
            in_use_peak = std::max(in_use_peak, in_use);
        }
        CHECK(in_use_peak > 1);
        for (std::size_t i = 0; i < shards; ++i) {
            for (Session& each : sessions[i]) fixtures[i].set->stop_waiting(each);
            CHECK(fixtures[i].set->waiting_count(0) == 0);
            CHECK(fixtures[i].endpoint(0).permits_waiting == 0);
        }
    }
}
