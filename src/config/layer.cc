#include "layer.h"

#include <fmt/format.h>

#include "ringway/base/utf8.h"
#include "ringway/config/suggest.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = text.find_first_not_of(blanks);
        if (begin == std::string_view::npos) return words;
        text.remove_prefix(begin);
        const std::size_t end = text.find_first_of(blanks);
        words.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return words;
        text.remove_prefix(end);
    }
}

Complaint add_upstream(Layer& layer, Raw value) {
    auto named = split_named_urls(value.text);
    if (!named) return named.reason();
    RawUpstream upstream{.name = named->name, .where = value.where, .endpoints = {}, .options = {}};
    for (const std::string& url : named->urls) {
        upstream.endpoints.push_back({.name = {}, .url = {url, value.where}, .options = {}});
    }
    layer.upstreams.push_back(std::move(upstream));
    return {};
}

Complaint add_listener(Layer& layer, Raw value) {
    auto named = split_named_urls(value.text);
    if (!named) return named.reason();
    if (named->urls.size() != 1) {
        return Refusal{"a listener has one URL", "give --listen once for each"};
    }
    layer.listeners.push_back(
        {.name = named->name, .url = {named->urls.front(), std::move(value.where)}, .options = {}});
    return {};
}

}  // namespace

Complaint Layer::add(const Flag& flag, Raw value) {
    if (!base::is_utf8(value.text)) return Refusal{"it is not text: it must be UTF-8", {}};
    if (flag.name == "listen") return add_listener(*this, std::move(value));
    if (flag.name == "upstream") return add_upstream(*this, std::move(value));
    if (flag.name == "route") {
        auto parsed = parse_routes(value.text, value.where);
        if (!parsed) return parsed.reason();
        routes.insert(routes.end(), parsed->begin(), parsed->end());
        return {};
    }
    values[flag.name].push_back(std::move(value));
    return {};
}

Checked<Layer, Problem> read_environment(std::span<const std::string> environment) {
    constexpr std::string_view prefix = "RINGWAY_";
    Layer layer;
    for (const std::string& entry : environment) {
        const std::string_view variable = std::string_view{entry}.substr(0, entry.find('='));
        if (!variable.starts_with(prefix) || variable.size() == entry.size()) continue;
        const std::string_view text = std::string_view{entry}.substr(variable.size() + 1);
        const Flag* flag = nullptr;
        std::vector<std::string> names;
        for (const Flag& candidate : all_flags()) {
            names.push_back(candidate.environment_name());
            if (names.back() == variable) flag = &candidate;
        }
        if (flag == nullptr) {
            const std::vector<std::string_view> known(names.begin(), names.end());
            return Problem{refusal_line(variable, {"no setting has this name in the environment",
                                                   did_you_mean(variable, known)})};
        }
        if (text.empty()) continue;  // as if it were not set
        const std::string where{variable};
        std::vector<std::string_view> values{text};
        if (flag->repeat && flag->name != "route") values = words_of(text);
        for (const std::string_view value : values) {
            if (auto complaint = layer.add(*flag, {std::string{value}, where})) {
                return Problem{refusal_line(where, value, *complaint)};
            }
        }
    }
    return layer;
}

}  // namespace ringway::config
