// --route: "CONDITIONS => UPSTREAM?OPTIONS", taken apart into the keys that a [[route]] has.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "layer.h"
#include "ringway/config/suggest.h"
#include "ringway/config/units.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

constexpr std::string_view shape_rule =
    "a route is CONDITIONS => UPSTREAM, with any of listener=, host=, path=, method= and header= "
    "before the arrow";
constexpr std::string_view shape_hint = "host=api.example.com path=/v1/* => api";

Refusal wrong_shape() { return {std::string{shape_rule}, std::string{shape_hint}}; }

struct Word {
    std::string_view text;
    std::size_t begin = 0;
    std::size_t end() const { return begin + text.size(); }
    bool is_arrow() const { return text == "=>"; }
    std::string_view key() const { return text.substr(0, text.find('=')); }
};

std::vector<Word> words_of(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    std::vector<Word> words;
    for (std::size_t at = 0;;) {
        const std::size_t begin = text.find_first_not_of(blanks, at);
        if (begin == std::string_view::npos) return words;
        const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
        words.push_back({text.substr(begin, end - begin), begin});
        at = end;
    }
}

bool looks_like_condition(const Word& word) {
    if (word.key().size() == word.text.size()) return false;
    return find_option(route_conditions(), word.key()) != nullptr || word.key() == "sni";
}

Refusal no_condition(std::string_view word, std::string_view key) {
    if (key == "sni" && key != word) {
        return {"the condition sni= is not in this release, which has no TLS", {}};
    }
    std::vector<std::string_view> names;
    for (const auto& row : route_conditions()) names.push_back(row.name);
    std::string hint = did_you_mean(key, names);
    if (hint.empty()) hint = shape_hint;
    return {fmt::format("\"{}\" is not a condition: listener=, host=, path=, method= and header= "
                        "are",
                        printable(key)),
            std::move(hint)};
}

// One route's worth of text, and what becomes of it.
struct RouteText {
    std::span<const Word> conditions;
    std::string_view target;
};

class RouteReader {
  public:
    explicit RouteReader(std::string_view where) { route_.where = where; }

    Checked<RawRoute> read(const RouteText& text) {
        for (const Word& word : text.conditions) {
            if (auto complaint = add_condition(word)) return *complaint;
        }
        if (auto complaint = add_target(text.target)) return *complaint;
        return std::move(route_);
    }

  private:
    void add(std::string_view key, std::string value) {
        route_.options.push_back(
            {std::string{key},
             {std::move(value), fmt::format("{}: {}", route_.where, printable(key))}});
    }

    Complaint add_condition(const Word& word) {
        if (!looks_like_condition(word) || word.key() == "sni") {
            return no_condition(word.text, word.key());
        }
        std::string value{word.text.substr(word.key().size() + 1)};
        if (word.key() == "header") {
            auto decoded = percent_decoded(value);  // the only condition that may need a blank
            if (!decoded) return Refusal{std::string{percent_rule}, "%25 is a % itself"};
            value = std::move(*decoded);
        }
        add(word.key(), std::move(value));
        return {};
    }

    Complaint add_target(std::string_view target) {
        for (const std::string_view kind : {"redirect", "reply"}) {
            if (target.starts_with(kind) && target.substr(kind.size()).starts_with(':')) {
                return add_answer(kind, target.substr(kind.size() + 1));
            }
        }
        const std::size_t question = target.find('?');
        const std::string_view name = target.substr(0, question);
        const std::size_t blank = name.find_first_of(" \t\r\n");
        if (blank != std::string_view::npos) {
            const auto more = words_of(name.substr(blank));
            if (!more.empty()) return no_condition(more.front().text, more.front().key());
        }
        add("upstream", std::string{name});
        return question == std::string_view::npos ? Complaint{}
                                                  : add_options(target.substr(question + 1));
    }

    // "301:https://{host}{path}{query}", "503:Back soon.": then options, where a '?' stands before
    // the name of one.
    Complaint add_answer(std::string_view kind, std::string_view text) {
        const std::size_t colon = text.find(':');
        const std::string_view status = text.substr(0, colon);
        if (!parse_count(status) || colon == std::string_view::npos) {
            return Refusal{fmt::format("a status stands after {}:", kind),
                           kind == "reply" ? "reply:503:Back soon."
                                           : "redirect:301:https://{host}{path}{query}"};
        }
        add("status", std::string{status});
        text.remove_prefix(colon + 1);
        const std::size_t question = options_at(text);
        add(kind, std::string{text.substr(0, question)});
        return question == std::string_view::npos ? Complaint{}
                                                  : add_options(text.substr(question + 1));
    }

    static std::size_t options_at(std::string_view text) {
        for (std::size_t at = text.find('?'); at != std::string_view::npos;
             at = text.find('?', at + 1)) {
            const std::string_view rest = text.substr(at + 1);
            const std::size_t equals = rest.find('=');
            if (equals != std::string_view::npos &&
                find_option(route_options(), rest.substr(0, equals)) != nullptr) {
                return at;
            }
        }
        return std::string_view::npos;
    }

    Complaint add_options(std::string_view query) {
        auto options = parse_query(query);
        if (!options) return options.reason();
        for (UrlOption& option : *options) {
            if (option.key == "host") option.key = "upstream-host";
            if (find_option(route_conditions(), option.key) != nullptr) {
                return Refusal{
                    fmt::format("{}= is a condition, which stands before the arrow", option.key),
                    {}};
            }
            add(option.key, std::move(option.value));
        }
        return {};
    }

    RawRoute route_;
};

// Where each route begins: what looks like a condition before an arrow is that arrow's, except for
// the word that the arrow before it leads to.
std::optional<std::vector<RouteText>> split(std::string_view text, std::span<const Word> words) {
    std::vector<RouteText> routes;
    std::size_t first = 0;  // the first word of the route
    while (first < words.size()) {
        std::size_t arrow = first;
        while (arrow < words.size() && !words[arrow].is_arrow()) ++arrow;
        if (arrow + 1 >= words.size()) return std::nullopt;
        std::size_t next_arrow = arrow + 1;
        while (next_arrow < words.size() && !words[next_arrow].is_arrow()) ++next_arrow;
        std::size_t next = next_arrow;
        if (next_arrow < words.size()) {
            while (next > arrow + 2 && looks_like_condition(words[next - 1])) --next;
        }
        if (next == arrow + 1) return std::nullopt;
        const std::size_t begin = words[arrow + 1].begin;
        routes.push_back({words.subspan(first, arrow - first),
                          text.substr(begin, words[next - 1].end() - begin)});
        first = next;
    }
    return routes;
}

}  // namespace

Checked<std::vector<RawRoute>> parse_routes(std::string_view text, std::string_view where) {
    const std::vector<Word> words = words_of(text);
    const auto texts = split(text, words);
    if (!texts || texts->empty()) return wrong_shape();
    std::vector<RawRoute> routes;
    for (const RouteText& each : *texts) {
        auto route = RouteReader(where).read(each);
        if (!route) return route.reason();
        routes.push_back(std::move(*route));
    }
    return routes;
}

}  // namespace ringway::config
