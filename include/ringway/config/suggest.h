// "Did you mean ...?": the nearest known name to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ringway::config {

// The candidate with the fewest single-letter edits, or empty when none is near enough to be meant.
// Case and the difference between '-' and '_' count for nothing.
std::string_view nearest(std::string_view given, std::span<const std::string_view> candidates);

// " (hint: did you mean ...?)"'s inner part: "did you mean NAME?", or empty.
std::string did_you_mean(std::string_view given, std::span<const std::string_view> candidates);

}  // namespace ringway::config
