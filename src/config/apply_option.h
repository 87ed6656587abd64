// Options of one object, wherever they were written: applied by its table, never twice in
// different words.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "layer.h"
#include "ringway/config/options.h"
#include "ringway/config/suggest.h"

namespace ringway::config {

using MaybeProblem = std::optional<Problem>;

// What has been said about one object so far, by key, to find what is said twice or in vain.
using Said = std::map<std::string, Raw, std::less<>>;

template <typename Object>
MaybeProblem apply_option(const OptionRow<Object>& row, Object& object, const RawOption& option,
                          Said& said) {
    const auto [earlier, first] = said.emplace(row.name, option.value);
    if (!first && !row.repeat && earlier->second.text != option.value.text) {
        return refusal_line(
            option.value.where, option.value.text,
            {fmt::format("it is \"{}\" already", printable(earlier->second.text)), "say it once"});
    }
    if (first && row.repeat) row.clear(object);
    if (auto complaint = apply(row, object, option.value.text)) {
        return refusal_line(option.value.where, option.value.text, *complaint);
    }
    return {};
}

template <typename Object>
void add_names(std::vector<std::string_view>& names, std::span<const OptionRow<Object>> rows) {
    for (const auto& row : rows) names.push_back(row.name);
}

inline Problem unknown_option(const RawOption& option, std::string_view kind,
                              const std::vector<std::string_view>& known) {
    std::string rule = fmt::format("{} has no such option", kind);
    return refusal_line(option.value.where, {std::move(rule), did_you_mean(option.key, known)});
}

}  // namespace ringway::config
