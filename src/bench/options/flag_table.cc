#include "flag_table.h"

#include <fmt/format.h>

namespace ringway::bench {

std::string_view title_of(FlagGroup group) {
    switch (group) {
        case FlagGroup::load: return "Load";
        case FlagGroup::requests: return "Requests";
        case FlagGroup::streams: return "Event streams and TCP";
        case FlagGroup::generator: return "The generator itself";
        case FlagGroup::checks: return "What is a right answer";
        case FlagGroup::suites: return "Suites";
        case FlagGroup::verdicts: return "Verdicts";
        case FlagGroup::output: return "Output";
    }
    return "";
}

std::string BenchFlag::usage() const {
    if (is_switch()) return fmt::format("--{}{}", is_negatable() ? "[no-]" : "", name);
    return value_optional ? fmt::format("--{} [{}]", name, placeholder)
                          : fmt::format("--{} {}", name, placeholder);
}

const GivenFlag* Draft::find(std::string_view name) const {
    for (const GivenFlag& each : given) {
        if (each.flag->name != name) continue;
        const std::string_view fallback = each.flag->default_text;
        return !fallback.empty() && each.text == fallback ? nullptr : &each;
    }
    return nullptr;
}

std::vector<const BenchFlag*> all_bench_flags() {
    std::vector<const BenchFlag*> flags;
    for (const BenchFlag& flag : load_flags()) flags.push_back(&flag);
    for (const BenchFlag& flag : suite_flags()) flags.push_back(&flag);
    return flags;
}

}  // namespace ringway::bench
