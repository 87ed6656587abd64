#include "timeline.h"

namespace ringway::bench {

Timeline::Reading Timeline::read() const {
    Reading now;
    for (const Tally* tally : tallies_) {
        now.answered += tally->answered.read();
        now.errors += tally->error_count();
        now.bytes_in += tally->bytes_in.read();
        now.bytes_out += tally->bytes_out.read();
        now.latency.add(tally->latency);
        now.lateness.add(tally->lateness);
    }
    return now;
}

void Timeline::fill(TimelineCell& cell) {
    Reading now = read();
    cell.answered = now.answered - last_.answered;
    cell.errors = now.errors - last_.errors;
    cell.bytes_in = now.bytes_in - last_.bytes_in;
    cell.bytes_out = now.bytes_out - last_.bytes_out;
    const stats::HistogramReading latency = now.latency.since(last_.latency);
    const auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e3; };
    cell.p50_us = us(latency.percentile_ns(50));
    cell.p99_us = us(latency.percentile_ns(99));
    cell.max_us = us(latency.max_ns());
    cell.late_p99_us = us(now.lateness.since(last_.lateness).percentile_ns(99));
    last_ = std::move(now);
}

}  // namespace ringway::bench
