// Judges a report by the rules of an SLO file.
#include <algorithm>

#include <fmt/format.h>

#include "../report/figures.h"
#include "ringway/config/suggest.h"
#include "slo_file.h"
#include "verdicts.h"

namespace ringway::bench {
namespace {

using config::Complaint;
using config::Refusal;

// One measured value and whose it is.
struct Measured {
    std::string whose;  // a run's label or a figure's name
    std::optional<double> value;
    std::string note;  // why there is none
};

bool beyond(const Quantity& quantity, double value, const std::optional<double>& level) {
    return level && (quantity.at_least ? value < *level : value > *level);
}

// The figure itself, or its value of one level: "scaling_efficiency", "scaling_efficiency_2".
bool is_figure(const Quantity& quantity, std::string_view name) {
    if (!name.starts_with(quantity.figure)) return false;
    name.remove_prefix(quantity.figure.size());
    if (name.empty()) return true;
    name.remove_prefix(1);
    return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

class Judge {
  public:
    Judge(const std::vector<SloRule>& rules, Report& report)
        : rules_(rules), report_(report), groups_(groups_of(report)) {}

    void judge() {
        for (const SloRule& rule : rules_) {
            if (rule.quantity->of_run == nullptr) {
                judge_figures(rule);
            } else {
                judge_runs(rule);
            }
        }
        report_.slo->passed = report_.slo->breaches == 0;
    }

  private:
    bool is_overridden(const SloRule& general, std::string_view label) const {
        return std::any_of(rules_.begin(), rules_.end(), [&](const SloRule& rule) {
            return rule.quantity == general.quantity && rule.label == label;
        });
    }

    void judge_runs(const SloRule& rule) {
        std::vector<Measured> all;
        for (const Group& group : groups_) {
            const std::string& label = group.first->label;
            if (!rule.label.empty() ? label != rule.label : is_overridden(rule, label)) continue;
            all.push_back({label, rule.quantity->of_run(group.whole), "nothing was measured"});
        }
        if (all.empty() && !rule.label.empty()) {
            std::vector<std::string_view> labels;
            for (const Group& group : groups_) labels.push_back(group.first->label);
            std::string hint = config::did_you_mean(rule.label, labels);
            if (!hint.empty()) hint = fmt::format(" ({})", hint);
            not_judged(rule, fmt::format("no run is called \"{}\"{}", rule.label, hint));
        }
        conclude(rule, all);
    }

    void judge_figures(const SloRule& rule) {
        std::vector<Measured> all;
        for (const Figure& figure : report_.figures) {
            if (!is_figure(*rule.quantity, figure.name)) continue;
            if (figure.known) {
                all.push_back({figure.name, figure.value, {}});
            } else {
                not_judged(rule, figure.note);
                return;
            }
        }
        if (all.empty()) {
            not_judged(
                rule, fmt::format("a report of kind {} has no such figure", name_of(report_.kind)));
        }
        conclude(rule, all);
    }

    // Not a breach: nothing was seen that is too bad. Not silent either.
    void not_judged(const SloRule& rule, std::string_view why) {
        ++report_.slo->warnings;
        add(Severity::warning,
            fmt::format("SLO: {} was not judged: {}", rule.quantity->name(), why), {});
    }

    void conclude(const SloRule& rule, const std::vector<Measured>& all) {
        const Measured* worst = nullptr;
        bool all_passed = true;
        for (const Measured& each : all) {
            ++report_.slo->checks;
            if (!judge_one(rule, each)) all_passed = false;
            if (!each.value) continue;
            const bool is_worse =
                worst == nullptr || (rule.quantity->at_least ? *each.value < *worst->value
                                                             : *each.value > *worst->value);
            if (is_worse) worst = &each;
        }
        if (!all_passed || worst == nullptr) return;
        const double level = rule.warning ? *rule.warning : *rule.critical;
        add(Severity::note,
            fmt::format("SLO: {}: {} was {}, {} {} ({})", worst->whose, rule.quantity->name(),
                        words(rule, *worst->value),
                        rule.quantity->at_least ? "at least" : "at most", words(rule, level),
                        rule.warning ? "warning" : "critical"),
            worst->whose);
    }

    bool judge_one(const SloRule& rule, const Measured& measured) {
        if (!measured.value) {
            breach(rule, measured.whose,
                   fmt::format("{} is not known: {}", rule.quantity->name(), measured.note));
            return false;
        }
        const bool is_critical = beyond(*rule.quantity, *measured.value, rule.critical);
        if (!is_critical && !beyond(*rule.quantity, *measured.value, rule.warning)) return true;
        const std::string text = fmt::format(
            "{} was {}, {} the {} level of {}", rule.quantity->name(), words(rule, *measured.value),
            rule.quantity->at_least ? "below" : "above", is_critical ? "critical" : "warning",
            words(rule, is_critical ? *rule.critical : *rule.warning));
        if (is_critical) {
            breach(rule, measured.whose, text);
        } else {
            ++report_.slo->warnings;
            add(Severity::warning, fmt::format("SLO: {}: {}", measured.whose, text),
                measured.whose);
        }
        return false;
    }

    // What could not be measured at all fails the rule's own level: a warning stays one.
    void breach(const SloRule& rule, const std::string& whose, const std::string& text) {
        const bool is_critical = rule.critical.has_value();
        ++(is_critical ? report_.slo->breaches : report_.slo->warnings);
        add(is_critical ? Severity::critical : Severity::warning,
            fmt::format("SLO: {}: {}", whose, text), whose);
    }

    static std::string words(const SloRule& rule, double value) {
        return level_words(rule.quantity->unit, value);
    }

    void add(Severity severity, std::string text, std::string whose) {
        report_.findings.push_back({.severity = severity,
                                    .text = std::move(text),
                                    .flag = {},
                                    .figure = std::move(whose)});
    }

    const std::vector<SloRule>& rules_;
    Report& report_;
    const std::vector<Group> groups_;
};

std::string_view flag_for(QuantityNeed need) {
    switch (need) {
        case QuantityNeed::watched: return "--watch PID";
        case QuantityNeed::events: return "--events";
        case QuantityNeed::scaling:
        case QuantityNeed::direct:
        case QuantityNeed::nothing: break;
    }
    return "";
}

}  // namespace

Complaint check_slo(const std::string& file, const RunPlan& plan, bool suite_watches) {
    const auto rules = read_slo_file(file);
    if (!rules) return rules.reason();
    for (const SloRule& rule : *rules) {
        const QuantityNeed need = rule.quantity->need;
        const bool is_missing =
            (need == QuantityNeed::watched && plan.watch_pid == 0 && !suite_watches) ||
            (need == QuantityNeed::events && plan.work != Work::events && !suite_watches);
        if (!is_missing) continue;
        return Refusal{fmt::format("line {}: {} cannot be measured without {}", rule.line,
                                   rule.quantity->name(), flag_for(need)),
                       {}};
    }
    return {};
}

Complaint judge_slo(const std::string& file, Report& report) {
    const auto rules = read_slo_file(file);
    if (!rules) return rules.reason();
    report.slo = Report::Slo{.file = file};
    Judge{*rules, report}.judge();
    return {};
}

}  // namespace ringway::bench
