#include "request/request_source.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "request/weighted_choice.h"

namespace ringway::bench {
namespace {

RunPlan plan_of(std::vector<RequestKind> kinds) {
    RunPlan plan;
    plan.destination.authority = "example.org:8080";
    plan.kinds = std::move(kinds);
    return plan;
}

std::string first_of(const RunPlan& plan) {
    RequestSource source(plan, 0, 1);
    std::string buffer;
    return std::string(source.next(buffer, 0).bytes);
}

const std::string agent = "User-Agent: ringway-bench/" RINGWAY_VERSION "\r\n";

TEST_CASE("a plain request is made once and handed out again") {
    const RunPlan plan = plan_of({{.target = "/a?b=c"}});
    RequestSource source(plan, 0, 1);
    REQUIRE(source.is_constant());
    std::string buffer;
    const OutgoingRequest first = source.next(buffer, 0);
    CHECK(first.bytes == "GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n" + agent + "\r\n");
    CHECK(source.next(buffer, 1).bytes.data() == first.bytes.data());
    CHECK(buffer.empty());
    CHECK_FALSE(source.is_exhausted());
    CHECK_FALSE(first.is_head);
    CHECK_FALSE(RequestSource(plan_of({{}, {}}), 0, 1).is_constant());
}

TEST_CASE("what the user gives is not added again, whatever its case") {
    RequestKind kind{.method = "POST", .body = "12345"};
    kind.fields = {{"HOST", "other"}, {"user-agent", "me"}, {"content-length", "7"}};
    CHECK(first_of(plan_of({kind})) ==
          "POST / HTTP/1.1\r\nHOST: other\r\nuser-agent: me\r\ncontent-length: 7\r\n\r\n12345");
    kind.fields = {{"Transfer-Encoding", "chunked"}};
    kind.body = "0\r\n\r\n";
    CHECK(first_of(plan_of({kind})) ==
          "POST / HTTP/1.1\r\nHost: example.org:8080\r\n"
          "Transfer-Encoding: chunked\r\n" +
              agent + "\r\n0\r\n\r\n");
}

TEST_CASE("a body gets its length, and a method that wants one says that there is none") {
    const std::string host = "Host: example.org:8080\r\n";
    CHECK(first_of(plan_of({{.method = "PUT", .body = "12345"}})) ==
          "PUT / HTTP/1.1\r\n" + host + agent + "Content-Length: 5\r\n\r\n12345");
    CHECK(first_of(plan_of({{.method = "POST"}})) ==
          "POST / HTTP/1.1\r\n" + host + agent + "Content-Length: 0\r\n\r\n");
    CHECK(first_of(plan_of({{.method = "DELETE"}})) ==
          "DELETE / HTTP/1.1\r\n" + host + agent + "\r\n");
    RunPlan closing = plan_of({{}});
    closing.new_connection_each = true;
    CHECK(first_of(closing) == "GET / HTTP/1.1\r\n" + host + agent + "Connection: close\r\n\r\n");
    RunPlan events = plan_of({{}});
    events.work = Work::events;
    CHECK(first_of(events) ==
          "GET / HTTP/1.1\r\n" + host + agent + "Accept: text/event-stream\r\n\r\n");
    std::string buffer;
    RequestSource head(plan_of({{.method = "HEAD"}}), 0, 1);
    CHECK(head.next(buffer, 0).is_head);
}

TEST_CASE("Content-Length is that of the body after its placeholders") {
    const RunPlan plan = plan_of({{.method = "POST", .body = "{{pick:a|bb|ccc}}{{seq}}"}});
    RequestSource source(plan, 0, 1);
    CHECK_FALSE(source.is_constant());
    std::string buffer;
    std::set<std::size_t> lengths;
    for (int i = 0; i < 200; ++i) {
        const std::string text(source.next(buffer, 0).bytes);
        const std::size_t end = text.find("\r\n\r\n") + 4;
        const std::size_t length_at = text.find("Content-Length: ") + 16;
        const std::size_t length = std::stoul(text.substr(length_at));
        CHECK(length == text.size() - end);
        CHECK(text.substr(end).ends_with(std::to_string(i)));
        lengths.insert(length);
    }
    CHECK(lengths == std::set<std::size_t>{2, 3, 4, 5, 6});
}

TEST_CASE("a buffer grows once") {
    const RunPlan plan =
        plan_of({{.method = "POST",
                  .target = "/{{pick:a|bbbbbbbbbbbbbbbbbbbbbbbbbbbb}}",
                  .body = "{{random:0-10000000000000000000}}{{pick:|a long text, at times}}"}});
    RequestSource source(plan, 0, 1);
    std::string buffer;
    const char* memory = source.next(buffer, 0).bytes.data();
    for (int i = 0; i < 1'000; ++i) REQUIRE(source.next(buffer, 0).bytes.data() == memory);
}

TEST_CASE("placeholders say who sends, and count over all threads without a gap") {
    const RunPlan plan = plan_of({{.target = "/{{thread}}/{{connection}}/{{seq}}"}});
    std::string buffer;
    std::set<std::string> seen;
    for (unsigned thread = 0; thread < 3; ++thread) {
        RequestSource source(plan, thread, 3);
        for (std::uint32_t i = 0; i < 4; ++i) {
            const std::string text(source.next(buffer, 10 + i).bytes);
            const std::string target = text.substr(4, text.find(' ', 4) - 4);
            const auto seq = std::to_string(3 * i + thread);
            CHECK(target ==
                  "/" + std::to_string(thread) + "/" + std::to_string(10 + i) + "/" + seq);
            seen.insert(seq);
        }
    }
    CHECK(seen.size() == 12);
}

TEST_CASE("ids are unique over threads and runs, and one for all places of a request") {
    const RunPlan plan =
        plan_of({{.method = "POST", .target = "/{{id}}", .body = "{{id}}{{uuid}}"}});
    std::set<std::string> ids;
    std::string buffer;
    for (int run = 0; run < 3; ++run) {
        for (unsigned thread = 0; thread < 4; ++thread) {
            RequestSource source(plan, thread, 4);
            for (int i = 0; i < 500; ++i) {
                const std::string text(source.next(buffer, 0).bytes);
                const std::string id = text.substr(6, 16);
                ids.insert(id);
                REQUIRE(text.substr(text.find("\r\n\r\n") + 4, 16) == id);
            }
        }
    }
    CHECK(ids.size() == 3 * 4 * 500);
}

TEST_CASE("kinds come in the shares of their weights, the same again with the same seed") {
    const RunPlan plan = plan_of({{.target = "/a", .weight = 1},
                                  {.target = "/b", .weight = 0},
                                  {.target = "/c", .weight = 5},
                                  {.target = "/d{{seq}}", .weight = 2}});
    RequestSource source(plan, 1, 2), again(plan, 1, 2), other(plan, 0, 2);
    std::map<std::uint32_t, double> share;
    std::string buffer, buffer_again, buffer_other;
    constexpr int draws = 80'000;
    int same_as_other = 0;
    for (int i = 0; i < draws; ++i) {
        const OutgoingRequest request = source.next(buffer, 0);
        REQUIRE(again.next(buffer_again, 0).kind == request.kind);
        same_as_other += other.next(buffer_other, 0).kind == request.kind ? 1 : 0;
        REQUIRE(request.bytes[5] == "abcd"[request.kind]);
        share[request.kind] += 1.0 / draws;
    }
    CHECK(share.count(1) == 0);
    // Five standard deviations of a share of 1/2 are 0.009.
    CHECK(std::abs(share[0] - 0.125) < 0.009);
    CHECK(std::abs(share[2] - 0.625) < 0.009);
    CHECK(std::abs(share[3] - 0.25) < 0.009);
    CHECK(same_as_other < draws * 3 / 4);  // sum of squares of the shares: 0.47
    RunPlan seeded = plan;
    seeded.seed = 2;
    RequestSource different(seeded, 1, 2), original(plan, 1, 2);
    int same = 0;
    for (int i = 0; i < 1'000; ++i) {
        same += different.next(buffer, 0).kind == original.next(buffer_again, 0).kind ? 1 : 0;
    }
    CHECK(same < 750);
}

TEST_CASE("weights of any kind make a choice") {
    base::Random random(7);
    const auto count = [&](std::vector<double> weights) {
        const WeightedChoice choice(weights);
        std::vector<int> counts(weights.size());
        for (int i = 0; i < 10'000; ++i) ++counts[choice.choose(random)];
        return counts;
    };
    CHECK(count({3}) == std::vector<int>{10'000});
    CHECK(count({0, 1e-9, 0}) == std::vector<int>{0, 10'000, 0});
    CHECK(count({-1, 4}) == std::vector<int>{0, 10'000});
    for (const int equal : count({0, 0, 0, 0})) CHECK(std::abs(equal - 2'500) < 250);
    const auto skewed = count({1, 999});
    CHECK(skewed[0] < 40);
    CHECK(skewed[0] > 0);
}

RunPlan replay_of(std::vector<std::pair<std::string, int>> targets_and_ms) {
    RunPlan plan = plan_of({{}});
    plan.replay.emplace();
    for (const auto& [target, ms] : targets_and_ms) {
        plan.replay->requests.push_back({{.target = target}, base::Duration::milliseconds(ms)});
    }
    return plan;
}

std::string target_of(std::string_view request) {
    return std::string(request.substr(4, request.find(' ', 4) - 4));
}

TEST_CASE("a log is dealt over the threads in turns, and ends when it is not repeated") {
    RunPlan plan = replay_of({{"/0", 0}, {"/1", 1}, {"/2", 2}, {"/3", 3}, {"/4", 4}});
    plan.replay->repeat = false;
    std::string buffer;
    RequestSource even(plan, 0, 2), odd(plan, 1, 2), idle(plan, 5, 6);
    for (const std::string expected : {"/0", "/2", "/4"}) {
        REQUIRE_FALSE(even.is_exhausted());
        const OutgoingRequest request = even.next(buffer, 0);
        CHECK(target_of(request.bytes) == expected);
        CHECK(request.offset.ns == 0);
        CHECK(request.kind == 0);
    }
    CHECK(even.is_exhausted());
    CHECK(target_of(odd.next(buffer, 0).bytes) == "/1");
    CHECK(target_of(odd.next(buffer, 0).bytes) == "/3");
    CHECK(odd.is_exhausted());
    CHECK(idle.is_exhausted());
}

TEST_CASE("a repeated log keeps its times, faster or not, and its distance to itself") {
    RunPlan plan = replay_of({{"/0", 0}, {"/1", 100}, {"/2", 200}});
    plan.replay->keep_times = true;
    plan.replay->speed = 2;
    RequestSource source(plan, 0, 1);
    std::string buffer;
    std::vector<std::int64_t> offsets_ms;
    for (int i = 0; i < 7; ++i) offsets_ms.push_back(source.next(buffer, 0).offset.to_ms());
    CHECK(offsets_ms == std::vector<std::int64_t>{0, 50, 100, 150, 200, 250, 300});
    CHECK_FALSE(source.is_exhausted());
    RunPlan single = replay_of({{"/0", 0}});
    single.replay->keep_times = true;
    RequestSource one(single, 0, 1);
    one.next(buffer, 0);
    CHECK(one.next(buffer, 0).offset == base::Duration::seconds(1));
}

TEST_CASE("what was logged is sent as it was, with the fields that the user adds") {
    RunPlan plan = replay_of({{"/{{seq}}", 0}, {"/{{seq}}", 0}});
    plan.replay->requests[1].request.fields = {{"Host", "logged"}, {"x-id", "{{old}}"}};
    plan.kinds[0].fields = {{"X-Id", "n{{seq}}"}};
    std::string buffer;
    RequestSource source(plan, 0, 1);
    CHECK(source.next(buffer, 0).bytes ==
          "GET /{{seq}} HTTP/1.1\r\nHost: example.org:8080\r\nX-Id: n0\r\n" + agent + "\r\n");
    CHECK(source.next(buffer, 0).bytes ==
          "GET /{{seq}} HTTP/1.1\r\nHost: logged\r\nX-Id: n1\r\n" + agent + "\r\n");
}

}  // namespace
}  // namespace ringway::bench
