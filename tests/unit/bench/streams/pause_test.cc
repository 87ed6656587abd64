// Connections that the peer closes just when a pause between two units of work is over.
#include <ctime>
#include <string>

#include <doctest/doctest.h>

#include "ringway/bench/run.h"
#include "scripted_server.h"

namespace ringway::bench {
namespace {

// Answers one request or message of each connection, and leaves a little later.
void answer_and_leave(ScriptedPeer& peer, Work work) {
    if (work == Work::ping_pong) {
        std::string message(100, '\0');
        if (peer.read_exactly(message.data(), message.size())) peer.write(message);
    } else if (peer.read_request()) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata: x\n\n");
    }
    const timespec moment{0, 500'000 + 100'000 * static_cast<long>(peer.number() % 12)};
    ::nanosleep(&moment, nullptr);
}

TEST_CASE("a unit that begins while its connection closes is done on the next one") {
    for (const Work work : {Work::requests, Work::events, Work::ping_pong}) {
        CAPTURE(static_cast<int>(work));
        const ScriptedServer server([work](ScriptedPeer& peer) { answer_and_leave(peer, work); });
        RunPlan plan;
        plan.destination = server.destination(work != Work::ping_pong);
        plan.work = work;
        plan.kinds.push_back({.target = "/{{seq}}"});
        plan.message_bytes = 100;
        plan.connections = 4;
        plan.think_time = base::Duration::milliseconds(1);
        plan.warm_up = {};
        plan.measure = base::Duration::seconds(20);
        plan.drain = base::Duration::seconds(10);
        plan.requests_max = 200;
        const auto result = run(plan);
        REQUIRE(result);
        // What was sent into the peer's leaving fails. What was never sent would be waited for.
        CHECK(result->answered > 0);
        CHECK(result->errors[ErrorKind::timeout] == 0);
        CHECK(result->errors[ErrorKind::malformed] == 0);
        CHECK(result->unfinished == 0);
        CHECK(result->window < base::Duration::seconds(15));
    }
}

}  // namespace
}  // namespace ringway::bench
