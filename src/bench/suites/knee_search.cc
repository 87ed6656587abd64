#include "knee_search.h"

#include <algorithm>
#include <cmath>

namespace ringway::bench {

namespace {

constexpr double least_margin = 0.03;
constexpr double most_margin = 0.10;
constexpr double neighbour_ratio = 1.10;

double power_of(const LevelSummary& level) {
    return level.usable && level.mean_us.median > 0 ? level.rate.median / level.mean_us.median : 0;
}

void add_between(double low, double high, std::vector<double>& out) {
    if (high <= low * neighbour_ratio) return;
    const double middle = std::round(std::sqrt(low * high));
    if (middle > low && middle < high) out.push_back(middle);
}

}  // namespace

std::optional<KneeChoice> choose_knee(const std::vector<LevelSummary>& levels) {
    KneeChoice choice;
    double best = 0;
    std::size_t best_index = 0;
    for (std::size_t index = 0; index < levels.size(); ++index) {
        choice.scores.push_back(power_of(levels[index]));
        if (choice.scores.back() > best) {
            best = choice.scores.back();
            best_index = index;
        }
    }
    if (best <= 0) return std::nullopt;
    for (double& score : choice.scores) score /= best;

    const LevelSummary& top = levels[best_index];
    const double noise = (top.rate.relative() + top.mean_us.relative()) / 2;
    choice.margin = std::clamp(noise, least_margin, most_margin);
    const auto is_tie = [&](double score) { return score >= 1 - choice.margin; };
    choice.index = static_cast<std::size_t>(
        std::find_if(choice.scores.begin(), choice.scores.end(), is_tie) - choice.scores.begin());
    return choice;
}

std::vector<double> levels_to_refine(const std::vector<LevelSummary>& levels, std::size_t knee) {
    std::vector<double> out;
    if (knee > 0) add_between(levels[knee - 1].value, levels[knee].value, out);
    if (knee + 1 < levels.size()) add_between(levels[knee].value, levels[knee + 1].value, out);
    return out;
}

}  // namespace ringway::bench
