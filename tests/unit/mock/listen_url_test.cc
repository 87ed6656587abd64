#include <array>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/mock/command.h"
#include "ringway/mock/origin.h"

using namespace ringway::mock;

TEST_CASE("listener URLs with their options are understood") {
    std::string problem;
    const auto plain = parse_listen_url("tcp://127.0.0.1:0", problem);
    REQUIRE(plain);
    CHECK(plain->mode == Mode::echo);
    CHECK(plain->host == "127.0.0.1");
    CHECK(plain->port == 0);

    const auto source = parse_listen_url("tcp://[::1]:9000?mode=source&bytes=1GiB", problem);
    REQUIRE(source);
    CHECK(source->mode == Mode::source);
    CHECK(source->host == "::1");
    CHECK(source->port == 9000);
    CHECK(source->bytes == std::uint64_t{1} << 30);

    const auto http = parse_listen_url("http://localhost:80/", problem);
    REQUIRE(http);
    CHECK(http->mode == Mode::http);
    CHECK(http->host == "localhost");

    const auto local = parse_listen_url("tcp+unix:/tmp/x.sock?mode=sink", problem);
    REQUIRE(local);
    CHECK(local->unix_path == "/tmp/x.sock");
    CHECK(local->mode == Mode::sink);
}

TEST_CASE("every bad listener URL is named with its rule") {
    constexpr std::array<std::pair<const char*, const char*>, 9> bad = {{
        {"127.0.0.1:80", "must begin with"},
        {"udp://127.0.0.1:80", "must begin with"},
        {"tcp://127.0.0.1", "HOST:PORT"},
        {"tcp://127.0.0.1:65536", "65535"},
        {"tcp://127.0.0.1:", "65535"},
        {"tcp://::1:80", "brackets"},
        {"tcp+unix:", "path"},
        {"tcp://127.0.0.1:0?mode=loud", "close-first"},
        {"tcp://127.0.0.1:0?bytes=4kb", "size"},
    }};
    for (const auto& [url, rule] : bad) {
        CAPTURE(url);
        std::string problem;
        CHECK_FALSE(parse_listen_url(url, problem));
        CHECK(problem.find(rule) != std::string::npos);
    }
}

TEST_CASE("the command answers wrong arguments with 2 and starts nothing") {
    const auto run_with = [](std::vector<std::string> words) { return run(words); };
    CHECK(run_with({}) == 2);
    CHECK(run_with({"--listen"}) == 2);
    CHECK(run_with({"--shout"}) == 2);
    CHECK(run_with({"--listen", "tcp://127.0.0.1:0", "--listen", "nowhere"}) == 2);
    CHECK(run_with({"--listen", "tcp://192.0.2.1:1"}) == 1);  // no address of this machine
    CHECK(run_with({"--help"}) == 0);
}
