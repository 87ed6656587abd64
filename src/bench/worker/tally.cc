#include "tally.h"

#include <algorithm>
#include <cmath>

namespace ringway::bench {

Tally::Tally(const RunPlan& plan) {
    if (plan.kinds.size() > 1) {
        for (std::size_t kind = 0; kind < plan.kinds.size(); ++kind) {
            kinds.push_back(std::make_unique<KindTally>());
        }
    }
    if (plan.work == Work::events) events = std::make_unique<EventTally>();
}

std::uint64_t Tally::error_count() const {
    std::uint64_t sum = 0;
    for (const stats::Counter& counter : errors) sum += counter.read();
    return sum;
}

namespace {

void collect_kinds(const Tally& tally, const RunPlan& plan, RunResult& result) {
    result.kinds.resize(tally.kinds.size());
    for (std::size_t kind = 0; kind < tally.kinds.size(); ++kind) {
        KindFigures& figures = result.kinds[kind];
        figures.label = plan.kinds[kind].label;
        figures.answered += tally.kinds[kind]->answered.read();
        figures.errors += tally.kinds[kind]->errors.read();
        figures.latency.add(tally.kinds[kind]->latency);
    }
}

void collect_events(const EventTally& tally, RunResult& result) {
    if (!result.events) result.events.emplace();
    EventFigures& figures = *result.events;
    figures.streams += tally.streams.read();
    figures.events += tally.events.read();
    figures.lost += tally.lost.read();
    figures.first_event.add(tally.first_event);
    figures.gap.add(tally.gap);
    figures.delay.add(tally.delay);
}

void collect_one(const Tally& tally, RunResult& result) {
    result.answered += tally.answered.read();
    result.begun += tally.begun.read();
    result.bytes_in += tally.bytes_in.read();
    result.bytes_out += tally.bytes_out.read();
    result.body_bytes_in += tally.body_bytes_in.read();
    result.connections_opened += tally.connections_opened.read();
    result.unfinished += tally.unfinished.read();
    result.answered_in_all += tally.answered_in_all.read();
    result.begun_in_all += tally.begun_in_all.read();
    result.scheduled += tally.scheduled.read();
    result.overdue_at_end += tally.overdue_at_end.read();
    result.latency.add(tally.latency);
    result.connect.add(tally.connect);
    result.lateness.add(tally.lateness);
    result.waiting.add(tally.waiting);
    for (std::size_t kind = 0; kind < error_kind_count; ++kind) {
        result.errors.of[kind] += tally.errors[kind].read();
    }
    for (std::size_t code = 0; code < status_count; ++code) {
        const std::uint64_t seen = tally.status[code].read();
        if (seen > 0) result.status[static_cast<std::uint16_t>(code)] += seen;
    }
}

}  // namespace

void collect(const std::vector<const Tally*>& tallies, const RunPlan& plan, RunResult& result) {
    double sum_us = 0;
    double squares_us = 0;
    for (const Tally* tally : tallies) {
        collect_one(*tally, result);
        if (!tally->kinds.empty()) collect_kinds(*tally, plan, result);
        if (tally->events) collect_events(*tally->events, result);
        sum_us += tally->latency_sum_us;
        squares_us += tally->latency_squares_us;
    }
    const auto samples = static_cast<double>(result.latency.count());
    if (samples > 0) {
        result.latency_mean_us = sum_us / samples;
        const double variance =
            squares_us / samples - result.latency_mean_us * result.latency_mean_us;
        result.latency_stddev_us = std::sqrt(std::max(0.0, variance));
    }
}

}  // namespace ringway::bench
