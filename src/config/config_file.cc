// The TOML file, as one Layer. Owns the only use of toml++.
#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "layer.h"
#include "ringway/config/suggest.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

// Thrown within this file alone, from any depth of the document, and caught at its one entrance.
struct FileProblem {
    Problem line;
};

class Reader {
  public:
    explicit Reader(std::string_view file_name) : file_name_(file_name) {}

    Layer read(const toml::table& root) {
        for (const auto& [key, node] : root) read_top_level(key, node);
        return std::move(layer_);
    }

    std::string place(const toml::source_region& source) const {
        return fmt::format("{}:{}:{}", file_name_, source.begin.line, source.begin.column);
    }

  private:
    std::string where(const toml::key& key) const {
        return fmt::format("{}: {}", place(key.source()), printable(key.str()));
    }

    [[noreturn]] void refuse(const toml::key& key, std::string rule, std::string hint = {}) const {
        throw FileProblem{refusal_line(where(key), {std::move(rule), std::move(hint)})};
    }

    void read_top_level(const toml::key& key, const toml::node& node) {
        const auto* tables = node.as_array();
        const bool is_tables =
            tables != nullptr && !tables->empty() && tables->is_array_of_tables();
        const std::string_view name = key.str();
        if (name == "listener" || ((name == "upstream" || name == "route") && is_tables)) {
            if (!is_tables)
                refuse(key, "objects are written as [[listener]], with their keys below");
            for (const auto& element : *tables) read_object(key, *element.as_table());
            return;
        }
        if (node.is_table()) {
            refuse(key, "is not a table of this file: [[listener]], [[upstream]] and [[route]] are",
                   name == "upstream" || name == "route" ? fmt::format("[[{}]]", name)
                                                         : std::string{});
        }
        const Flag* flag = find_flag(name);
        if (flag == nullptr || flag->scope == Flag::Scope::file) refuse_unknown(key);
        for (std::string& text : texts_of(key, node, flag->repeat)) {
            Raw raw{std::move(text), where(key)};
            const std::string given = raw.text;
            if (auto complaint = layer_.add(*flag, std::move(raw))) {
                throw FileProblem{refusal_line(where(key), given, *complaint)};
            }
        }
    }

    [[noreturn]] void refuse_unknown(const toml::key& key) const {
        std::vector<std::string_view> known{"listener"};
        for (const Flag& flag : all_flags()) {
            if (flag.scope != Flag::Scope::file) known.push_back(flag.name);
        }
        refuse(key, "no setting has this name", did_you_mean(key.str(), known));
    }

    // A value as a person would have written it on the command line.
    std::string text_of(const toml::key& key, const toml::node& node) const {
        if (const auto* text = node.as_string()) return text->get();
        if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
        if (const auto* flag = node.as_boolean()) return flag->get() ? "on" : "off";
        refuse(key, "takes a string, a whole number, true or false");
    }

    std::vector<std::string> texts_of(const toml::key& key, const toml::node& node,
                                      bool several_allowed) const {
        if (const auto* table = node.as_table(); table != nullptr && key.str() == "health-check") {
            return {rule_of(*table)};
        }
        const auto* array = node.as_array();
        if (array == nullptr) return {text_of(key, node)};
        if (!several_allowed) refuse(key, "takes one value, not a list");
        std::vector<std::string> texts;
        for (const auto& element : *array) texts.push_back(text_of(key, element));
        return texts;
    }

    // { interval = "5s", fall = 2 } as the rule that the flag takes.
    std::string rule_of(const toml::table& table) const {
        std::string rule;
        for (const auto& [key, node] : table) {
            std::string text = text_of(key, node);
            if (key.str() == "body") text = escaped_part(text);
            rule += fmt::format("{}{}={}", rule.empty() ? "" : ",", key.str(), text);
        }
        return rule.empty() ? "on" : rule;
    }

    void read_object(const toml::key& kind, const toml::table& table) {
        if (kind.str() == "listener") layer_.listeners.push_back(read_place(kind, table));
        if (kind.str() == "upstream") layer_.upstreams.push_back(read_upstream(table));
        if (kind.str() == "route") layer_.routes.push_back(read_route(kind, table));
    }

    std::string name_of(const toml::key& key, const toml::node& node) const {
        std::string name = text_of(key, node);
        if (!is_object_name(name)) {
            throw FileProblem{refusal_line(where(key), name, {std::string{object_name_rule}, {}})};
        }
        return name;
    }

    void add_options(std::vector<RawOption>& options, const toml::key& key,
                     const toml::node& node) const {
        for (std::string& text : texts_of(key, node, true)) {
            options.push_back({std::string{key.str()}, {std::move(text), where(key)}});
        }
    }

    // { name = ..., url = ..., weight = 3 }: a listener, or an endpoint written as a table.
    RawPlace read_place(const toml::key& kind, const toml::table& table) const {
        RawPlace listener;
        const bool is_listener = kind.str() == "listener";
        for (const auto& [key, node] : table) {
            if (is_listener && key.str() == "name") {
                listener.name = name_of(key, node);
            } else if (key.str() == "url") {
                listener.url = {text_of(key, node), where(key)};
            } else {
                add_options(listener.options, key, node);
            }
        }
        if (listener.url.where.empty()) {
            throw FileProblem{refusal_line(fmt::format("{}: {}", place(table.source()), kind.str()),
                                           {"the url is missing", "url = \"tcp://HOST:PORT\""})};
        }
        return listener;
    }

    RawUpstream read_upstream(const toml::table& table) const {
        RawUpstream upstream{.name = {},
                             .where = fmt::format("{}: upstream", place(table.source())),
                             .endpoints = {},
                             .options = {}};
        for (const auto& [key, node] : table) {
            if (key.str() == "name") {
                upstream.name = name_of(key, node);
            } else if (key.str() == "endpoints") {
                read_endpoints(upstream, key, node);
            } else {
                add_options(upstream.options, key, node);
            }
        }
        if (upstream.endpoints.empty()) {
            throw FileProblem{refusal_line(upstream.where, {"the endpoints are missing",
                                                            "endpoints = [\"tcp://HOST:PORT\"]"})};
        }
        return upstream;
    }

    void read_endpoints(RawUpstream& upstream, const toml::key& key, const toml::node& node) const {
        const auto* array = node.as_array();
        if (array == nullptr) {
            upstream.endpoints.push_back(
                {.name = {}, .url = {text_of(key, node), where(key)}, .options = {}});
            return;
        }
        for (const auto& element : *array) {
            if (const auto* table = element.as_table()) {
                upstream.endpoints.push_back(read_place(key, *table));
            } else {
                const std::string here = fmt::format("{}: endpoints", place(element.source()));
                upstream.endpoints.push_back(
                    {.name = {}, .url = {text_of(key, element), here}, .options = {}});
            }
        }
    }

    // Keys of which there may be several may be written as what they are.
    static std::string_view singular(std::string_view key) {
        for (const std::string_view plural :
             {"methods", "headers", "request-headers", "response-headers"}) {
            if (key == plural) return key.substr(0, key.size() - 1);
        }
        return key;
    }

    RawRoute read_route(const toml::key& kind, const toml::table& table) const {
        RawRoute route{.where = fmt::format("{}: {}", place(table.source()), kind.str()),
                       .options = {}};
        for (const auto& [key, node] : table) {
            for (std::string& text : texts_of(key, node, true)) {
                route.options.push_back(
                    {std::string{singular(key.str())}, {std::move(text), where(key)}});
            }
        }
        return route;
    }

    std::string file_name_;
    Layer layer_;
};

}  // namespace

Checked<Layer, Problem> read_toml(std::string_view text, std::string_view file_name) {
    Reader reader(file_name);
    try {
        return reader.read(toml::parse(text, file_name));
    } catch (const FileProblem& problem) {
        return problem.line;
    } catch (const toml::parse_error& error) {
        // It quotes what it saw, line ends and all.
        return Problem{
            fmt::format("{}: {}", reader.place(error.source()), printable(error.description()))};
    }
}

}  // namespace ringway::config
