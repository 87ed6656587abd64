#include "ringway/config/flags.h"

#include <fmt/format.h>

#include "fields.h"

namespace ringway::config {
namespace {

template <typename Object>
std::string default_of(const OptionRow<Object>& row) {
    return row.default_text.empty() ? row.show(Object{}) : std::string{row.default_text};
}

// The parts of a row that a flag takes over as they are.
template <typename Object>
Flag flag_from(const OptionRow<Object>& row, Flag::Scope scope) {
    return {.name = row.name,
            .group = row.group,
            .scope = scope,
            .placeholder = row.placeholder,
            .rule = row.rule,
            .help = row.help,
            .hint = row.hint,
            .default_text = default_of(row),
            .repeat = row.repeat,
            .fixed = row.fixed};
}

// Reaches the object of a Draft that a row is about.
template <typename Object, typename Reach>
void add_rows(std::vector<Flag>& flags, std::span<const OptionRow<Object>> rows, Flag::Scope scope,
              Reach reach) {
    for (const auto& row : rows) {
        Flag flag = flag_from(row, scope);
        flag.apply = [&row, reach](Draft& draft, std::string_view text) {
            return apply(row, reach(draft), text);
        };
        flag.show = [&row, reach](const Draft& draft) {
            Draft copy = draft;
            return row.show(reach(copy));
        };
        flags.push_back(std::move(flag));
    }
}

// One row, two objects: the sockets of clients and those of endpoints.
void add_socket_rows(std::vector<Flag>& flags) {
    for (const auto& row : socket_options()) {
        Flag flag = flag_from(row, Flag::Scope::socket);
        flag.apply = [&row](Draft& draft, std::string_view text) {
            auto complaint = apply(row, draft.listener.socket, text);
            return complaint ? complaint : apply(row, draft.upstream.socket, text);
        };
        flag.show = [&row](const Draft& draft) { return row.show(draft.listener.socket); };
        flags.push_back(std::move(flag));
    }
}

void add_object_flags(std::vector<Flag>& flags) {
    flags.push_back({.name = "listen",
                     .scope = Flag::Scope::object,
                     .placeholder = "[NAME=]URL",
                     .rule = text_rule("[NAME=]URL, which is http://HOST:PORT, tcp://HOST:PORT, "
                                       "http+unix:/PATH or tcp+unix:/PATH, with options as "
                                       "?KEY=VALUE&KEY=VALUE"),
                     .help = "Accept connections there; port 0 lets the kernel choose",
                     .default_text = "none: one is needed",
                     .repeat = true});
    flags.push_back({.name = "upstream",
                     .scope = Flag::Scope::object,
                     .placeholder = "[NAME=]URL[,URL...]",
                     .rule = text_rule("[NAME=]URL[,URL...], each as --listen takes it, all http "
                                       "or all tcp"),
                     .help = "Where connections or requests go; several URLs are endpoints of one "
                             "upstream",
                     .default_text = "none: one is needed",
                     .repeat = true});
    flags.push_back({.name = "route",
                     .scope = Flag::Scope::object,
                     .placeholder = "'CONDITIONS => UPSTREAM'",
                     .rule = text_rule("CONDITIONS => UPSTREAM, redirect:STATUS:LOCATION or "
                                       "reply:STATUS:TEXT, with options as ?KEY=VALUE&KEY=VALUE"),
                     .help = "Where requests go, or a listener's connections, most specific first: "
                             "any of listener=NAME host=HOST path=/PATH/* method=METHOD "
                             "header=NAME:VALUE, or none for all others; not needed with one "
                             "upstream, nor where a listener and an upstream bear the same NAME",
                     .default_text = "by name",
                     .repeat = true});
    flags.push_back(
        {.name = "config",
         .scope = Flag::Scope::file,
         .placeholder = "FILE",
         .rule = text_rule("a TOML file"),
         .help = "Read settings from this TOML file; flags and environment go before it",
         .default_text = "none"});
}

std::vector<Flag> make_flags() {
    std::vector<Flag> flags;
    add_object_flags(flags);
    add_rows(flags, process_options(), Flag::Scope::process,
             [](Draft& draft) -> Settings& { return draft.settings; });
    add_rows(flags, listener_options(), Flag::Scope::listener,
             [](Draft& draft) -> Listener& { return draft.listener; });
    add_rows(flags, upstream_options(), Flag::Scope::upstream,
             [](Draft& draft) -> Upstream& { return draft.upstream; });
    add_rows(flags, http_upstream_options(), Flag::Scope::http_upstream,
             [](Draft& draft) -> Upstream& { return draft.upstream; });
    add_rows(flags, pool_options(), Flag::Scope::http_upstream,
             [](Draft& draft) -> PoolSettings& { return draft.upstream.pool; });
    add_socket_rows(flags);
    std::vector<Flag> sorted;
    for (std::size_t group = 0; group < group_count; ++group) {
        for (const Flag& flag : flags) {
            if (static_cast<std::size_t>(flag.group) == group) sorted.push_back(flag);
        }
    }
    return sorted;
}

}  // namespace

std::string Flag::environment_name() const {
    std::string out = "RINGWAY_";
    for (const char c : name) {
        out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return out;
}

std::string Flag::usage() const {
    return is_switch() ? fmt::format("--[no-]{}", name) : fmt::format("--{} {}", name, placeholder);
}

const std::vector<Flag>& all_flags() {
    static const std::vector<Flag> flags = make_flags();
    return flags;
}

const Flag* find_flag(std::string_view name) {
    for (const Flag& flag : all_flags()) {
        if (flag.name == name) return &flag;
    }
    return nullptr;
}

std::vector<std::string> flag_spellings() {
    std::vector<std::string> out{"--help"};
    for (const Flag& flag : all_flags()) {
        out.push_back(fmt::format("--{}", flag.name));
        if (flag.is_switch()) out.push_back(fmt::format("--no-{}", flag.name));
    }
    return out;
}

}  // namespace ringway::config
