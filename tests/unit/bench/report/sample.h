// Made-up reports of every kind, with figures that are easy to recognise again.
#pragma once

#include <vector>

#include "ringway/bench/report.h"

namespace ringway::bench::sample {

stats::HistogramReading reading(const std::vector<std::uint64_t>& values_ns);
// A run of so many connections whose latencies lie about `middle_us`, with a long tail.
LabelledRun run(const std::string& label, unsigned connections, double rate, double middle_us);

Report plain();  // one run with everything in it
Report of(ReportKind kind);
Report hostile();  // every text from outside is an attack on HTML, JSON, CSV or a terminal
Report empty();    // nothing was answered

}  // namespace ringway::bench::sample
