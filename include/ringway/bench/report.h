// What a command of `ringway bench` found out, ready to be written in any form.
//
// Suites fill it, verdicts add to it, writers (src/bench/report) only read it. The JSON writer's
// shape is docs/bench-report.schema.json; `schema_version` changes when a reader would notice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ringway/bench/plan.h"
#include "ringway/bench/result.h"

namespace ringway::bench {

inline constexpr int schema_version = 1;

enum class ReportKind : std::uint8_t {
    run,
    sweep,
    knee,
    ramp,
    scaling,
    matrix,
    throttle,
    versus_direct,
    baseline,
};
std::string_view name_of(ReportKind kind);  // "run", ..., "versus-direct", "baseline"

// What tells one run of a suite from the others, in order: {"connections", 64}, {"size", 1024}.
struct Coordinate {
    std::string name;
    double value = 0;
    std::string text;  // instead of the number, when not empty: "direct", "proxied"
};

struct LabelledRun {
    std::string label;    // "64 connections"; unique but for the round
    std::string section;  // of a baseline: "latency", "concurrency", ...; otherwise empty
    std::vector<Coordinate> at;
    int round = 0;  // of repeated measurements of the same thing, from 0
    RunPlan plan;
    RunResult result;
};

// A derived figure: the knee, an efficiency, an added latency.
struct Figure {
    std::string name;   // "added_latency_p99", "knee_connections"; snake_case, stable
    std::string title;  // for people
    double value = 0;
    std::string unit;  // "us", "ratio", "connections", "bytes", ""
    std::string note;  // "not measurable: ..." when `known` is false
    bool known = true;
    std::optional<double> target;  // with `higher_is_better`
    std::optional<double> strict_target;
    bool higher_is_better = false;
};

enum class Severity : std::uint8_t { note, advice, warning, critical };
std::string_view name_of(Severity severity);

// A sentence that follows from a measured figure, with the flag to change where there is one.
struct Finding {
    Severity severity = Severity::note;
    std::string text;
    std::string flag;    // "--pool-max" or empty
    std::string figure;  // name of the figure or of the run it is tied to, or empty
};

struct Conditions {
    std::string ringway_version;
    std::string started_at;  // RFC 3339, UTC
    std::vector<std::string> command;
    std::string machine;  // processor's model
    unsigned cores = 0;
    std::uint64_t memory_bytes = 0;
    std::string kernel;
    std::string congestion_control;
    std::string ring;   // features, as the server's log names them
    std::string proxy;  // the measured proxy's version and flags, where they are known
};

struct Report {
    ReportKind kind = ReportKind::run;
    std::string target;  // the URL as given
    Conditions conditions;
    std::vector<LabelledRun> runs;  // in the order in which they were taken
    std::vector<Figure> figures;
    std::vector<Finding> findings;
    // What --slo decided; its breaches are findings too.
    struct Slo {
        std::string file;
        bool passed = true;
        unsigned checks = 0, warnings = 0, breaches = 0;
    };
    std::optional<Slo> slo;
    bool interrupted = false;
};

}  // namespace ringway::bench
