#include "json.h"

#include "writers.h"

namespace ringway::bench {

using stats::JsonWriter;

namespace {

void write_conditions(JsonWriter& json, const Conditions& conditions) {
    json.begin_object("conditions");
    json.text("ringway_version", conditions.ringway_version);
    json.text("started_at", conditions.started_at);
    json.begin_array("command");
    for (const std::string& word : conditions.command) json.text(word);
    json.end_array();
    json.text("machine", conditions.machine);
    json.number("cores", conditions.cores).number("memory_bytes", conditions.memory_bytes);
    json.text("kernel", conditions.kernel);
    json.text("congestion_control", conditions.congestion_control);
    json.text("ring", conditions.ring).text_or_null("proxy", conditions.proxy);
    json.end_object();
}

// What a plain run says at the top: its rounds as one.
void write_whole(JsonWriter& json, const Report& report) {
    std::vector<const LabelledRun*> runs;
    for (const LabelledRun& run : report.runs) runs.push_back(&run);
    const RunResult whole = merge(runs);
    json.real("requests_per_second", whole.rate());
    json.key("latency_us");
    write_latency(json, latency_of(whole));
    json.key("errors");
    write_errors(json, whole.errors);
}

void write_figure(JsonWriter& json, const Figure& figure) {
    const auto optional = [&](std::string_view name, std::optional<double> value) {
        if (value) {
            json.precise(name, *value);
        } else {
            json.null(name);
        }
    };
    json.begin_object();
    json.text("name", figure.name).text("title", figure.title);
    optional("value", figure.known ? std::optional(figure.value) : std::nullopt);
    json.text("unit", figure.unit).text_or_null("note", figure.note);
    json.boolean("known", figure.known);
    optional("target", figure.target);
    optional("strict_target", figure.strict_target);
    json.boolean("higher_is_better", figure.higher_is_better);
    json.end_object();
}

void write_findings(JsonWriter& json, const Report& report) {
    json.begin_array("findings");
    for (const Finding& finding : report.findings) {
        json.begin_object();
        json.text("severity", name_of(finding.severity)).text("text", finding.text);
        json.text_or_null("flag", finding.flag).text_or_null("figure", finding.figure);
        json.end_object();
    }
    json.end_array();
}

void write_slo(JsonWriter& json, const Report& report) {
    if (!report.slo) {
        json.null("slo");
        return;
    }
    json.begin_object("slo");
    json.text("file", report.slo->file).boolean("passed", report.slo->passed);
    json.number("checks", report.slo->checks).number("warnings", report.slo->warnings);
    json.number("breaches", report.slo->breaches);
    json.end_object();
}

}  // namespace

std::string to_json(const Report& report) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.integer("schema_version", schema_version);
    json.text("kind", name_of(report.kind)).text("target", report.target);
    json.boolean("interrupted", report.interrupted);
    if (report.kind == ReportKind::run && !report.runs.empty()) write_whole(json, report);
    write_conditions(json, report.conditions);
    json.begin_array("figures");
    for (const Figure& figure : report.figures) write_figure(json, figure);
    json.end_array();
    write_findings(json, report);
    write_slo(json, report);
    json.begin_array("runs");
    for (const LabelledRun& run : report.runs) write_run(json, run);
    json.end_array();
    json.end_object();
    out += '\n';
    return out;
}

}  // namespace ringway::bench
