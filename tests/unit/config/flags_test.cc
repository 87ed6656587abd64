// Tests derived from the tables: every row, its range, and both ways of writing it.
#include "ringway/config/flags.h"

#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/config/units.h"
#include "support.h"

namespace ringway::config::test {
namespace {

std::string write(const ValueRule& rule, std::uint64_t number) {
    if (rule.kind == ValueKind::duration) {
        return fmt::format("{}us", number / 1000);
    }
    return fmt::format("{}", number);
}

// The smallest step that the unit can write.
std::uint64_t step_of(const ValueRule& rule) { return rule.kind == ValueKind::duration ? 1000 : 1; }

bool has_range(const ValueRule& rule) {
    return rule.kind == ValueKind::count || rule.kind == ValueKind::size ||
           rule.kind == ValueKind::duration;
}

// Texts that the rule accepts at its edges, and texts right beyond them.
struct Edges {
    std::vector<std::string> good;
    std::vector<std::string> bad;
};
Edges edges_of(const ValueRule& rule) {
    Edges edges;
    if (has_range(rule)) {
        edges.good = {write(rule, rule.min), write(rule, rule.max)};
        if (rule.min >= step_of(rule)) edges.bad.push_back(write(rule, rule.min - step_of(rule)));
        edges.bad.push_back(write(rule, rule.max + step_of(rule)));
        if (rule.power_of_two) edges.bad.push_back(write(rule, rule.min + 1));
        edges.bad.insert(edges.bad.end(), {"", "-1", "x", "1.5"});
        (rule.off_allowed ? edges.good : edges.bad).push_back("off");
    } else if (rule.kind == ValueKind::toggle) {
        edges = {{"on", "off"}, {"", "maybe"}};
    } else if (rule.kind == ValueKind::choice) {
        for (const auto choice : rule.choices) edges.good.emplace_back(choice);
        edges.bad = {"", "none-of-these", std::string{rule.choices.front()} + " "};
    } else {
        edges.bad = {""};
    }
    return edges;
}

TEST_CASE("every flag takes what its rule allows, and says the rule about what it does not") {
    for (const Flag& flag : all_flags()) {
        if (!flag.apply) continue;
        CAPTURE(flag.name);
        const Edges edges = edges_of(flag.rule);
        for (const std::string& text : edges.good) {
            CAPTURE(text);
            Draft draft;
            CHECK_FALSE(flag.apply(draft, text));
        }
        for (const std::string& text : edges.bad) {
            CAPTURE(text);
            Draft draft;
            const auto complaint = flag.apply(draft, text);
            REQUIRE(complaint);
            CHECK_FALSE(complaint->rule.empty());
        }
    }
}

template <typename Object>
void check_option_rows(std::span<const OptionRow<Object>> rows) {
    for (const auto& row : rows) {
        CAPTURE(row.name);
        CHECK_FALSE(row.help.empty());
        CHECK_FALSE(row.help.ends_with('.'));
        CHECK(row.placeholder.empty() == (row.rule.kind == ValueKind::toggle));
        CHECK(row.repeat == (row.clear != nullptr));
        const Edges edges = edges_of(row.rule);
        for (const std::string& text : edges.good) {
            CAPTURE(text);
            Object object;
            REQUIRE_FALSE(apply(row, object, text));
            // What is shown, once set, gives the same object again.
            const std::string shown = row.show(object);
            if (shown.empty()) continue;
            Object again;
            CHECK_FALSE(apply(row, again, shown));
            CHECK(again == object);
        }
        for (const std::string& text : edges.bad) {
            CAPTURE(text);
            if (row.name == "reply") continue;  // which may be empty
            Object object;
            CHECK(apply(row, object, text));
        }
        // The default is within the rule.
        const std::string shown = row.show(Object{});
        Object object;
        if (!shown.empty()) {
            CHECK_FALSE(apply(row, object, shown));
            CHECK(object == Object{});
        } else {
            CHECK_FALSE(row.default_text.empty());
        }
    }
}

TEST_CASE("every option of every object keeps its rule, and its default keeps it too") {
    check_option_rows(process_options());
    check_option_rows(listener_options());
    check_option_rows(upstream_options());
    check_option_rows(socket_options());
    check_option_rows(endpoint_options());
    check_option_rows(health_options());
    check_option_rows(http_upstream_options());
    check_option_rows(pool_options());
    check_option_rows(route_conditions());
    check_option_rows(route_options());
}

TEST_CASE("a setting that the row shows was really set by it") {
    for (const Flag& flag : all_flags()) {
        if (!flag.apply || flag.rule.kind == ValueKind::text) continue;
        CAPTURE(flag.name);
        for (const std::string& text : edges_of(flag.rule).good) {
            CAPTURE(text);
            Draft draft;
            REQUIRE_FALSE(flag.apply(draft, text));
            std::string expected = text;
            if (flag.rule.kind == ValueKind::duration && text != "off") {
                expected = format_duration(*parse_duration(text));
            }
            if (flag.rule.kind == ValueKind::size && text != "off") {
                expected = format_size(*parse_size(text));
            }
            CHECK(flag.show(draft) == expected);
        }
    }
}

TEST_CASE("no two flags share a name, and each has a twin in the environment") {
    std::set<std::string> seen;
    for (const Flag& flag : all_flags()) {
        CHECK(seen.insert(std::string{flag.name}).second);
        CHECK(seen.insert(flag.environment_name()).second);
        CHECK(find_flag(flag.name) == &flag);
        CHECK_FALSE(flag.help.empty());
        CHECK_FALSE(flag.default_text.empty());
    }
    CHECK(find_flag("idle-timeout")->environment_name() == "RINGWAY_IDLE_TIMEOUT");
    CHECK(find_flag("pin")->usage() == "--[no-]pin");
    CHECK(find_flag("shards")->usage() == "--shards N");
    CHECK(find_flag("tls-cert") == nullptr);
}

TEST_CASE("bad values name flag, value and rule in one line, and exit 2") {
    for (const Flag& flag : all_flags()) {
        if (!flag.apply || flag.is_switch()) continue;
        CAPTURE(flag.name);
        for (const std::string& text : edges_of(flag.rule).bad) {
            if (text.empty()) continue;
            CAPTURE(text);
            const auto outcome = parse_with_places({fmt::format("--{}={}", flag.name, text)});
            REQUIRE(outcome.kind == ParseOutcome::Kind::failed);
            CHECK(outcome.exit_code == 2);
            CAPTURE(outcome.text);
            CHECK(outcome.text.starts_with(
                fmt::format("ringway: --{}: \"{}\" is not allowed: ", flag.name, text)));
            CHECK(outcome.text.find('\n') == std::string::npos);
        }
    }
}

// "--NAME" or "--no-NAME" for switches, else "--NAME=TEXT".
std::string argument(const Flag& flag, const std::string& text) {
    if (!flag.is_switch()) return fmt::format("--{}={}", flag.name, text);
    return text == "on" ? fmt::format("--{}", flag.name) : fmt::format("--no-{}", flag.name);
}

TEST_CASE("every flag is heard from the command line, the environment and the file alike") {
    const Settings untouched = parse_with_http({}).settings;
    for (const Flag& flag : all_flags()) {
        if (!flag.apply || flag.rule.kind == ValueKind::text) continue;
        CAPTURE(flag.name);
        // Set where a value other than the default could be tried.
        bool tried = false;
        bool changes_something = false;
        for (const std::string& text : edges_of(flag.rule).good) {
            CAPTURE(text);
            const auto by_flag = parse_with_http({argument(flag, text)});
            CAPTURE(by_flag.text);
            // Bounds that another default sets, and PROXY protocol, which HTTP upstreams do not
            // get.
            const bool clashes =
                contains(by_flag.text, " at most ") || contains(by_flag.text, ": proxy-protocol: ");
            if (by_flag.kind == ParseOutcome::Kind::failed && clashes) continue;
            tried = tried || text != flag.default_text;
            const auto by_environment =
                parse_with_http({}, {fmt::format("{}={}", flag.environment_name(), text)});
            const auto by_file =
                parse_with_http({}, {}, fmt::format("{} = \"{}\"", flag.name, text));
            REQUIRE(by_flag.kind == ParseOutcome::Kind::settings);
            CHECK(by_environment.settings == by_flag.settings);
            CHECK(by_file.settings == by_flag.settings);
            changes_something = changes_something || by_flag.settings != untouched;
        }
        CHECK(changes_something == tried);
    }
}

}  // namespace
}  // namespace ringway::config::test
