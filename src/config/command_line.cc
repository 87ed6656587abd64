// The command line as one Layer. Owns the only use of CLI11, which splits it; what values mean is
// for the option tables, so that every message is ringway's own.
#include "command_line.h"

#include <algorithm>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ringway/config/suggest.h"

namespace ringway::config {
namespace {

struct Declared {
    const Flag* flag = nullptr;
    const CLI::Option* option = nullptr;
};

// Every flag as a CLI11 option whose values are kept as they stand, in the order given. A switch
// yields "true" for --NAME, "false" for --no-NAME, and what follows in --NAME=on.
std::vector<Declared> declare(CLI::App& app) {
    std::vector<Declared> declared;
    for (const Flag& flag : all_flags()) {
        CLI::Option* option = flag.is_switch()
                                  ? app.add_flag(fmt::format("--{0},!--no-{0}", flag.name))
                                  : app.add_option(fmt::format("--{}", flag.name),
                                                   [](const CLI::results_t&) { return true; })
                                        ->expected(1);
        option->take_all();
        declared.push_back({&flag, option});
    }
    return declared;
}

Problem unknown_argument(const std::string& argument) {
    const std::string bare = argument.substr(0, argument.find('='));
    if (!argument.starts_with('-')) {
        return refusal_line("argument", argument,
                            {"only flags may follow here", "ringway --help lists them"});
    }
    const std::vector<std::string> spellings = flag_spellings();
    const std::vector<std::string_view> known(spellings.begin(), spellings.end());
    std::string hint = did_you_mean(bare, known);
    if (hint.empty()) hint = "ringway --help lists them";
    return refusal_line(printable(bare), {"no flag has this name", std::move(hint)});
}

}  // namespace

Checked<CommandLine, Problem> read_command_line(std::span<const std::string> arguments) {
    CommandLine line;
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    const CLI::Option* help = app.add_flag("-h,--help");
    const std::vector<Declared> declared = declare(app);
    try {
        // CLI11 takes them last one first.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ArgumentMismatch& mismatch) {
        // "--shards: 1 required ..." names the flag up to its colon or blank.
        const std::string what = mismatch.what();
        const std::string name = what.substr(0, what.find_first_of(": "));
        return refusal_line(name, {"a value is missing after it", {}});
    } catch (const CLI::ParseError& error) {
        return refusal_line("command line", {error.what(), "ringway --help"});
    }
    line.help_asked = help->count() > 0;
    if (line.help_asked) return line;
    const auto extras = app.remaining();
    if (!extras.empty()) return unknown_argument(extras.front());
    for (const Declared& each : declared) {
        const std::string where = fmt::format("--{}", each.flag->name);
        for (const std::string& text : each.option->results()) {
            if (each.flag->scope == Flag::Scope::file) {
                line.config_path = Raw{text, where};
            } else if (auto complaint = line.layer.add(*each.flag, {text, where})) {
                return refusal_line(where, text, *complaint);
            }
        }
    }
    return line;
}

}  // namespace ringway::config
