// Every flag of `ringway bench`: its name, rule, default, words, and what it sets.
//
// A row is the only place that knows these; the command line, --help and the reference in
// docs/BENCH.md read it. What several flags mean together is for contradictions.h to judge.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../options.h"
#include "ringway/config/value.h"

namespace ringway::bench {

enum class FlagGroup : std::uint8_t {
    load,
    requests,
    streams,
    generator,
    checks,
    suites,
    verdicts,
    output,
};
inline constexpr std::size_t flag_group_count = static_cast<std::size_t>(FlagGroup::output) + 1;
std::string_view title_of(FlagGroup group);

struct Draft;

struct BenchFlag {
    std::string_view name;
    FlagGroup group = FlagGroup::load;
    std::string_view placeholder;  // "N", "D"; empty for switches
    config::ValueRule rule;
    std::string_view help;          // one sentence without its full stop
    std::string_view default_text;  // empty: there is none
    bool repeat = false;
    bool value_optional = false;
    config::Complaint (*set)(Draft&, const config::Value&) = nullptr;

    bool is_switch() const { return rule.kind == config::ValueKind::toggle; }
    bool is_negatable() const { return is_switch() && default_text != "off"; }
    std::string usage() const;  // "--rate N", "--[no-]progress", "--scaling [N]"
};

// One flag of the command line.
struct GivenFlag {
    const BenchFlag* flag = nullptr;
    std::string text;   // its value; "on" and "off" of a switch
    std::string where;  // as it was written: "--rate", "--no-pin"
};

// What flags fill in before it is known what they mean together.
struct Draft {
    Options options;
    std::vector<std::string> urls;
    std::vector<GivenFlag> given;
    std::string method;
    std::vector<HeaderField> fields;
    std::string body;
    std::string body_file;
    std::string replay_file;
    ReplayPlan replay;
    bool replay_once = false;
    std::string versus_url;

    // The flag as it was written, or none; what only says its default again counts as not given.
    const GivenFlag* find(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }
};

// Rows of the same group stand together, in the order in which people read them.
std::span<const BenchFlag> load_flags();
std::span<const BenchFlag> suite_flags();
std::vector<const BenchFlag*> all_bench_flags();

}  // namespace ringway::bench
