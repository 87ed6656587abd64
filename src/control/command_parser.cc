#include "command_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/core.h>

namespace ringway::control {
namespace {

using upstream::AdminState;

constexpr std::size_t words_max = 16;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::vector<std::string_view> split_words(std::string_view line) {
    std::vector<std::string_view> words;
    std::size_t at = 0;
    while (at < line.size()) {
        while (at < line.size() && is_space(line[at])) ++at;
        const std::size_t begin = at;
        while (at < line.size() && !is_space(line[at])) ++at;
        if (at > begin) words.push_back(line.substr(begin, at - begin));
    }
    return words;
}

// The flags that may stand anywhere behind the first word.
struct Flags {
    bool json = false;
    bool per_shard = false;
};

std::optional<AdminState> state_named(std::string_view word) {
    for (const AdminState state : {AdminState::ready, AdminState::drain, AdminState::down}) {
        if (word == name_of(state)) return state;
    }
    return std::nullopt;
}

std::optional<config::LogLevel> level_named(std::string_view word) {
    using config::LogLevel;
    for (const LogLevel level :
         {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
        if (word == name_of(level)) return level;
    }
    return std::nullopt;
}

using Parsed = std::variant<Request, Refusal>;
using Words = std::vector<std::string_view>;

Refusal refuse(std::string sentence) { return Refusal{std::move(sentence)}; }

Parsed parse_connections(Request request, const Words& words) {
    request.verb = Verb::connections;
    if (words.size() == 1) return request;
    if (words.size() > 2) return refuse("usage: connections [N] [--json]");
    const std::string_view text = words[1];
    std::size_t rows = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), rows);
    const bool whole = failure == std::errc{} && end == text.data() + text.size();
    if (!whole || rows > connection_rows_max) {
        return refuse(fmt::format("connections takes a number of rows from 0 to {}, not '{}'",
                                  connection_rows_max, shown(text)));
    }
    request.rows_max = rows;
    return request;
}

Parsed parse_set_upstream(Request request, const Words& words) {
    if (words.size() != 5 || words[3] != "state") {
        return refuse("usage: set upstream NAME/ENDPOINT state ready|drain|down");
    }
    const auto state = state_named(words[4]);
    if (!state) {
        return refuse(fmt::format("a state is ready, drain or down, not '{}'", shown(words[4])));
    }
    request.verb = Verb::set_endpoint;
    request.target = std::string(words[2]);
    request.state = *state;
    return request;
}

Parsed parse_set(Request request, const Words& words) {
    if (words.size() > 1 && words[1] == "upstream") return parse_set_upstream(request, words);
    if (words.size() > 1 && words[1] == "log-level") {
        if (words.size() != 3) return refuse("usage: set log-level error|warn|info|debug");
        const auto level = level_named(words[2]);
        if (!level) {
            return refuse(fmt::format("a log level is error, warn, info or debug, not '{}'",
                                      shown(words[2])));
        }
        request.verb = Verb::set_log_level;
        request.level = *level;
        return request;
    }
    return refuse(
        "what can be set: 'set upstream NAME/ENDPOINT state ready|drain|down' and 'set log-level "
        "error|warn|info|debug'");
}

struct PlainVerb {
    std::string_view word;
    Verb verb;
};
constexpr std::array plain_verbs = {
    PlainVerb{"info", Verb::info},           PlainVerb{"stats", Verb::stats},
    PlainVerb{"upstreams", Verb::upstreams}, PlainVerb{"settings", Verb::settings},
    PlainVerb{"config", Verb::settings},     PlainVerb{"drain", Verb::drain},
    PlainVerb{"reload", Verb::reload},       PlainVerb{"help", Verb::help},
    PlainVerb{"quit", Verb::quit},           PlainVerb{"exit", Verb::quit},
};

bool takes_json(Verb verb) {
    switch (verb) {
        case Verb::info:
        case Verb::stats:
        case Verb::connections:
        case Verb::upstreams:
        case Verb::settings: return true;
        case Verb::set_endpoint:
        case Verb::set_log_level:
        case Verb::reset_peaks:
        case Verb::drain:
        case Verb::reload:
        case Verb::help:
        case Verb::quit: return false;
    }
    return false;
}

Parsed parse_words(const Words& words) {
    const std::string_view first = words.front();
    if (first == "connections") return parse_connections({}, words);
    if (first == "set") return parse_set({}, words);
    if (first == "reset") {
        if (words.size() != 2 || words[1] != "peaks") return refuse("usage: reset peaks");
        Request request;
        request.verb = Verb::reset_peaks;
        return request;
    }
    for (const PlainVerb& plain : plain_verbs) {
        if (first != plain.word) continue;
        if (words.size() > 1) {
            return refuse(fmt::format("{} takes no '{}'", first, shown(words[1])));
        }
        Request request;
        request.verb = plain.verb;
        return request;
    }
    return refuse(fmt::format("unknown command '{}'; 'help' lists them", shown(first)));
}

}  // namespace

std::variant<Request, Refusal> parse_command(std::string_view line) {
    if (line.size() > command_bytes_max) {
        return refuse(fmt::format("a command has at most {} bytes", command_bytes_max));
    }
    if (line.find('\0') != std::string_view::npos) return refuse("a command holds no NUL bytes");
    Words words;
    Flags flags;
    for (const std::string_view word : split_words(line)) {
        if (word == "--json") {
            flags.json = true;
        } else if (word == "--per-shard") {
            flags.per_shard = true;
        } else if (word.starts_with("--")) {
            return refuse(
                fmt::format("unknown flag '{}'; there are --json and --per-shard", shown(word)));
        } else {
            words.push_back(word);
        }
        if (words.size() > words_max) return refuse("too many words");
    }
    if (words.empty()) return refuse("no command; 'help' lists them");
    auto parsed = parse_words(words);
    if (auto* request = std::get_if<Request>(&parsed)) {
        if (flags.json && !takes_json(request->verb)) {
            return refuse(fmt::format("{} has no --json form", shown(words.front())));
        }
        if (flags.per_shard && request->verb != Verb::stats) {
            return refuse("--per-shard belongs to stats");
        }
        request->json = flags.json;
        request->per_shard = flags.per_shard;
    }
    return parsed;
}

std::string_view help_text() {
    return "info [--json]                     version, process, shards, listeners with their "
           "ports\n"
           "stats [--per-shard] [--json]      counters and latencies, merged or by shard\n"
           "connections [N] [--json]          the live connections, at most N rows (default 100)\n"
           "upstreams [--json]                every endpoint with its state and counters\n"
           "settings [--json]                 the settings in effect (also: config)\n"
           "set upstream NAME/ENDPOINT state ready|drain|down\n"
           "                                  how an endpoint may be used; NAME alone means all\n"
           "set log-level error|warn|info|debug\n"
           "reset peaks                       forget the peaks of the current window\n"
           "drain                             stop accepting, exit when every connection has "
           "ended\n"
           "reload                            read flags, environment and file again\n"
           "help                              this text\n"
           "quit                              close this control connection\n";
}

std::string_view name_of(AdminState state) {
    switch (state) {
        case AdminState::ready: return "ready";
        case AdminState::drain: return "drain";
        case AdminState::down: return "down";
    }
    return "unknown";
}

std::string_view name_of(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::error: return "error";
        case config::LogLevel::warn: return "warn";
        case config::LogLevel::info: return "info";
        case config::LogLevel::debug: return "debug";
    }
    return "unknown";
}

std::string shown(std::string_view text) {
    constexpr std::size_t shown_max = 60;
    std::string out(text.substr(0, shown_max));
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    if (text.size() > shown_max) out += "...";
    return out;
}

}  // namespace ringway::control
