// Line charts as SVG text: axes, series, marks, and the points for a pointer to find.
//
// Owns no data and knows nothing of benchmarks. Everything that goes into the text is escaped here;
// colours are CSS (variables of the page's style), so that one drawing serves light and dark.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::bench {

// Text and attribute values of HTML and SVG alike; control characters are shown escaped.
std::string html(std::string_view text);

enum class Scale : unsigned char {
    linear,      // from zero
    log,         // positive values alone
    percentile,  // percents: as many columns from 90 to 99 as from 0 to 90
};

struct Axis {
    Scale scale = Scale::linear;
    std::string title;
    std::function<std::string(double)> tick_text;         // short, beside the axis
    std::function<std::string(double)> value_text;        // exact, in the tooltip
    std::vector<std::pair<double, std::string>> ticks{};  // instead of computed ones
    // Otherwise from the points.
    double low = 0;
    double high = 0;
};

struct Series {
    std::string name;
    std::string colour;  // CSS
    std::vector<std::pair<double, double>> points;
    bool has_dots = false;
    bool is_dashed = false;
    bool has_area = false;
    std::vector<std::string> dot_texts{};  // beside the dots, as many as points or none
};

struct Mark {
    double at = 0;
    std::string text;
    bool is_strong = false;  // the knee; otherwise a separator
};

struct Chart {
    std::string title;
    std::string note{};
    Axis x;
    Axis y;
    std::vector<Series> series;
    std::vector<Mark> marks{};
    double width = 620;
    double height = 280;
    bool has_legend = true;
};

// A <figure>; empty when no series has a point that its axes can show.
std::string draw(const Chart& chart);

// Where the ends of rows compare: a dot for each of two values, and what lies between.
struct DumbbellRow {
    std::string name;
    double a = 0;
    double b = 0;
    std::string text;
};
struct Dumbbell {
    std::string title;
    std::string name_a, name_b;
    std::string colour_a, colour_b;
    Axis x;
    std::vector<DumbbellRow> rows;
};
std::string draw(const Dumbbell& chart);

}  // namespace ringway::bench
