// ringway: one binary, its words. Every line of the table is explained where it leads.
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "commands.h"
#include "ringway/bench/command.h"
#include "ringway/config/checked.h"
#include "ringway/config/render.h"
#include "ringway/config/suggest.h"
#include "ringway/control/ctl_client.h"
#include "ringway/mock/command.h"

namespace ringway::app {
namespace {

struct Command {
    std::string_view word;
    std::string_view what_for;
    int (*run)(Arguments);
};

constexpr auto commands = std::to_array<Command>({
    {"serve", "the server; the command where none is named", run_serve},
    {"demo", "server and built-in origin in one process, on loopback", run_demo},
    {"check", "validate flags and configuration, print the effective settings", run_check},
    {"doctor", "what this machine has, what it lacks, and how to fix it", run_doctor},
    {"mock", "the origin that tests and benchmarks run against", mock::run},
    {"bench", "measure a server: load, suites, verdicts, reports", bench::run_command},
    {"ctl", "talk to the control socket of a running ringway", control::run_ctl},
    {"help", "this, or the flags of a command", print_overview},
    {"--version", "the version", print_version},
    {"-V", "the versions of everything in it, and what the kernel offers", print_versions},
});

int unknown_command(const std::string& word) {
    std::vector<std::string_view> words;
    for (const Command& command : commands) words.push_back(command.word);
    std::string hint = config::did_you_mean(word, words);
    if (hint.empty()) hint = "ringway help lists them";
    fmt::print(stderr, "ringway: \"{}\" is not a command (hint: {})\n", config::printable(word),
               hint);
    return 2;
}

}  // namespace

int print_overview(Arguments arguments) {
    // For tools/gen_docs.
    if (!arguments.empty() && arguments.front() == "--markdown") {
        const bool of_bench = arguments.size() > 1 && arguments[1] == "bench";
        std::fputs((of_bench ? bench::markdown_reference() : config::markdown_reference()).c_str(),
                   stdout);
        return 0;
    }
    if (!arguments.empty()) {
        const std::vector<std::string> asked{arguments.front(), "--help"};
        return run(asked);
    }
    fmt::print("usage: ringway COMMAND [FLAGS]\n\n");
    for (const Command& command : commands) {
        fmt::print("  {:<10} {}\n", command.word, command.what_for);
    }
    fmt::print("\nringway COMMAND --help tells its flags.\n");
    return 0;
}

int run(Arguments arguments) {
    if (arguments.empty()) return run_serve(arguments);
    const std::string& word = arguments.front();
    for (const Command& command : commands) {
        if (command.word == word) return command.run(arguments.subspan(1));
    }
    return word.starts_with('-') ? run_serve(arguments) : unknown_command(word);
}

}  // namespace ringway::app

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    try {
        return ringway::app::run(arguments);
    } catch (const std::exception& error) {
        // Only starting up can throw, when memory has run out; the data path does not.
        std::fprintf(stderr, "ringway: %s\n", error.what());
        return 1;
    }
}
