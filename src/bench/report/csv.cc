// One row per run for spreadsheets (RFC 4180). The first line names the columns; new ones are added
// at the end, before the coordinates, which differ from suite to suite.
#include <algorithm>

#include <fmt/format.h>

#include "figures.h"
#include "words.h"
#include "writers.h"

namespace ringway::bench {
namespace {

std::string field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string out = "\"";
    for (const char byte : text) {
        if (byte == '"') out += '"';
        out += byte;
    }
    return out + '"';
}

std::string number(double value) { return fmt::format("{:.9g}", value); }

using Row = std::vector<std::pair<std::string, std::string>>;  // column, value

void add_latency(Row& row, const LatencySummary& latency) {
    const auto value = [&](double us) {
        return latency.samples == 0 ? std::string() : fmt::format("{:.3f}", us);
    };
    for (std::size_t at = 0; at < percentile_points.size(); ++at) {
        row.emplace_back(std::string(percentile_points[at].key) + "_us", value(latency.at_us[at]));
    }
    row.emplace_back("max_us", value(latency.max_us));
    row.emplace_back("mean_us", value(latency.mean_us));
    row.emplace_back("stddev_us", value(latency.stddev_us));
}

void add_processes(Row& row, const RunResult& result) {
    const auto watched = [&](auto value_of) {
        return result.watched ? number(value_of(*result.watched)) : std::string();
    };
    const auto per_answer = [&](const ProcessUse& use) { return cpu_us_per_answer(use, result); };
    row.emplace_back("watched_cpu_us_per_answer", watched(per_answer));
    row.emplace_back("watched_cores",
                     watched([&](const ProcessUse& use) { return cores_used(use, result); }));
    row.emplace_back("watched_private_bytes_max", watched([](const ProcessUse& use) {
                         return static_cast<double>(use.private_bytes_max);
                     }));
    row.emplace_back("own_cpu_us_per_answer", number(per_answer(result.own)));
    row.emplace_back("own_cores", number(cores_used(result.own, result)));
}

Row row_of(const LabelledRun& run) {
    const RunResult& result = run.result;
    const auto count = [](std::uint64_t value) { return fmt::format("{}", value); };
    Row row{{"label", run.label},
            {"section", run.section},
            {"round", fmt::format("{}", run.round)},
            {"connections", count(run.plan.connections)},
            {"offered_rate", run.plan.rate > 0 ? number(run.plan.rate) : ""},
            {"window_s", fmt::format("{:.3f}", result.window.to_seconds())},
            {"requests_per_second", fmt::format("{:.3f}", result.rate())},
            {"goodput_bytes_per_second", fmt::format("{:.3f}", result.goodput())},
            {"answered", count(result.answered)},
            {"bytes_in", count(result.bytes_in)},
            {"bytes_out", count(result.bytes_out)}};
    add_latency(row, latency_of(result));
    row.emplace_back("error_rate", number(result.error_rate()));
    for (std::size_t at = 0; at < error_kind_count; ++at) {
        const auto kind = static_cast<ErrorKind>(at);
        row.emplace_back("errors_" + std::string(name_of(kind)), count(result.errors[kind]));
    }
    add_processes(row, result);
    row.emplace_back("warnings", fmt::format("{}", result.warnings.size()));
    return row;
}

// Every coordinate that a run of this report has, in the order in which they come.
std::vector<std::string> coordinate_names(const Report& report) {
    std::vector<std::string> names;
    for (const LabelledRun& run : report.runs) {
        for (const Coordinate& at : run.at) {
            if (std::find(names.begin(), names.end(), at.name) == names.end()) {
                names.push_back(at.name);
            }
        }
    }
    return names;
}

void append_line(std::string& out, const std::vector<std::string>& fields) {
    for (std::size_t at = 0; at < fields.size(); ++at) {
        if (at != 0) out += ',';
        out += field(fields[at]);
    }
    out += "\r\n";
}

}  // namespace

std::string to_csv(const Report& report) {
    const std::vector<std::string> names = coordinate_names(report);
    std::string out;
    std::vector<std::string> fields;
    for (const auto& [column, value] : row_of(LabelledRun{})) fields.push_back(column);
    for (const std::string& name : names) fields.push_back("at_" + name);
    append_line(out, fields);
    for (const LabelledRun& run : report.runs) {
        fields.clear();
        for (const auto& [column, value] : row_of(run)) fields.push_back(value);
        for (const std::string& name : names) {
            const Coordinate* at = coordinate(run, name);
            if (at == nullptr) {
                fields.emplace_back();
            } else {
                fields.push_back(at->text.empty() ? number(at->value) : at->text);
            }
        }
        append_line(out, fields);
    }
    return out;
}

}  // namespace ringway::bench
