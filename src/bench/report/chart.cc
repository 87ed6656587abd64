#include "chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "chart_axis.h"
#include "ringway/stats/json.h"
#include "ringway/stats/table.h"

namespace ringway::bench {

std::string html(std::string_view text) {
    std::string out;
    for (const char byte : stats::printable(text)) {
        switch (byte) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += byte;
        }
    }
    return out;
}

namespace {

constexpr double left = 62, right = 18, top = 18, bottom = 40;
constexpr double x_tick_gap = 44, y_tick_gap = 22;

template <typename... Arguments>
void put(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

std::string value_text(const Axis& axis, double value) {
    if (axis.value_text) return axis.value_text(value);
    return axis.tick_text ? axis.tick_text(value) : fmt::format("{:.4g}", value);
}

std::vector<double> values_of(const Chart& chart, bool of_x) {
    std::vector<double> values;
    for (const Series& series : chart.series) {
        for (const auto& [x, y] : series.points) values.push_back(of_x ? x : y);
    }
    return values;
}

struct Plot {
    const Chart& chart;
    Mapping x;
    Mapping y;

    explicit Plot(const Chart& drawn)
        : chart(drawn),
          x(drawn.x, values_of(drawn, true), left, drawn.width - right),
          y(drawn.y, values_of(drawn, false), drawn.height - bottom, top) {}
    double floor() const { return chart.height - bottom; }
    bool can_show(const std::pair<double, double>& point) const {
        return x.can_show(point.first) && y.can_show(point.second);
    }
};

void add_axes(std::string& out, const Plot& plot) {
    const Chart& chart = plot.chart;
    for (const auto& [value, text] : plot.y.ticks(y_tick_gap)) {
        const double at = plot.y.pixel(value);
        put(out, R"(<line class="gridline" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", left,
            chart.width - right, at, at);
        put(out, R"(<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>)", left - 8,
            at + 4, html(text));
    }
    put(out, R"(<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", left,
        chart.width - right, plot.floor(), plot.floor());
    for (const auto& [value, text] : plot.x.ticks(x_tick_gap)) {
        const double at = plot.x.pixel(value);
        put(out, R"(<line class="axis" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>)", at, at,
            plot.floor(), plot.floor() + 4);
        put(out, R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", at,
            plot.floor() + 17, html(text));
    }
    put(out, R"(<text class="axis-title" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
        chart.width - right, chart.height - 6, html(chart.x.title));
}

// A separator's text is left out where it would run into the one before.
void add_marks(std::string& out, const Plot& plot) {
    double free_from = 0;
    for (const Mark& mark : plot.chart.marks) {
        if (!plot.x.can_show(mark.at)) continue;
        const double at = plot.x.pixel(mark.at);
        const double text_width = 6.2 * static_cast<double>(mark.text.size());
        const bool is_late = at + text_width > plot.chart.width;
        put(out, R"(<line class="{}" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{:.1f}"/>)",
            mark.is_strong ? "mark strong" : "mark", at, at, top, plot.floor());
        if (at - (is_late ? text_width : 0) < free_from) continue;
        free_from = is_late ? at : at + text_width + 12;
        put(out, R"(<text class="{}" x="{:.1f}" y="{}" text-anchor="{}">{}</text>)",
            mark.is_strong ? "mark-text strong" : "mark-text", is_late ? at - 5 : at + 5, top - 4,
            is_late ? "end" : "start", html(mark.text));
    }
}

// A text that would lie on the one before is left out; the pointer still finds it.
void add_dots(std::string& out, const Plot& plot, const Series& series) {
    double last_x = -100;
    double last_y = -100;
    for (std::size_t at = 0; at < series.points.size(); ++at) {
        if (!plot.can_show(series.points[at])) continue;
        const double x = plot.x.pixel(series.points[at].first);
        const double y = plot.y.pixel(series.points[at].second);
        put(out, R"(<circle cx="{:.1f}" cy="{:.1f}" r="3.6" style="fill:{}"/>)", x, y,
            series.colour);
        const bool is_crowded = std::fabs(x - last_x) < 24 && std::fabs(y - last_y) < 12;
        if (at < series.dot_texts.size() && !is_crowded) {
            last_x = x;
            last_y = y;
            const bool is_late = x > plot.chart.width - right - 60;
            put(out, R"(<text class="dot-text" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)",
                is_late ? x - 7 : x + 7, y - 6, is_late ? "end" : "start",
                html(series.dot_texts[at]));
        }
    }
}

// A point that cannot be shown breaks the line; what stands alone between two breaks is a dot.
void add_series(std::string& out, const Plot& plot, const Series& series) {
    std::vector<std::pair<double, double>> piece;  // in pixels
    const auto close = [&] {
        if (piece.empty()) return;
        std::string path;
        for (const auto& [x, y] : piece)
            put(path, "{}{:.1f},{:.1f}", path.empty() ? 'M' : 'L', x, y);
        if (series.has_area && piece.size() > 1) {
            put(out, R"(<path class="area" style="fill:{}" d="{}L{:.1f},{:.1f}L{:.1f},{:.1f}Z"/>)",
                series.colour, path, piece.back().first, plot.floor(), piece.front().first,
                plot.floor());
        }
        if (piece.size() == 1 && !series.has_dots) {
            put(out, R"(<circle cx="{:.1f}" cy="{:.1f}" r="2.5" style="fill:{}"/>)",
                piece.front().first, piece.front().second, series.colour);
        } else {
            put(out, R"(<path class="line{}" style="stroke:{}" d="{}"/>)",
                series.is_dashed ? " dashed" : "", series.colour, path);
        }
        piece.clear();
    };
    for (const auto& point : series.points) {
        if (plot.can_show(point)) {
            piece.emplace_back(plot.x.pixel(point.first), plot.y.pixel(point.second));
        } else {
            close();
        }
    }
    close();
    if (series.has_dots) add_dots(out, plot, series);
}

// For the page's script: per series its name, its colour, and [x, y, text of x, text of y].
std::string points_of(const Plot& plot) {
    std::string out;
    stats::JsonWriter json(out);
    json.begin_array();
    for (const Series& series : plot.chart.series) {
        json.begin_object().text("n", series.name).text("c", series.colour).begin_array("p");
        for (std::size_t at = 0; at < series.points.size(); ++at) {
            const auto& [x, y] = series.points[at];
            if (!plot.can_show(series.points[at])) continue;
            std::string head = value_text(plot.chart.x, x);
            if (at < series.dot_texts.size() && !series.dot_texts[at].empty()) {
                head = series.dot_texts[at] + ", " + head;
            }
            json.begin_array().precise(std::round(plot.x.pixel(x) * 10) / 10);
            json.precise(std::round(plot.y.pixel(y) * 10) / 10);
            json.text(head).text(value_text(plot.chart.y, y)).end_array();
        }
        json.end_array().end_object();
    }
    json.end_array();
    return out;
}

std::string legend_of(const Chart& chart) {
    if (!chart.has_legend || chart.series.size() < 2) return {};
    std::string out = R"(<div class="legend">)";
    for (const Series& series : chart.series) {
        put(out, R"(<span><i style="background:{}"></i>{}</span>)", series.colour,
            html(series.name));
    }
    return out + "</div>";
}

std::string caption_of(const std::string& title, const std::string& note) {
    std::string out = "<figcaption>" + html(title);
    if (!note.empty()) out += R"(<small>)" + html(note) + "</small>";
    return out + "</figcaption>";
}

}  // namespace

std::string draw(const Chart& chart) {
    const Plot plot(chart);
    std::string lines;
    for (const Series& series : chart.series) add_series(lines, plot, series);
    if (lines.empty()) return {};
    std::string out = R"(<figure class="chart">)" + caption_of(chart.title, chart.note);
    out += legend_of(chart);
    put(out, R"(<div class="scroll"><svg viewBox="0 0 {} {}" role="img" aria-label="{}" )",
        chart.width, chart.height, html(chart.title));
    put(out, R"(style="min-width:{:.0f}px" data-top="{}" data-floor="{}" data-points="{}">)",
        std::min(chart.width, 560.0), top, plot.floor(), html(points_of(plot)));
    add_axes(out, plot);
    add_marks(out, plot);
    out += lines;
    return out + "</svg></div></figure>";
}

std::string draw(const Dumbbell& chart) {
    constexpr double width = 620, row_height = 30, names = 62, texts = 92;
    std::vector<double> values;
    for (const DumbbellRow& row : chart.rows) values.insert(values.end(), {row.a, row.b});
    const Mapping x(chart.x, values, names, width - texts);
    const double floor = top + row_height * static_cast<double>(chart.rows.size());
    std::string out = R"(<figure class="chart">)" + caption_of(chart.title, {});
    put(out,
        R"(<div class="legend"><span><i style="background:{}"></i>{}</span>)"
        R"(<span><i style="background:{}"></i>{}</span></div>)",
        chart.colour_a, html(chart.name_a), chart.colour_b, html(chart.name_b));
    put(out, R"(<div class="scroll"><svg viewBox="0 0 {} {}" role="img" aria-label="{}" )", width,
        floor + bottom, html(chart.title));
    out += R"(style="min-width:560px">)";
    for (const auto& [value, text] : x.ticks(x_tick_gap)) {
        put(out, R"(<line class="gridline" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>)",
            x.pixel(value), top, floor);
        put(out, R"(<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>)",
            x.pixel(value), floor + 17, html(text));
    }
    double y = top + row_height / 2;
    for (const DumbbellRow& row : chart.rows) {
        put(out, R"(<g><title>{}: {} {}, {} {}</title>)", html(row.name), html(chart.name_a),
            html(value_text(chart.x, row.a)), html(chart.name_b), html(value_text(chart.x, row.b)));
        put(out, R"(<text class="row-name" x="{}" y="{}" text-anchor="end">{}</text>)", names - 10,
            y + 4, html(row.name));
        if (x.can_show(row.a) && x.can_show(row.b)) {
            put(out, R"(<line class="span" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>)",
                x.pixel(row.a), x.pixel(row.b), y, y);
        }
        const auto dot = [&](double value, const std::string& colour) {
            if (!x.can_show(value)) return;
            put(out, R"(<circle cx="{:.1f}" cy="{}" r="6" style="fill:{}"/>)", x.pixel(value), y,
                colour);
        };
        dot(row.a, chart.colour_a);
        dot(row.b, chart.colour_b);
        put(out, R"(<text class="row-text" x="{}" y="{}" text-anchor="end">{}</text></g>)",
            width - 4, y + 4, html(row.text));
        y += row_height;
    }
    return out + "</svg></div></figure>";
}

}  // namespace ringway::bench
