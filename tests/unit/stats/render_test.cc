#include "ringway/stats/render.h"

#include <string>

#include <doctest/doctest.h>

#include "sample.h"

using namespace ringway::stats;

namespace {

// What the control socket needs: whole lines, none empty, nothing that a terminal would obey.
void check_is_reply(const std::string& text) {
    REQUIRE_FALSE(text.empty());
    CHECK(text.back() == '\n');
    CHECK(text.front() != '\n');
    CHECK(text.find("\n\n") == std::string::npos);
    for (const char byte : text) {
        REQUIRE((byte == '\n' || static_cast<unsigned char>(byte) >= 0x20));
    }
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ctl stats as text") {
    CHECK(stats_text(sample_snapshot(), false) ==
          R"golden(ringway 0.1.0, up 1h 02m, 2 shards, 3 connections of 4,096
connections
  accepted             2,001
  active                   3
  closed               1,998
  closed finished      1,992
  closed idle-timeout      6
  refused                  0
  with preamble            0
  accept pauses            0
  accept errors            0
  connect failures         0
  connect retries          0
traffic
                       up      down
  delivered      4.00 KiB  1.00 MiB
  copied         4.00 KiB  2.00 KiB
  spliced             0 B  1.00 MiB
  peeked              0 B       0 B
  into splice           0         1
  out of splice         0         0
  pauses                0         0
latency since start
              count     mean      p50     p90     p95     p99   p99.9     max
  connect       300  67.3 us  60.2 us  140 us  171 us  194 us  200 us  200 us
  first byte      0        -        -       -       -       -       -       -
  session         0        -        -       -       -       -       -       -
latency in windows of 1m 00s: the running one and the last complete one
              count  average    peak  last count  last average  last peak
  connect       100   101 us  200 us         200       50.5 us     100 us
  first byte      0        -       -           0             -          -
  session         0        -       -           0             -          -
listeners
  name   url                    upstream  active  accepted
  web    tcp://127.0.0.1:40123  redis          0     2,000
  local  tcp+unix:/run/r.sock   other          0         1
upstreams
  endpoint             address        state      role    weight  active  limit  connections  failures        up  down  marked down  held down
  redis/10.0.0.5:6379  10.0.0.5:6379  ready      main         3       2    100        1,000         0  4.00 KiB   0 B            0        0/2
  redis/spare          10.0.0.6:6379  unhealthy  backup       1       0      -            0         8       0 B   0 B            0        1/2
  other/db             -              drain      main         1       0      -            0         0       0 B   0 B            0        0/2
ring
  turns                   300
  enters                  200
  completions             500
  completions per turn   1.67
  completions per enter  2.50
  submissions               0
  sends                   180
  sends per turn         0.60
  overflows                 0
  stale completions         0
  wakes                     0
  buffer parks              0
  long turns                0
resources
  buffers in use          6
  buffers               128
  pipes in use            0
  pipes open              0
  slots in use            0
  frames in use           0
  frame spills            0
  CPU time           3.00 s
  log lines               0
  log lines dropped       0
)golden");
}

TEST_CASE("ctl stats --per-shard as text") {
    CHECK(stats_text(sample_snapshot(), true) ==
          R"golden(ringway 0.1.0, up 1h 02m, 2 shards, 3 connections of 4,096
                          shard 0   shard 1     total
  core                          0         -
connections
  accepted                  1,000     1,001     2,001
  active                        1         2         3
  closed                      999       999     1,998
  closed finished             996       996     1,992
  closed idle-timeout           3         3         6
  refused                       0         0         0
  with preamble                 0         0         0
  accept pauses                 0         0         0
  accept errors                 0         0         0
  connect failures              0         0         0
  connect retries               0         0         0
traffic
  up delivered           2.00 KiB  2.00 KiB  4.00 KiB
  up copied              2.00 KiB  2.00 KiB  4.00 KiB
  up spliced                  0 B       0 B       0 B
  up peeked                   0 B       0 B       0 B
  up into splice                0         0         0
  up out of splice              0         0         0
  up pauses                     0         0         0
  down delivered         1.00 KiB  1.00 MiB  1.00 MiB
  down copied            1.00 KiB  1.00 KiB  2.00 KiB
  down spliced                0 B  1.00 MiB  1.00 MiB
  down peeked                 0 B       0 B       0 B
  down into splice              0         1         1
  down out of splice            0         0         0
  down pauses                   0         0         0
latency since start
  connect p50             49.9 us   67.1 us   60.2 us
  connect p99             98.8 us    196 us    194 us
  connect max              100 us    200 us    200 us
  first byte p50                -         -         -
  first byte p99                -         -         -
  first byte max                -         -         -
  session p50                   -         -         -
  session p99                   -         -         -
  session max                   -         -         -
ring
  turns                       100       200       300
  enters                      100       100       200
  completions                 250       250       500
  completions per turn       2.50      1.25      1.67
  completions per enter      2.50      2.50      2.50
  submissions                   0         0         0
  sends                        90        90       180
  sends per turn             0.90      0.45      0.60
  overflows                     0         0         0
  stale completions             0         0         0
  wakes                         0         0         0
  buffer parks                  0         0         0
  long turns                    0         0         0
resources
  buffers in use                3         3         6
  buffers                      64        64       128
  pipes in use                  0         0         0
  pipes open                    0         0         0
  slots in use                  0         0         0
  frames in use                 0         0         0
  frame spills                  0         0         0
  CPU time                 1.50 s    1.50 s    3.00 s
  log lines                     0         0         0
  log lines dropped             0         0         0
)golden");
}

TEST_CASE("ctl upstreams as text") {
    CHECK(
        upstreams_text(sample_snapshot()) ==
        R"golden(endpoint             address        state      role    weight  active  limit  connections  failures        up  down  marked down  held down
redis/10.0.0.5:6379  10.0.0.5:6379  ready      main         3       2    100        1,000         0  4.00 KiB   0 B            0        0/2
redis/spare          10.0.0.6:6379  unhealthy  backup       1       0      -            0         8       0 B   0 B            0        1/2
other/db             -              drain      main         1       0      -            0         0       0 B   0 B            0        0/2
)golden");
}

TEST_CASE("ctl connections as text") {
    CHECK(
        connections_text(sample_connections(), 5'000) ==
        R"golden(id    client           listener  endpoint     state       mode            up      down     age    idle
1/17  192.0.2.7:51000  web       redis/spare  relaying    copy/splice  100 B  2.86 MiB  1m 01s  250 ms
0/18  192.0.2.8:51001  web       -            connecting  -/-            0 B       0 B    0 ns    0 ns
2 of 5,000 connections shown
)golden");
    CHECK(connections_text({}, 0) == "0 connections\n");
    CHECK(connections_text({}, 3) == "0 of 3 connections shown\n");
    CHECK(contains(connections_text(sample_connections(), 2), "\n2 connections\n"));
}

TEST_CASE("ctl info as text") {
    CHECK(info_text(sample_info()) == R"golden(version          0.1.0
process          4242
started          2025-11-20T15:33:13.123456Z
up               5.00 s
state            running
shards           2, pinned
relay            auto
max connections  4,096
max descriptors  20,000
kernel           6.12.1
ring             defer-taskrun
log level        info
config           -
control          /run/ringway/ringway.sock
access log       -
listeners
  web    tcp://127.0.0.1:40123  to redis
  local  tcp+unix:/run/r.sock   to other
upstreams
  redis  p2c          10.0.0.5:6379, spare
  other  round-robin  db
)golden");
}

TEST_CASE("every answer is whole lines, none empty, whatever the names hold") {
    Snapshot snapshot = sample_snapshot();
    snapshot.rates = Rates{};
    const Snapshot empty = take_snapshot({}, {}, {});
    for (int round = 0; round < 2; ++round) {
        for (const bool per_shard : {false, true}) {
            check_is_reply(stats_text(snapshot, per_shard));
            check_is_reply(stats_text(empty, per_shard));
        }
        check_is_reply(upstreams_text(snapshot));
        check_is_reply(upstreams_text(empty));
        // The second round says the same with names that try to break out.
        snapshot.context.version = "\n\n" + hostile_text();
        snapshot.context.listeners[0].name = "\n\n";
        snapshot.context.endpoints[0].upstream = "\n\n" + hostile_text();
    }
    std::vector<ConnectionLine> connections = sample_connections();
    connections[0].client = "\n\n" + hostile_text();
    check_is_reply(connections_text(connections, 2));
    Info info = sample_info();
    info.upstreams[0].endpoints[0] = "\n\n" + hostile_text();
    check_is_reply(info_text(info));
    check_is_reply(info_text({}));
    for (const std::string& answer : sample_answers()) {
        check_is_reply(answer);
        CHECK(answer.find('\n') == answer.size() - 1);
    }
}

TEST_CASE("the text says that the server drains, that log lines were lost, and how fast it goes") {
    Snapshot snapshot = sample_snapshot();
    CHECK_FALSE(contains(stats_text(snapshot, false), "draining"));
    snapshot.context.draining = true;
    snapshot.context.writer_lines_dropped = 1'234;
    Rates rates;
    rates.span = ringway::base::Duration::seconds(2);
    rates.accepted_per_second = 12.5;
    rates.bytes_down_per_second = 3'145'728;
    snapshot.rates = rates;
    const std::string text = stats_text(snapshot, false);
    CHECK(contains(text, ", draining\n"));
    CHECK(contains(text, "\n1,234 log lines could not be written\n"));
    CHECK(contains(text, "rates over the last 2.00 s\n"));
    CHECK(contains(text, "12.5/s\n"));
    CHECK(contains(text, "3.00 MiB/s\n"));
}

TEST_CASE("JSON numbers are raw, to the byte and the nanosecond") {
    const std::string json = stats_json(sample_snapshot(), false);
    CHECK(contains(json, R"("schema":1,"kind":"stats","version":"0.1.0")"));
    CHECK(contains(json, R"("uptime_ms":3725000,"window_ms":60000,"shards":2)"));
    CHECK(
        contains(json, R"("down":{"bytes":1050624,"copied_bytes":2048,"spliced_bytes":1048576,)"));
    CHECK(contains(json, R"("accepted":2001,"active":3,"refused":0)"));
    CHECK(contains(json,
                   R"("window":{"current":{"count":100,"average_ns":101000,"peak_ns":200000})"));
    CHECK(contains(json, R"("completions_per_turn":1.667)"));
    CHECK_FALSE(contains(json, "per_shard"));
    CHECK(contains(stats_json(sample_snapshot(), true), R"("per_shard":[{"shard":0,"core":0,)"));
    CHECK(contains(stats_json(sample_snapshot(), true), R"({"shard":1,"core":null,)"));
}
