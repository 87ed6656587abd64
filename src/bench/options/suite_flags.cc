// The flags that make many runs of one, judge them, and say where the result goes.
#include <array>

#include "flag_table.h"
#include "rules.h"
#include "texts.h"

namespace ringway::bench {
namespace {

using config::Complaint;
using config::Refusal;
using config::Value;
using Mode = Options::Mode;

// Level by level; without a value, the levels that the suite itself has.
Complaint set_levels(Draft& draft, const Value& value, Mode mode) {
    draft.options.mode = mode;
    if (value.text.empty() && mode != Mode::sweep) return {};
    auto levels = parse_levels(value.text);
    if (!levels) return levels.reason();
    draft.options.levels = std::move(*levels);
    return {};
}

Complaint set_throttle(Draft& draft, const Value& value) {
    auto throttle = parse_throttle(value.text);
    if (!throttle) return throttle.reason();
    draft.options.mode = Mode::throttle;
    draft.options.throttle = *throttle;
    return {};
}

Complaint set_regression(Draft& draft, const Value& value) {
    const auto share = parse_share(value.text);
    if (!share || *share > 10) return Refusal{"a share from 0% to 1000%", "as in 5% or 2.5%"};
    draft.options.regression_percent = *share * 100;
    return {};
}

Complaint set_file(std::string& where, const Value& value) {
    if (value.text.empty()) return Refusal{"the name of a file, or - for standard output", {}};
    where = value.text;
    return {};
}

constexpr std::string_view file_rule = "the name of a file, or - for standard output";

constexpr auto rows = std::to_array<BenchFlag>({
    {.name = "sweep",
     .group = FlagGroup::suites,
     .placeholder = "LEVELS",
     .rule = text_rule(levels_rule),
     .help = "one run at each level: connections=1,10,100 or rate=1000,2000",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) { return set_levels(draft, value, Mode::sweep); }},
    {.name = "find-knee",
     .group = FlagGroup::suites,
     .placeholder = "LEVELS",
     .rule = text_rule(levels_rule),
     .help = "finds the number of connections, or the rate, with the best throughput for its "
             "latency, and looks closer around it",
     .default_text = "",
     .value_optional = true,
     .set = [](Draft& draft, const Value& value) { return set_levels(draft, value, Mode::knee); }},
    {.name = "ramp",
     .group = FlagGroup::suites,
     .placeholder = "LEVELS",
     .rule = text_rule(levels_rule),
     .help = "progressive load, of connections or rates, which ends early when errors or latency "
             "explode; then advice that follows from what was measured",
     .default_text = "",
     .value_optional = true,
     .set = [](Draft& draft, const Value& value) { return set_levels(draft, value, Mode::ramp); }},
    {.name = "scaling",
     .group = FlagGroup::suites,
     .placeholder = "N",
     .rule = count_rule(1, 1024),
     .help = "starts ringway with 1 to N shards, each before the same origin, and reports how the "
             "rate grows; without N up to the number of cores",
     .default_text = "",
     .value_optional = true,
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.mode = Mode::scaling;
         draft.options.shards_max = static_cast<unsigned>(value.number);
         return {};
     }},
    {.name = "matrix",
     .group = FlagGroup::suites,
     .placeholder = "LISTS",
     .rule = text_rule(matrix_rule),
     .help = "every size with every number of connections; the size stands for {size} in the "
             "URL's path, otherwise for the length of the body that is sent, and for "
             "--message-size over tcp://",
     .default_text = "",
     .set =
         [](Draft& draft, const Value& value) {
             draft.options.mode = Mode::matrix;
             return parse_matrix(value.text, draft.options);
         }},
    {.name = "throttle",
     .group = FlagGroup::suites,
     .placeholder = "LINK",
     .rule = text_rule(throttle_rule),
     .help = "the same load over a slow link, which a built-in hop plays: "
             "rate=1MiB,delay=20ms,jitter=5ms,loss=0.1%,rto=200ms",
     .default_text = "",
     .set = set_throttle},
    {.name = "versus-direct",
     .group = FlagGroup::suites,
     .placeholder = "URL",
     .rule = text_rule("a URL of the origin itself"),
     .help = "alternates between the URL (a proxy) and this one (its origin), and reports what the "
             "proxy adds",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.versus_url = value.text;
         return {};
     }},
    {.name = "slice",
     .group = FlagGroup::suites,
     .placeholder = "D",
     .rule = duration_rule(base::Duration::milliseconds(10), one_hour),
     .help = "how long --versus-direct stays with one of the two",
     .default_text = "1s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.slice = value.duration;
         return {};
     }},
    {.name = "pause",
     .group = FlagGroup::suites,
     .placeholder = "D",
     .rule = duration_rule({}, one_hour),
     .help = "rest between two levels",
     .default_text = "0s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.pause = value.duration;
         return {};
     }},
    {.name = "rounds",
     .group = FlagGroup::suites,
     .placeholder = "N",
     .rule = count_rule(1, 1000),
     .help = "repeats the measurement, so that a comparison has intervals",
     .default_text = "1",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.rounds = static_cast<unsigned>(value.number);
         return {};
     }},
    {.name = "quick",
     .group = FlagGroup::suites,
     .placeholder = "",
     .rule = switch_rule,
     .help = "of baseline: shorter runs and fewer of them",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.quick = value.on;
         return {};
     }},

    {.name = "slo",
     .group = FlagGroup::verdicts,
     .placeholder = "FILE",
     .rule = text_rule("a TOML file, as docs/examples/slo.toml"),
     .help = "judges what was measured by the levels of the file; exit code 3 when a critical one "
             "is passed",
     .default_text = "",
     .set = [](Draft& draft,
               const Value& value) { return set_file(draft.options.slo_file, value); }},
    {.name = "regression",
     .group = FlagGroup::verdicts,
     .placeholder = "P%",
     .rule = text_rule("a share from 0% to 1000%"),
     .help = "of compare: how much worse is a regression, beyond the interval of the difference",
     .default_text = "5%",
     .set = set_regression},

    {.name = "json",
     .group = FlagGroup::output,
     .placeholder = "FILE",
     .rule = text_rule(file_rule),
     .help = "writes the report as JSON (docs/bench-report.schema.json)",
     .default_text = "",
     .set = [](Draft& draft,
               const Value& value) { return set_file(draft.options.json_file, value); }},
    {.name = "html",
     .group = FlagGroup::output,
     .placeholder = "FILE",
     .rule = text_rule(file_rule),
     .help = "writes the report as one page that needs nothing else",
     .default_text = "",
     .set = [](Draft& draft,
               const Value& value) { return set_file(draft.options.html_file, value); }},
    {.name = "csv",
     .group = FlagGroup::output,
     .placeholder = "FILE",
     .rule = text_rule(file_rule),
     .help = "writes one row per run",
     .default_text = "",
     .set = [](Draft& draft,
               const Value& value) { return set_file(draft.options.csv_file, value); }},
    {.name = "progress",
     .group = FlagGroup::output,
     .placeholder = "",
     .rule = switch_rule,
     .help = "shows on standard error how far it is",
     .default_text = "on when standard error is a terminal",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.progress = value.on;
         return {};
     }},
});

}  // namespace

std::span<const BenchFlag> suite_flags() { return rows; }

}  // namespace ringway::bench
