// Shared by the tests of the config layer: a machine that is always the same, and short calls.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "ringway/config/parse.h"

namespace ringway::config::test {

inline Machine some_machine() {
    return {.cpus = {0, 1, 2, 3},
            .descriptors_soft = 1024,
            .descriptors_hard = 20000,
            .user_id = 1000,
            .runtime_directory = {},
            .user_runtime_directory = "/run/user/1000"};
}

struct Call {
    std::vector<std::string> arguments{};
    std::vector<std::string> environment{};
    std::string built_in{};
};

inline ParseOutcome parse(Call call) {
    return parse_settings({.arguments = std::move(call.arguments),
                           .environment = std::move(call.environment),
                           .machine = some_machine(),
                           .command = "serve",
                           .built_in = std::move(call.built_in)});
}

// With one listener and one upstream, which hardly any test is about.
inline ParseOutcome parse_with_places(std::vector<std::string> arguments,
                                      std::vector<std::string> environment = {},
                                      std::string built_in = {}) {
    arguments.insert(arguments.end(),
                     {"--listen", "tcp://127.0.0.1:80", "--upstream", "tcp://127.0.0.1:81"});
    return parse({std::move(arguments), std::move(environment), std::move(built_in)});
}

// The same with HTTP on both sides.
inline ParseOutcome parse_with_http(std::vector<std::string> arguments,
                                    std::vector<std::string> environment = {},
                                    std::string built_in = {}) {
    arguments.insert(arguments.end(),
                     {"--listen", "http://127.0.0.1:80", "--upstream", "http://127.0.0.1:81"});
    return parse({std::move(arguments), std::move(environment), std::move(built_in)});
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace ringway::config::test
