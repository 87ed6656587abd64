#include "report_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

#include "../input_file.h"
#include "ringway/bench/report.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Refusal;
using Element = simdjson::dom::element;

constexpr std::size_t report_bytes_max = 1 << 30;

std::optional<double> number_at(Element element, std::string_view pointer) {
    double value = 0;
    if (element.at_pointer(pointer).get_double().get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return value;
}

std::string text_at(Element element, std::string_view pointer) {
    std::string_view text;
    if (element.at_pointer(pointer).get_string().get(text) != simdjson::SUCCESS) return {};
    return std::string{text};
}

std::uint64_t count_at(Element element, std::string_view pointer) {
    std::uint64_t value = 0;
    if (element.at_pointer(pointer).get_uint64().get(value) != simdjson::SUCCESS) return 0;
    return value;
}

bool is_true_at(Element element, std::string_view pointer) {
    bool value = false;
    return element.at_pointer(pointer).get_bool().get(value) == simdjson::SUCCESS && value;
}

bool has_elements(Element element, std::string_view pointer) {
    simdjson::dom::array array;
    return element.at_pointer(pointer).get_array().get(array) == simdjson::SUCCESS &&
           array.size() > 0;
}

constexpr std::array<std::string_view, compared_figure_count> pointers{
    "/requests_per_second", "/latency_us/p50",  "/latency_us/p90",
    "/latency_us/p99",      "/latency_us/p999", "/watched/cpu_us_per_answer"};

// Without what is another number each time and changes nothing: the watched process.
std::string without_watch(std::string flags) {
    constexpr std::string_view flag = "--watch ";
    const std::size_t begin = flags.find(flag);
    if (begin == std::string::npos) return flags;
    const std::size_t end = std::min(flags.find(' ', begin + flag.size()), flags.size());
    flags.erase(begin, end - begin + (end < flags.size() ? 1 : 0));
    while (flags.ends_with(' ')) flags.pop_back();
    return flags;
}

void add_round(ComparedReport& report, Element round) {
    const std::string section = text_at(round, "/section");
    const std::string label = text_at(round, "/label");
    auto run = std::find_if(report.runs.begin(), report.runs.end(), [&](const ComparedRun& known) {
        return known.section == section && known.label == label;
    });
    if (run == report.runs.end()) {
        ComparedRun fresh;
        fresh.section = section;
        fresh.label = label;
        fresh.flags = without_watch(text_at(round, "/plan/flags"));
        run = report.runs.insert(run, std::move(fresh));
    }
    for (std::size_t i = 0; i < pointers.size(); ++i) {
        if (const auto value = number_at(round, pointers[i])) run->values[i].push_back(*value);
    }
    run->answered += count_at(round, "/answered");
    run->errors += count_at(round, "/errors_total");
    run->interrupted = run->interrupted || is_true_at(round, "/interrupted");
    run->warned = run->warned || has_elements(round, "/warnings");
}

void read_conditions(ComparedReport& report, Element root) {
    constexpr std::string_view names[] = {"machine", "kernel", "congestion_control", "ring",
                                          "ringway_version"};
    for (const std::string_view name : names) {
        report.conditions.emplace_back(name, text_at(root, fmt::format("/conditions/{}", name)));
    }
    report.conditions.emplace_back("cores", fmt::format("{}", count_at(root, "/conditions/cores")));
    report.conditions.emplace_back("memory_bytes",
                                   fmt::format("{}", count_at(root, "/conditions/memory_bytes")));
}

}  // namespace

Checked<ComparedReport> read_report(const std::string& file) {
    const auto refuse = [&](std::string why, std::string hint = {}) {
        return Refusal{fmt::format("{}: {}", config::printable(file), why), std::move(hint)};
    };
    auto text = read_input(file, report_bytes_max);
    if (!text) return refuse(text.reason().rule);
    simdjson::dom::parser parser;
    Element root;
    if (const auto error = parser.parse(*text).get(root); error != simdjson::SUCCESS) {
        return refuse(fmt::format("it is no JSON: {}", simdjson::error_message(error)));
    }
    const auto version = number_at(root, "/schema_version");
    simdjson::dom::array runs;
    if (!version || root.at_pointer("/runs").get_array().get(runs) != simdjson::SUCCESS) {
        return refuse("it is no report of ringway bench",
                      "ringway bench URL --json FILE makes one");
    }
    if (*version != schema_version) {
        return refuse(fmt::format("its schema version is {}, and this ringway reads {}", *version,
                                  schema_version));
    }
    ComparedReport report;
    report.kind = text_at(root, "/kind");
    read_conditions(report, root);
    for (const Element round : runs) add_round(report, round);
    return report;
}

}  // namespace ringway::bench
