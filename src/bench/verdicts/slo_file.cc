#include "slo_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "../input_file.h"
#include "ringway/config/suggest.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Refusal;

// Thrown within this file alone, from any depth of the document, and caught at its one entrance.
struct SloProblem {
    Refusal refusal;
};

[[noreturn]] void refuse(unsigned line, std::string rule, std::string hint = {}) {
    throw SloProblem{{fmt::format("line {}: {}", line, rule), std::move(hint)}};
}

unsigned line_of(const toml::key& key) { return static_cast<unsigned>(key.source().begin.line); }

std::vector<std::string_view> table_names() {
    std::vector<std::string_view> names;
    for (const Quantity& quantity : quantities()) {
        if (names.empty() || names.back() != quantity.table) names.push_back(quantity.table);
    }
    return names;
}

bool is_table_name(std::string_view name) {
    const auto names = table_names();
    return std::find(names.begin(), names.end(), name) != names.end();
}

class SloReader {
  public:
    std::vector<SloRule> read(const toml::table& root) {
        for (const auto& [key, node] : root) {
            if (key.str() == "run") {
                read_runs(key, node);
            } else {
                read_table(key, node, {});
            }
        }
        if (rules_.empty()) refuse(1, "it has no rule", "[latency] p99 = \"10ms\"");
        return std::move(rules_);
    }

  private:
    // [run."64 connections".latency]: rules in place of the general ones.
    void read_runs(const toml::key& key, const toml::node& node) {
        const toml::table* runs = node.as_table();
        if (runs == nullptr)
            refuse(line_of(key), "run is a table", "[run.\"64 connections\".latency]");
        for (const auto& [label, tables] : *runs) {
            if (!tables.is_table()) {
                refuse(line_of(label), "rules of one run stand in a table of its label",
                       "[run.\"64 connections\".latency]");
            }
            for (const auto& [name, table] : *tables.as_table()) {
                read_table(name, table, std::string{label.str()});
            }
        }
    }

    void read_table(const toml::key& key, const toml::node& node, const std::string& label) {
        if (!is_table_name(key.str())) {
            auto names = table_names();
            if (label.empty()) names.push_back("run");
            refuse(line_of(key),
                   fmt::format("no table is called [{}]", config::printable(key.str())),
                   config::did_you_mean(key.str(), names));
        }
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            refuse(line_of(key), fmt::format("{} is a table", key.str()),
                   fmt::format("[{}]", key.str()));
        }
        for (const auto& [name, level] : *table) read_rule(key.str(), name, level, label);
    }

    void read_rule(std::string_view table, const toml::key& key, const toml::node& node,
                   const std::string& label) {
        const Quantity* quantity = find_quantity(table, key.str());
        if (quantity == nullptr) {
            std::vector<std::string_view> known;
            for (const Quantity& each : quantities()) {
                if (each.table == table) known.push_back(each.key);
            }
            refuse(line_of(key), fmt::format("[{}] has no {}", table, config::printable(key.str())),
                   config::did_you_mean(key.str(), known));
        }
        const bool is_of_report = quantity->of_run == nullptr;
        if (is_of_report && !label.empty()) {
            refuse(line_of(key),
                   fmt::format("{} is of all runs together, not of one", quantity->name()));
        }
        SloRule rule{.quantity = quantity, .label = label, .line = line_of(key)};
        if (const toml::table* levels = node.as_table()) {
            for (const auto& [name, value] : *levels) read_level(rule, name, value);
        } else {
            rule.critical = level_of(*quantity, rule.line, node);
        }
        if (!rule.warning && !rule.critical) {
            refuse(rule.line,
                   fmt::format("{} has neither a warning nor a critical level", quantity->name()));
        }
        check_order(rule);
        rules_.push_back(std::move(rule));
    }

    static void read_level(SloRule& rule, const toml::key& name, const toml::node& value) {
        static constexpr std::string_view known[] = {"warning", "critical"};
        if (name.str() != known[0] && name.str() != known[1]) {
            refuse(line_of(name),
                   fmt::format("levels are warning and critical, not {}",
                               config::printable(name.str())),
                   config::did_you_mean(name.str(), known));
        }
        auto& level = name.str() == known[0] ? rule.warning : rule.critical;
        level = level_of(*rule.quantity, line_of(name), value);
    }

    static double level_of(const Quantity& quantity, unsigned line, const toml::node& node) {
        std::string text;
        std::optional<double> level;
        const bool is_number =
            quantity.unit == LevelUnit::per_second || quantity.unit == LevelUnit::cores;
        if (const auto* written = node.as_string(); written != nullptr && !is_number) {
            text = written->get();
            level = parse_level(quantity.unit, text);
        } else if (const auto* whole = node.as_integer()) {
            text = fmt::format("{}", whole->get());
            if (is_number) level = parse_level(quantity.unit, text);
        } else if (const auto* real = node.as_floating_point()) {
            text = fmt::format("{}", real->get());
            if (is_number && real->get() >= 0 && real->get() < 1e15) level = real->get();
        }
        if (!level) {
            refuse(line, fmt::format("{} is {}", quantity.name(), level_rule(quantity.unit)));
        }
        return *level;
    }

    // A warning that comes after the critical level would never be seen alone.
    static void check_order(const SloRule& rule) {
        if (!rule.warning || !rule.critical) return;
        const bool at_least = rule.quantity->at_least;
        if (at_least ? *rule.warning >= *rule.critical : *rule.warning <= *rule.critical) return;
        refuse(rule.line,
               fmt::format("{}: the warning level is {} than the critical one",
                           rule.quantity->name(), at_least ? "lower" : "higher"),
               fmt::format("{} {} is better", at_least ? "more" : "less", rule.quantity->key));
    }

    std::vector<SloRule> rules_;
};

}  // namespace

Checked<std::vector<SloRule>> parse_slo(std::string_view text) {
    try {
        return SloReader{}.read(toml::parse(text));
    } catch (const SloProblem& problem) {
        return problem.refusal;
    } catch (const toml::parse_error& error) {
        return Refusal{fmt::format("line {}: {}", error.source().begin.line,
                                   config::printable(error.description())),
                       {}};
    }
}

Checked<std::vector<SloRule>> read_slo_file(const std::string& file) {
    constexpr std::size_t file_bytes_max = 1 << 20;
    const auto text = read_input(file, file_bytes_max);
    if (!text) return text.reason();
    return parse_slo(*text);
}

}  // namespace ringway::bench
