// Logs that are replayed by the clock, seen from the server.
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/bench/run.h"
#include "ringway/ring/sys.h"
#include "scripted_server.h"

namespace ringway::bench {
namespace {

TEST_CASE("a log is sent again at its times, with the fields that the user adds to each request") {
    std::mutex mutex;
    std::vector<std::string> seen;
    std::vector<base::Instant> times;
    const ScriptedServer server([&](ScriptedPeer& peer) {
        while (const auto head = peer.read_head()) {
            {
                const std::lock_guard lock(mutex);
                seen.push_back(*head);
                times.push_back(ring::sys::now());
            }
            if (!peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) return;
        }
    });
    RunPlan plan;
    plan.destination = server.destination(true);
    plan.kinds.push_back({.fields = {{"X-Number", "<{{seq}}>"}}});
    plan.replay.emplace();
    plan.replay->keep_times = true;
    plan.replay->repeat = false;
    for (int i = 0; i < 20; ++i) {
        // Four at once, and 25 ms between.
        plan.replay->requests.push_back(
            {{.target = "/" + std::to_string(i)}, base::Duration::milliseconds(i / 4 * 25)});
    }
    plan.connections = 8;
    plan.warm_up = {};
    plan.measure = base::Duration::seconds(20);
    const auto result = run(plan);
    REQUIRE(result);
    CHECK(result->errors.total() == 0);
    CHECK(result->answered == 20);
    CHECK(result->scheduled == 20);
    REQUIRE(seen.size() == 20);
    for (int i = 0; i < 20; ++i) {
        const std::string target = "GET /" + std::to_string(i) + " HTTP/1.1\r\n";
        const std::string number = "X-Number: <" + std::to_string(i) + ">\r\n";
        int found = 0;
        for (const std::string& head : seen) {
            if (head.starts_with(target) && head.find(number) != std::string::npos) ++found;
        }
        CAPTURE(i);
        CHECK(found == 1);
    }
    // None is sent before it is due.
    CHECK((times.back() - times.front()).to_ms() >= 95);
}

}  // namespace
}  // namespace ringway::bench
