#include "help.h"

#include <fmt/format.h>

#include "flag_table.h"
#include "ringway/bench/command.h"
#include "ringway/config/render.h"
#include "ringway/config/value.h"

namespace ringway::bench {
namespace {

constexpr std::string_view intro = R"(usage: ringway bench URL [URL...] [FLAGS]
       ringway bench baseline [URL] [--quick] [FLAGS] [-- FLAGS OF RINGWAY]
       ringway bench compare A.json B.json [--regression 5%]

Makes load, measures what comes back, and says what follows from it.

URLs are http://HOST[:PORT][/PATH], tcp://HOST:PORT, http+unix:/SOCKET[:/PATH] and
tcp+unix:/SOCKET. Several URLs of one host share the load, 3@URL three times as much as one
without a weight. Times are written 250us, 5ms, 30s, 5m; sizes 4096, 64KiB, 1GiB.

Examples
  ringway bench http://127.0.0.1:8080/
      64 connections, each asking as soon as it has its answer, for 10 s
  ringway bench http://127.0.0.1:8080/ --rate 5000 --duration 30s --watch PID
      5,000 requests a second on schedule; waiting counts as latency
  ringway bench http://127.0.0.1:8080/ --sweep connections=1,10,50,100,200,500 --html sweep.html
  ringway bench http://127.0.0.1:8080/ --versus-direct http://127.0.0.1:9000/
      what the proxy adds, at each percentile
  ringway bench http://127.0.0.1:8080/events --events --stamped --connections 1000
  ringway bench http://127.0.0.1:8080/ --rounds 5 --json before.json --slo docs/examples/slo.toml
  ringway bench tcp://127.0.0.1:6379 --work ping-pong --message-size 1KiB
  ringway bench 'http://127.0.0.1:8080/bytes/{size}' --matrix 'sizes=1KiB,64KiB;connections=1,64'
)";

constexpr std::string_view closing = R"(
Exit codes: 0 done; 1 the machine or the target refused; 2 the arguments are wrong; 3 an SLO was
breached, or a comparison found a regression; 4 done, but with errors in the answers or without
any.
INT and TERM end a run early and print what was measured; a second one ends at once.
docs/BENCH.md says how to measure honestly and how to read the table.
)";

std::string facts_of(const BenchFlag& flag) {
    std::string facts;
    const auto add = [&](std::string_view fact) {
        if (!facts.empty()) facts += "; ";
        facts += fact;
    };
    if (!flag.default_text.empty()) add(fmt::format("default: {}", flag.default_text));
    if (!flag.is_switch()) add(config::range_text(flag.rule));
    if (flag.repeat) add("may be repeated");
    while (facts.ends_with("; ")) facts.resize(facts.size() - 2);
    return facts;
}

// Table cells: a bar would end them.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

template <typename Each>
void for_each_of(FlagGroup group, Each each) {
    for (const BenchFlag* flag : all_bench_flags()) {
        if (flag->group == group) each(*flag);
    }
}

}  // namespace

std::string bench_help_text() {
    std::string out{intro};
    for (std::size_t i = 0; i < flag_group_count; ++i) {
        const auto group = static_cast<FlagGroup>(i);
        out += fmt::format("\n{}:\n", title_of(group));
        for_each_of(group, [&](const BenchFlag& flag) {
            const std::string facts = facts_of(flag);
            const std::string text =
                facts.empty() ? std::string{flag.help} : fmt::format("{} ({})", flag.help, facts);
            out += fmt::format("  {}\n{}", flag.usage(), config::wrapped(text, 8, 88));
        });
    }
    return out + std::string{closing};
}

std::string markdown_reference() {
    std::string out;
    for (std::size_t i = 0; i < flag_group_count; ++i) {
        const auto group = static_cast<FlagGroup>(i);
        out += fmt::format("{}### {}\n\n| flag | default | range | meaning |\n|---|---|---|---|\n",
                           i == 0 ? "" : "\n", title_of(group));
        for_each_of(group, [&](const BenchFlag& flag) {
            const std::string range = flag.rule.kind == config::ValueKind::text
                                          ? std::string{flag.rule.description}
                                          : config::range_text(flag.rule);
            out += fmt::format("| `{}` | {} | {} | {}{} |\n", cell(flag.usage()),
                               cell(flag.default_text), flag.is_switch() ? "" : cell(range),
                               cell(flag.help), flag.repeat ? "; may be repeated" : "");
        });
    }
    return out;
}

}  // namespace ringway::bench
