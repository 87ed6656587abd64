#include "ringway/config/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace ringway::config {
namespace {

char folded(char letter) {
    if (letter == '_') return '-';
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// Levenshtein's distance, one row at a time.
std::size_t edits_between(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (folded(from[i]) == folded(to[j]) ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row[to.size()];
}

}  // namespace

std::string_view nearest(std::string_view given, std::span<const std::string_view> candidates) {
    constexpr std::size_t given_bytes_max = 64;  // longer ones are not a slip of the finger
    if (given.empty() || given.size() > given_bytes_max) return {};
    std::string_view best;
    std::size_t best_edits = std::max<std::size_t>(1, given.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        std::size_t edits = edits_between(given, candidate);
        // The start of a longer name is a name half remembered: --accept-proxy.
        if (given.size() >= 4 && candidate.starts_with(given))
            edits = std::min<std::size_t>(edits, 1);
        if (edits < best_edits) {
            best_edits = edits;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view given, std::span<const std::string_view> candidates) {
    const std::string_view best = nearest(given, candidates);
    return best.empty() ? std::string{} : fmt::format("did you mean {}?", best);
}

}  // namespace ringway::config
