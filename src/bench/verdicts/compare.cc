// Two reports against each other: run by run, figure by figure, with how sure a difference is.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../report/words.h"
#include "report_reader.h"
#include "ringway/stats/table.h"
#include "statistics.h"
#include "verdicts.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Refusal;
using stats::Table;

struct FigureWords {
    std::string_view title;
    bool at_least;  // more is better
    bool is_rate;   // otherwise microseconds
};
// By ComparedFigure.
constexpr std::array<FigureWords, compared_figure_count> figure_words_of{{
    {"rate", true, true},
    {"p50", false, false},
    {"p90", false, false},
    {"p99", false, false},
    {"p99.9", false, false},
    {"CPU per request", false, false},
}};

// Without an interval, nobody knows what two runs of the same thing would have differed by: only
// what is clearly more than that counts, and the far tail not at all.
constexpr double single_round_factor = 4;

std::string value_words(const FigureWords& words, double value) {
    return words.is_rate ? rate_words(value) + "/s" : latency_words(value);
}

std::string signed_percent(double percent) { return fmt::format("{:+.1f} %", percent); }

// What one figure of one run did, in percent of what it was.
struct Change {
    double before = 0;
    double after = 0;
    double percent = 0;
    std::optional<Interval> interval;  // in percent
};

std::optional<Change> change_of(const std::vector<double>& before,
                                const std::vector<double>& after) {
    if (before.empty() || after.empty()) return std::nullopt;
    Change change{.before = mean_of(before), .after = mean_of(after)};
    if (!(change.before > 0)) return std::nullopt;
    const double scale = 100 / change.before;
    change.percent = (change.after - change.before) * scale;
    if (const auto interval = difference_interval(before, after)) {
        change.interval = Interval{interval->low * scale, interval->high * scale};
    }
    return change;
}

class Comparer {
  public:
    Comparer(const ComparedReport& before, const ComparedReport& after, double regression_percent)
        : before_(before), after_(after), limit_(regression_percent) {}

    Checked<Comparison> compare(const std::string& file_a, const std::string& file_b) {
        for (const ComparedRun& run : before_.runs) {
            if (const ComparedRun* other = find(after_, run)) compare_runs(run, *other);
        }
        if (compared_ == 0) {
            return Refusal{fmt::format("{} and {} have no run in common", config::printable(file_a),
                                       config::printable(file_b)),
                           "runs are matched by their labels"};
        }
        Comparison comparison;
        comparison.text =
            fmt::format("A  {}\nB  {}\n\n", config::printable(file_a), config::printable(file_b));
        comparison.text += table_.to_string() + "\n";
        for (const std::string& line : remarks()) comparison.text += line + "\n";
        comparison.text += verdict();
        comparison.regression = !regressions_.empty();
        return comparison;
    }

  private:
    static const ComparedRun* find(const ComparedReport& report, const ComparedRun& wanted) {
        for (const ComparedRun& run : report.runs) {
            if (run.label == wanted.label && run.section == wanted.section) return &run;
        }
        return nullptr;
    }

    static std::string title_of(const ComparedRun& run) {
        return run.section.empty() ? run.label : fmt::format("{}: {}", run.section, run.label);
    }

    void compare_runs(const ComparedRun& run, const ComparedRun& other) {
        ++compared_;
        table_.heading(fmt::format("{}  ({} round{} against {})", title_of(run), rounds_of(run),
                                   rounds_of(run) == 1 ? "" : "s", rounds_of(other)));
        table_.row({"", "A", "B", "B - A", "95 % interval", ""});
        for (std::size_t i = 0; i < compared_figure_count; ++i) {
            const auto change = change_of(run.values[i], other.values[i]);
            if (!change) continue;
            const FigureWords& words = figure_words_of[i];
            const std::string judgement = judge(run, static_cast<ComparedFigure>(i), *change);
            table_.row({std::string{words.title}, value_words(words, change->before),
                        value_words(words, change->after), signed_percent(change->percent),
                        change->interval
                            ? fmt::format("{} .. {}", signed_percent(change->interval->low),
                                          signed_percent(change->interval->high))
                            : "none: single rounds",
                        judgement});
            has_single_ = has_single_ || !change->interval;
        }
        compare_circumstances(run, other);
    }

    static std::size_t rounds_of(const ComparedRun& run) {
        std::size_t rounds = 0;
        for (const auto& values : run.values) rounds = std::max(rounds, values.size());
        return rounds;
    }

    std::string judge(const ComparedRun& run, ComparedFigure figure, const Change& change) {
        const FigureWords& words = figure_words_of[static_cast<std::size_t>(figure)];
        const double sign = words.at_least ? -1 : 1;  // from here on, more is worse
        if (!change.interval) {
            const double limit = limit_ * single_round_factor;
            if (figure == ComparedFigure::p999) return "not judged";
            if (sign * change.percent > limit) return regressed(run, words, change);
            return sign * change.percent < -limit ? "better" : "";
        }
        const double least_worse = sign > 0 ? change.interval->low : -change.interval->high;
        const double most_worse = sign > 0 ? change.interval->high : -change.interval->low;
        if (least_worse > limit_) return regressed(run, words, change);
        if (most_worse < -limit_) return "better";
        if (least_worse > 0) return "worse, within the limit";
        return most_worse < 0 ? "better, within the limit" : "no difference seen";
    }

    std::string regressed(const ComparedRun& run, const FigureWords& words, const Change& change) {
        regressions_.push_back(
            fmt::format("{}: {} {}", title_of(run), words.title, signed_percent(change.percent)));
        return "REGRESSION";
    }

    void compare_circumstances(const ComparedRun& run, const ComparedRun& other) {
        if (run.flags != other.flags) {
            remarks_.push_back(fmt::format("warning: {}: the plans differ: {} | {}", title_of(run),
                                           run.flags, other.flags));
        }
        const auto share = [](const ComparedRun& of) {
            const double all = static_cast<double>(of.answered + of.errors);
            return all > 0 ? static_cast<double>(of.errors) / all : 0;
        };
        if (share(other) > share(run)) {
            remarks_.push_back(fmt::format("warning: {}: errors rose from {} to {} of all answers",
                                           title_of(run), percent_words(share(run)),
                                           percent_words(share(other))));
        }
        for (const auto* each : {&run, &other}) {
            const std::string_view which = each == &run ? "A" : "B";
            if (each->interrupted) {
                remarks_.push_back(
                    fmt::format("warning: {}: {} was interrupted", title_of(run), which));
            }
            if (each->warned) {
                remarks_.push_back(
                    fmt::format("warning: {}: the report {} has warnings of the generator itself",
                                title_of(run), which));
            }
        }
    }

    std::vector<std::string> remarks() {
        std::vector<std::string> lines;
        for (std::size_t i = 0; i < before_.conditions.size(); ++i) {
            const auto& [name, value] = before_.conditions[i];
            if (value == after_.conditions[i].second) continue;
            lines.push_back(fmt::format("warning: {} differs: {} | {}", name,
                                        config::printable(value),
                                        config::printable(after_.conditions[i].second)));
        }
        if (before_.kind != after_.kind) {
            lines.push_back(
                fmt::format("warning: kind differs: {} | {}", before_.kind, after_.kind));
        }
        lines.insert(lines.end(), remarks_.begin(), remarks_.end());
        for (const ComparedRun& run : before_.runs) {
            if (!find(after_, run)) lines.push_back(fmt::format("only in A: {}", title_of(run)));
        }
        for (const ComparedRun& run : after_.runs) {
            if (!find(before_, run)) lines.push_back(fmt::format("only in B: {}", title_of(run)));
        }
        if (has_single_) {
            lines.push_back(fmt::format(
                "single rounds have no interval: only differences beyond {:g} % count, and p99.9 "
                "not at all; --rounds 5 on both sides gives intervals",
                limit_ * single_round_factor));
        }
        return lines;
    }

    std::string verdict() const {
        if (regressions_.empty()) return fmt::format("no regression beyond {:g} %\n", limit_);
        std::string text = fmt::format("{} regression{} beyond {:g} %:\n", regressions_.size(),
                                       regressions_.size() == 1 ? "" : "s", limit_);
        for (const std::string& each : regressions_) text += fmt::format("  {}\n", each);
        return text;
    }

    const ComparedReport& before_;
    const ComparedReport& after_;
    const double limit_;
    Table table_{{Table::Align::left, Table::Align::right, Table::Align::right, Table::Align::right,
                  Table::Align::right, Table::Align::left},
                 2};
    std::size_t compared_ = 0;
    bool has_single_ = false;
    std::vector<std::string> remarks_;
    std::vector<std::string> regressions_;
};

}  // namespace

Checked<Comparison> compare_reports(const std::string& file_a, const std::string& file_b,
                                    double regression_percent) {
    auto before = read_report(file_a);
    if (!before) return before.reason();
    auto after = read_report(file_b);
    if (!after) return after.reason();
    return Comparer{*before, *after, regression_percent}.compare(file_a, file_b);
}

}  // namespace ringway::bench
