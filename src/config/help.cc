// --help and the generated part of docs/OPERATIONS.md.
#include <fmt/format.h>

#include "ringway/config/flags.h"
#include "ringway/config/render.h"

namespace ringway::config {
namespace {

std::string facts_of(const Flag& flag) {
    std::string facts = fmt::format("default: {}", flag.default_text);
    const std::string range = range_text(flag.rule);
    if (!range.empty() && !flag.is_switch()) facts += fmt::format("; {}", range);
    if (flag.repeat) facts += "; may be repeated";
    return facts;
}

std::string_view scope_text(Flag::Scope scope) {
    switch (scope) {
        case Flag::Scope::listener: return "each listener";
        case Flag::Scope::upstream: return "each upstream";
        case Flag::Scope::http_upstream: return "each HTTP upstream";
        case Flag::Scope::socket: return "each listener and upstream";
        case Flag::Scope::process:
        case Flag::Scope::object:
        case Flag::Scope::file: return "";
    }
    return "";
}

constexpr std::string_view intro = R"(usage: ringway [serve] --listen URL --upstream URL [FLAGS]

ringway takes HTTP requests and TCP connections and passes them to upstreams, on every core.

  ringway --listen http://0.0.0.0:8080 --upstream http://10.0.0.5:9000,http://10.0.0.6:9000
  ringway --listen tcp://0.0.0.0:6379 --upstream tcp://10.0.0.5:6379

URLs are http://HOST[:PORT] (port 80 if none is given), tcp://HOST:PORT, http+unix:/PATH and
tcp+unix:/PATH, with [IPV6] in brackets; options of one object follow as ?KEY=VALUE&KEY=VALUE.
Every flag has a twin in the environment (RINGWAY_IDLE_TIMEOUT) and in the TOML file
(idle-timeout). A flag goes before the environment, the environment before the file. Times are
written 250ms, 30s, 5m, 1h; sizes 4096, 64KiB, 1GiB.
)";

constexpr std::string_view closing = R"(
Other commands: demo, check, doctor, mock, ctl; --version, -V.
)";

template <typename Object>
void add_object_rows(std::string& out, std::span<const OptionRow<Object>> rows) {
    for (const auto& row : rows) {
        const std::string fallback =
            row.default_text.empty() ? row.show(Object{}) : std::string{row.default_text};
        const std::string usage = row.placeholder.empty()
                                      ? std::string{row.name}
                                      : fmt::format("{}={}", row.name, row.placeholder);
        out += fmt::format("  {}\n{}", usage,
                           wrapped(fmt::format("{} (default: {})", row.help, fallback), 8, 88));
    }
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

std::string code(std::string_view text) {
    return text.empty() ? std::string{} : fmt::format("`{}`", text);
}

constexpr std::string_view option_head =
    "| option | default | range | meaning |\n|---|---|---|---|\n";

template <typename Object>
std::string option_table(std::span<const OptionRow<Object>> rows) {
    std::string out;
    for (const auto& row : rows) {
        const std::string fallback =
            row.default_text.empty() ? row.show(Object{}) : std::string{row.default_text};
        const std::string range = row.rule.kind == ValueKind::text
                                      ? std::string{row.rule.description}
                                      : range_text(row.rule);
        out += fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(fallback), cell(range),
                           cell(row.help));
    }
    return out;
}

std::string flag_table(Group group) {
    std::string out =
        "| flag | environment | key in the file | default | range | meaning |\n"
        "|---|---|---|---|---|---|\n";
    for (const Flag& flag : all_flags()) {
        if (flag.group != group) continue;
        const std::string range = flag.rule.kind == ValueKind::text
                                      ? std::string{flag.rule.description}
                                      : range_text(flag.rule);
        std::string meaning{flag.help};
        if (!scope_text(flag.scope).empty()) {
            meaning += fmt::format(" (also an option of {})", scope_text(flag.scope));
        }
        if (flag.repeat) meaning += "; may be repeated";
        if (flag.fixed) meaning += "; a reload that changes it is refused";
        out += fmt::format("| {} | `{}` | {} | {} | {} | {} |\n", cell(code(flag.usage())),
                           flag.environment_name(),
                           flag.scope == Flag::Scope::file ? "" : code(flag.name),
                           cell(flag.default_text), cell(range), cell(meaning));
    }
    return out;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string out;
    std::string line;
    const auto end_line = [&] {
        out += fmt::format("{:{}}{}\n", "", indent, line);
        line.clear();
    };
    while (!text.empty()) {
        const std::size_t blank = text.find(' ');
        const std::string_view word = text.substr(0, blank);
        if (!line.empty() && line.size() + 1 + word.size() > width) end_line();
        if (!line.empty()) line += ' ';
        line += word;
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    }
    if (!line.empty()) end_line();
    return out;
}

std::string help_text(std::string_view command) {
    std::string out{intro};
    if (command == "check") {
        out +=
            "\nringway check takes the flags of serve, prints the effective settings and starts "
            "nothing.\nIt exits 0, 1 (a file cannot be read) or 2 (a setting is wrong).\n";
    }
    if (command == "demo") {
        out +=
            "\nringway demo takes the flags of serve, and brings listeners and an origin of its "
            "own.\n";
    }
    for (std::size_t group = 0; group < group_count; ++group) {
        out += fmt::format("\n{}:\n", title_of(static_cast<Group>(group)));
        for (const Flag& flag : all_flags()) {
            if (static_cast<std::size_t>(flag.group) != group) continue;
            std::string text = fmt::format("{} ({})", flag.help, facts_of(flag));
            if (!scope_text(flag.scope).empty()) {
                text += fmt::format(" [also per object: {}]", scope_text(flag.scope));
            }
            out += fmt::format("  {}\n{}", flag.usage(), wrapped(text, 8, 88));
        }
    }
    out += "\nOptions of one endpoint (?KEY=VALUE after its URL):\n";
    add_object_rows(out, endpoint_options());
    out += "\nOptions of one route (?KEY=VALUE after its upstream):\n";
    add_object_rows(out, route_options());
    out += "\nParts of --health-check:\n";
    add_object_rows(out, health_options());
    return out + std::string{closing};
}

std::string markdown_reference() {
    std::string out;
    for (std::size_t group = 0; group < group_count; ++group) {
        out += fmt::format("### {}\n\n{}\n", title_of(static_cast<Group>(group)),
                           flag_table(static_cast<Group>(group)));
    }
    out += fmt::format("### Options of an endpoint\n\n{}{}", option_head,
                       option_table(endpoint_options()));
    out += fmt::format(
        "\n### Keys of a route\n\nOf `[[route]]` tables. In a `--route` the conditions stand "
        "before "
        "the arrow, and the others\nfollow the upstream as a query; see [ROUTING.md](ROUTING.md)."
        "\n\n{}{}{}",
        option_head, option_table(route_conditions()), option_table(route_options()));
    out += fmt::format("\n### Parts of a health check\n\n{}{}", option_head,
                       option_table(health_options()));
    return out;
}

}  // namespace ringway::config
