// libFuzzer target for everything a user writes: URLs, routes, values, and the TOML file. The first
// byte chooses which of them the rest is.
//
// What must hold beyond not crashing: a refusal is one line; what was understood, written again, is
// understood as the same.
//
// Built and run by tools/fuzz.
#include <cstddef>
#include <cstdint>
#include <string>

#include "ringway/base/assert.h"
#include "ringway/config/cidr.h"
#include "ringway/config/options.h"
#include "ringway/config/parse.h"
#include "ringway/config/render.h"
#include "ringway/config/units.h"
#include "ringway/config/url.h"

namespace {

using namespace ringway::config;

Machine some_machine() {
    return {.cpus = {0, 1},
            .descriptors_soft = 1024,
            .descriptors_hard = 20000,
            .user_id = 1000,
            .runtime_directory = {},
            .user_runtime_directory = {}};
}

void check_outcome(const ParseInput& input) {
    const ParseOutcome outcome = parse_settings(input);
    if (outcome.kind != ParseOutcome::Kind::settings) {
        RW_ASSERT(outcome.exit_code == 1 || outcome.exit_code == 2);
        RW_ASSERT(outcome.text.find('\n') == std::string::npos);
        return;
    }
    const std::string rendered = render_settings(outcome.settings);
    const ParseOutcome again = parse_settings({.arguments = {},
                                               .environment = {},
                                               .machine = some_machine(),
                                               .command = "serve",
                                               .built_in = rendered});
    RW_ASSERT(again.kind == ParseOutcome::Kind::settings);
    RW_ASSERT(again.settings == outcome.settings);
}

void fuzz_file(const std::string& text) {
    check_outcome({.arguments = {},
                   .environment = {},
                   .machine = some_machine(),
                   .command = "serve",
                   .built_in = text});
}

// Listeners and upstreams whose URLs are the input, beside one of each that is right.
void fuzz_places(const std::string& text) {
    const std::size_t cut = text.find('\0');
    const std::string upstream = cut == std::string::npos ? text : text.substr(cut + 1);
    check_outcome({.arguments = {"--listen=x=tcp://127.0.0.1:1", "--listen=" + text.substr(0, cut),
                                 "--upstream=" + upstream},
                   .environment = {},
                   .machine = some_machine(),
                   .command = "serve",
                   .built_in = {}});
}

void fuzz_route(const std::string& text) {
    check_outcome({.arguments = {"--listen=a=tcp://127.0.0.1:1", "--upstream=b=tcp://h:1"},
                   .environment = {"RINGWAY_ROUTE=" + text, "RINGWAY_ALLOW=" + text},
                   .machine = some_machine(),
                   .command = "serve",
                   .built_in = {}});
}

// Routes of HTTP, several in a row.
void fuzz_http_route(const std::string& text) {
    check_outcome({.arguments = {"--listen=a=http://127.0.0.1:1", "--listen=t=tcp://127.0.0.1:2",
                                 "--upstream=b=http://h:1", "--upstream=c=http+unix:/x",
                                 "--upstream=t=tcp://h:1"},
                   .environment = {"RINGWAY_ROUTE=" + text + " => b"},
                   .machine = some_machine(),
                   .command = "serve",
                   .built_in = {}});
}

void fuzz_values(const std::string& text) {
    if (const auto duration = parse_duration(text)) {
        RW_ASSERT(parse_duration(format_duration(*duration)) == duration);
    }
    if (const auto size = parse_size(text)) RW_ASSERT(parse_size(format_size(*size)) == size);
    if (const auto range = Cidr::parse(text)) RW_ASSERT(Cidr::parse(range->to_string()) == range);
    if (const auto health = parse_health_check(text)) {
        const auto again = parse_health_check(format_health_check(*health));
        RW_ASSERT(again.has_value());
        RW_ASSERT(*again == *health);
    }
    if (const auto url = parse_url(text)) {
        const auto again = parse_url(format_url(url->target));
        RW_ASSERT(again.has_value());
        RW_ASSERT(again->target == url->target);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
    if (bytes == 0) return 0;
    // A config file must not be read from what is fuzzed, and no argument here names one.
    const std::string text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
    switch (data[0] % 8) {
        case 0: fuzz_file(text); break;
        case 1: fuzz_places(text); break;
        case 2: fuzz_route(text); break;
        case 4: fuzz_http_route(text); break;
        default: fuzz_values(text); break;
    }
    return 0;
}
