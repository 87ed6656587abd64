// Every example of docs/ROUTING.md is parsed: command lines and files alike.
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "ringway/config/render.h"
#include "support.h"

namespace ringway::config::test {
namespace {

// The text of each block that begins with ```LANGUAGE.
std::vector<std::string> blocks_of(const std::string& document, const std::string& language) {
    const std::string begin = "\n```" + language + "\n";
    const std::string end = "\n```";
    std::vector<std::string> blocks;
    for (std::size_t at = document.find(begin); at != std::string::npos;) {
        const std::size_t from = at + begin.size();
        const std::size_t to = document.find(end, from);
        REQUIRE(to != std::string::npos);
        blocks.push_back(document.substr(from, to - from));
        at = document.find(begin, to);
    }
    return blocks;
}

// As a shell splits it, as far as the examples go: blanks, single quotes, continued lines.
std::vector<std::string> shell_words(const std::string& command) {
    std::vector<std::string> words(1);
    bool quoted = false;
    for (std::size_t i = 0; i < command.size(); ++i) {
        const char c = command[i];
        if (c == '\'') {
            quoted = !quoted;
        } else if (!quoted && c == '\\') {
            ++i;
        } else if (!quoted && (c == ' ' || c == '\n')) {
            if (!words.back().empty()) words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    if (words.back().empty()) words.pop_back();
    return words;
}

std::string document() {
    std::ifstream file(RW_ROUTING_MD);
    return {std::istreambuf_iterator<char>(file), {}};
}

void check_round_trip(const ParseOutcome& outcome) {
    CAPTURE(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.warnings.empty());
    const auto again = parse({{}, {}, render_settings(outcome.settings)});
    CAPTURE(again.text);
    CHECK(again.settings == outcome.settings);
}

TEST_CASE("every command line of docs/ROUTING.md is accepted") {
    const auto blocks = blocks_of(document(), "sh");
    CHECK(blocks.size() >= 6);
    for (const std::string& block : blocks) {
        CAPTURE(block);
        std::vector<std::string> words = shell_words(block);
        REQUIRE(words.front() == "ringway");
        words.erase(words.begin());
        check_round_trip(parse({std::move(words), {}, {}}));
    }
}

TEST_CASE("every file of docs/ROUTING.md is accepted") {
    const auto blocks = blocks_of(document(), "toml");
    CHECK(blocks.size() >= 4);
    for (const std::string& block : blocks) {
        CAPTURE(block);
        check_round_trip(parse({{}, {}, block}));
    }
}

TEST_CASE("the variable of docs/ROUTING.md is accepted") {
    const std::string text = document();
    const std::string begin = "RINGWAY_ROUTE='";
    const std::size_t from = text.find(begin);
    REQUIRE(from != std::string::npos);
    const std::size_t value = from + begin.size();
    const std::string routes = text.substr(value, text.find('\'', value) - value);
    const auto outcome = parse({{"--listen", "http://127.0.0.1:1", "--upstream", "api=http://h:1",
                                 "--upstream", "site=http://h:2"},
                                {"RINGWAY_ROUTE=" + routes},
                                {}});
    check_round_trip(outcome);
    CHECK(outcome.settings.routes.size() == 3);
}

}  // namespace
}  // namespace ringway::config::test
