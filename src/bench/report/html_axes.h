// Axes, colours and curves that several of the page's charts share.
#pragma once

#include <string>
#include <vector>

#include "chart.h"
#include "html.h"

namespace ringway::bench {

inline constexpr std::size_t curves_max = 8;  // as many as eyes tell apart

std::string latency_tick(double us);
std::string rate_tick(double value);
std::string plain_tick(double value);
Axis latency_axis(std::string title = "latency");
Axis rate_axis();

std::string categorical(std::size_t at);
// Levels in their order: from pale to strong of one hue.
std::string sequential(std::size_t at, std::size_t count);

Series percentile_curve(std::string name, std::string colour,
                        const stats::HistogramReading& latency);
std::string percentile_chart(std::string title, std::string note, std::vector<Series> series);
// The same for the groups of a report, at most `curves_max` of them.
std::string percentile_chart(const std::vector<Group>& groups);

}  // namespace ringway::bench
