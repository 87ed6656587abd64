#include "request/template.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "request/request_source.h"
#include "ringway/ring/sys.h"

namespace ringway::bench {
namespace {

std::string written(std::string_view text, const PlaceholderValues& values,
                    std::uint64_t seed = 1) {
    base::Random random(seed);
    const auto parsed = Template::parse(text);
    REQUIRE(parsed);
    std::string out;
    parsed->write(out, values, random);
    CHECK(out.size() <= parsed->bytes_max());
    return out;
}

std::string rule_of(std::string_view text) {
    const auto parsed = Template::parse(text);
    return parsed ? std::string() : parsed.reason().rule;
}

constexpr PlaceholderValues sample{
    .id = 0x0123456789abcdef, .seq = 42, .connection = 7, .thread = 3};

TEST_CASE("every placeholder is written as it is described") {
    CHECK(written("{{id}}", sample) == "0123456789abcdef");
    CHECK(written("{{seq}}/{{connection}}/{{thread}}", sample) == "42/7/3");
    const std::string uuid = written("{{uuid}}", sample);
    REQUIRE(uuid.size() == 36);
    CHECK(uuid.substr(0, 15) == "01234567-89ab-4");
    CHECK(uuid[8] == '-');
    CHECK(uuid[18] == '-');
    CHECK(uuid[23] == '-');
    CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
    CHECK(uuid.find_first_not_of("0123456789abcdef-") == std::string::npos);
}

TEST_CASE("ids that differ in any bit make different UUIDs") {
    std::set<std::string> seen;
    for (unsigned bit = 0; bit < 64; ++bit) {
        PlaceholderValues values;
        values.id = std::uint64_t{1} << bit;
        // Without the part that is scrambled: all of the id is in the other digits.
        seen.insert(written("{{uuid}}", values).substr(0, 21));
    }
    CHECK(seen.size() == 64);
}

TEST_CASE("random stays within its bounds and reaches both") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        seen.insert(written("{{random:9-11}}", sample, seed));
    }
    CHECK(seen == std::set<std::string>{"9", "10", "11"});
    CHECK(written("{{random:5-5}}", sample) == "5");
    CHECK_FALSE(written("{{random:0-18446744073709551615}}", sample).empty());
}

TEST_CASE("pick takes any of its texts, empty ones too") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        seen.insert(written("<{{pick:a||long text}}>", sample, seed));
    }
    CHECK(seen == std::set<std::string>{"<a>", "<>", "<long text>"});
    CHECK(written("{{pick:only}}", sample) == "only");
}

TEST_CASE("now is the monotonic clock in nanoseconds") {
    const auto before = ring::sys::now().ns;
    const auto now = std::stoll(written("{{now}}", sample));
    CHECK(now >= before);
    CHECK(now <= ring::sys::now().ns);
}

TEST_CASE("braces of JSON and of shells stay what they are") {
    CHECK(written(R"({"n":{{seq}}})", sample) == R"({"n":42})");
    CHECK(written("{{{seq}}}", sample) == "{42}");
    CHECK(written("{{{{seq}}}}", sample) == "{{42}}");
    CHECK(written(R"({"a":{"b":{}}})", sample) == R"({"a":{"b":{}}})");
    CHECK(written("}} { }", sample) == "}} { }");
    CHECK(written("{{open}}seq}}", sample) == "{{seq}}");
    CHECK(written("", sample).empty());
}

TEST_CASE("a template knows whether it is always the same") {
    CHECK(Template::parse("a{{open}}b")->is_constant());
    CHECK(Template::parse("a{{open}}b")->text() == "a{{b");
    CHECK(Template::literal("{{seq}}").is_constant());
    CHECK(Template::literal("{{seq}}").text() == "{{seq}}");
    CHECK_FALSE(Template::parse("{{thread}}")->is_constant());
}

TEST_CASE("templates that were put together keep their picks apart") {
    Template all = *Template::parse("{{pick:a}}-");
    all.append(*Template::parse("{{pick:b}}{{seq}}"));
    all.append(std::string_view("!"));
    base::Random random(1);
    std::string out;
    all.write(out, sample, random);
    CHECK(out == "a-b42!");
}

TEST_CASE("a wrong placeholder is refused by name, with the rule that it breaks") {
    CHECK(rule_of("x{{sequence}}") == "{{sequence}}: there is no such placeholder");
    CHECK(rule_of("{{ seq }}") == "{{ seq }}: there is no such placeholder");
    CHECK(rule_of("{{}}") == "{{}}: there is no such placeholder");
    CHECK(rule_of("{{seq:1}}") == "{{seq:1}}: there is no such placeholder");
    const std::string numbers = ": random takes two whole numbers, as in 1-100";
    for (const std::string text :
         {"{{random}}", "{{random:}}", "{{random:5}}", "{{random:a-b}}", "{{random:-1-5}}",
          "{{random:1-2-3}}", "{{random:1-}}", "{{random:0-18446744073709551616}}"}) {
        CHECK(rule_of(text) == text + numbers);
    }
    CHECK(rule_of("{{random:9-1}}") ==
          "{{random:9-1}}: the first number may not exceed the second");
    CHECK(rule_of("{{pick}}") == "{{pick}}: pick takes texts, as in a|b|c");
    CHECK(rule_of("{{seq} }") == "\"{{\" begins a placeholder, but no \"}}\" ends it");
    CHECK(rule_of("a{{") == "\"{{\" begins a placeholder, but no \"}}\" ends it");
}

TEST_CASE("a request that could not be sent is refused where its fault is") {
    const auto complaint = [](auto change) {
        RequestKind kind;
        change(kind);
        const auto found = check_templates(kind);
        return found ? found->rule : std::string();
    };
    CHECK(complaint([](RequestKind&) {}).empty());
    CHECK(complaint([](RequestKind& kind) { kind.target = "/{{seq}}?{{pick:a|b}}"; }).empty());
    CHECK(complaint([](RequestKind& kind) { kind.target = "/{{nope}}"; }) ==
          "the URL: {{nope}}: there is no such placeholder");
    CHECK(complaint([](RequestKind& kind) { kind.target = "/a b"; }) ==
          "a request target begins with / and holds no blank");
    CHECK(complaint([](RequestKind& kind) { kind.target = "relative"; }) ==
          "a request target begins with / and holds no blank");
    CHECK(complaint([](RequestKind& kind) { kind.method = "GET /"; }).starts_with("a method"));
    CHECK(complaint([](RequestKind& kind) { kind.fields = {{"X-A", "{{seq"}}; }) ==
          "the field X-A: \"{{\" begins a placeholder, but no \"}}\" ends it");
    CHECK(complaint([](RequestKind& kind) { kind.fields = {{"X-A", "1\r\nX-B: 2"}}; }) ==
          "the field X-A: a value holds no control character");
    CHECK(complaint([](RequestKind& kind) {
              kind.fields = {{"X A", "1"}};
          }).starts_with("the field X A: a name is"));
    CHECK(complaint([](RequestKind& kind) { kind.body = "{{random:2-1}}"; }) ==
          "the body: {{random:2-1}}: the first number may not exceed the second");
    CHECK(complaint([](RequestKind& kind) { kind.body = "any\r\n\tbytes"; }).empty());
}

}  // namespace
}  // namespace ringway::bench
