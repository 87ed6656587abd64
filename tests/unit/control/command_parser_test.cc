#include "command_parser.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/base/random.h"

namespace ringway::control {
namespace {

Request request_of(std::string_view line) {
    CAPTURE(line);
    const auto parsed = parse_command(line);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) FAIL(refusal->sentence);
    return std::get<Request>(parsed);
}

std::string refusal_of(std::string_view line) {
    CAPTURE(line);
    const auto parsed = parse_command(line);
    REQUIRE(std::holds_alternative<Refusal>(parsed));
    return std::get<Refusal>(parsed).sentence;
}

TEST_CASE("plain commands") {
    CHECK(request_of("info").verb == Verb::info);
    CHECK(request_of("  stats \r").verb == Verb::stats);
    CHECK(request_of("upstreams").verb == Verb::upstreams);
    CHECK(request_of("settings").verb == Verb::settings);
    CHECK(request_of("config").verb == Verb::settings);
    CHECK(request_of("drain").verb == Verb::drain);
    CHECK(request_of("reload").verb == Verb::reload);
    CHECK(request_of("reset peaks").verb == Verb::reset_peaks);
    CHECK(request_of("help").verb == Verb::help);
    CHECK(request_of("quit").verb == Verb::quit);
}

TEST_CASE("flags stand anywhere behind the first word") {
    const Request request = request_of("stats --json --per-shard");
    CHECK(request.json);
    CHECK(request.per_shard);
    CHECK(request_of("connections --json 5").rows_max == 5);
    CHECK(request_of("connections 5 --json").json);
    CHECK_FALSE(request_of("info").json);
}

TEST_CASE("connections takes a number of rows") {
    CHECK(request_of("connections").rows_max == connection_rows_default);
    CHECK(request_of("connections 0").rows_max == 0);
    CHECK(request_of("connections 100000").rows_max == 100'000);
    CHECK(refusal_of("connections 100001").find("100000") != std::string::npos);
    for (const char* bad : {"connections -1", "connections x", "connections 1x", "connections 1 2",
                            "connections 99999999999999999999999"}) {
        CHECK_FALSE(refusal_of(bad).empty());
    }
}

TEST_CASE("set upstream") {
    const Request request = request_of("set upstream web/10.0.0.5:6379 state drain");
    CHECK(request.verb == Verb::set_endpoint);
    CHECK(request.target == "web/10.0.0.5:6379");
    CHECK(request.state == upstream::AdminState::drain);
    CHECK(request_of("set upstream web state down").state == upstream::AdminState::down);
    CHECK(request_of("set upstream web state ready").state == upstream::AdminState::ready);
    CHECK(refusal_of("set upstream web state maint").find("maint") != std::string::npos);
    CHECK_FALSE(refusal_of("set upstream web drain").empty());
    CHECK_FALSE(refusal_of("set upstream").empty());
}

TEST_CASE("set log-level") {
    CHECK(request_of("set log-level debug").level == config::LogLevel::debug);
    CHECK(request_of("set log-level error").level == config::LogLevel::error);
    CHECK_FALSE(refusal_of("set log-level loud").empty());
    CHECK_FALSE(refusal_of("set log-level").empty());
    CHECK_FALSE(refusal_of("set").empty());
}

TEST_CASE("what is unknown or misplaced is refused with a reason") {
    CHECK(refusal_of("frobnicate").find("frobnicate") != std::string::npos);
    CHECK_FALSE(refusal_of("").empty());
    CHECK_FALSE(refusal_of("   ").empty());
    CHECK_FALSE(refusal_of("drain --json").empty());
    CHECK_FALSE(refusal_of("info --per-shard").empty());
    CHECK_FALSE(refusal_of("stats --fast").empty());
    CHECK_FALSE(refusal_of("stats now").empty());
    CHECK_FALSE(refusal_of("reset").empty());
    CHECK_FALSE(refusal_of(std::string("info\0", 5)).empty());
    CHECK_FALSE(refusal_of(std::string(command_bytes_max + 1, 'a')).empty());
}

TEST_CASE("a refusal is one printable line whatever was sent") {
    base::Random random(7);
    for (int run = 0; run < 20'000; ++run) {
        std::string line;
        const std::size_t bytes = random.below(40);
        for (std::size_t i = 0; i < bytes; ++i) {
            static constexpr std::string_view words[] = {
                "set", " ", "upstream", "state", "--json", "connections", "9", "\x1b[2J", "\xff"};
            if (random.chance(1, 3)) {
                line += words[random.below(std::size(words))];
            } else {
                line += static_cast<char>(random.below(256));
            }
        }
        const auto parsed = parse_command(line);
        const auto* refusal = std::get_if<Refusal>(&parsed);
        if (refusal == nullptr) continue;
        REQUIRE_FALSE(refusal->sentence.empty());
        for (const char c : refusal->sentence) {
            REQUIRE(c >= ' ');
            REQUIRE(c <= '~');
        }
        REQUIRE(refusal->sentence.size() < 400);
    }
}

TEST_CASE("help names every command and holds no empty line") {
    const std::string_view text = help_text();
    for (const char* word :
         {"info", "stats", "connections", "upstreams", "settings", "set upstream", "set log-level",
          "reset peaks", "drain", "help", "quit"}) {
        CHECK(text.find(word) != std::string_view::npos);
    }
    CHECK(text.find("\n\n") == std::string_view::npos);
}

}  // namespace
}  // namespace ringway::control
