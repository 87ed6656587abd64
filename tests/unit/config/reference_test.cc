// --help and docs/OPERATIONS.md tell of every flag, from the same table that parses them.
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/config/flags.h"
#include "ringway/config/render.h"
#include "support.h"

namespace ringway::config::test {
namespace {

TEST_CASE("--help tells every flag with its default, and fits a terminal") {
    const std::string help = help_text("serve");
    for (const Flag& flag : all_flags()) {
        CAPTURE(flag.name);
        CHECK(contains(help, fmt::format("  {}\n", flag.usage())));
    }
    for (std::size_t group = 0; group < group_count; ++group) {
        CHECK(contains(help, fmt::format("{}:\n", title_of(static_cast<Group>(group)))));
    }
    for (const auto& row : endpoint_options()) CHECK(contains(help, fmt::format("  {}", row.name)));
    for (const auto& row : route_options()) CHECK(contains(help, fmt::format("  {}", row.name)));
    for (const auto& row : health_options()) CHECK(contains(help, fmt::format("  {}", row.name)));
    std::size_t begin = 0;
    for (std::size_t end; (end = help.find('\n', begin)) != std::string::npos; begin = end + 1) {
        CAPTURE(help.substr(begin, end - begin));
        CHECK(end - begin <= 100);
    }
}

TEST_CASE("the reference in docs/OPERATIONS.md is the one that the tables give") {
    std::ifstream file(RW_OPERATIONS_MD);
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    const std::string begin = "<!-- begin: flags (tools/gen_docs) -->\n";
    const std::string end = "<!-- end: flags -->";
    const std::size_t from = document.find(begin);
    const std::size_t to = document.find(end);
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    const std::string committed = document.substr(from + begin.size(), to - from - begin.size());
    const bool same = committed == markdown_reference();
    CHECK_MESSAGE(same, "run tools/gen_docs and commit docs/OPERATIONS.md");
    for (const Flag& flag : all_flags()) CHECK(contains(committed, flag.environment_name()));
}

}  // namespace
}  // namespace ringway::config::test
