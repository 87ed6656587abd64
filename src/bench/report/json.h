// The parts of the JSON report: each writes one object or member of docs/bench-report.schema.json.
#pragma once

#include "figures.h"
#include "ringway/bench/report.h"
#include "ringway/stats/json.h"

namespace ringway::bench {

// Of the lowest sample to the highest, by sixteenths of a power of two.
void write_distribution(stats::JsonWriter& json, const stats::HistogramReading& reading);
void write_latency(stats::JsonWriter& json, const LatencySummary& summary);
void write_errors(stats::JsonWriter& json, const ErrorCounts& errors);
void write_plan(stats::JsonWriter& json, const RunPlan& plan);
void write_run(stats::JsonWriter& json, const LabelledRun& run);

}  // namespace ringway::bench
