// One run in the JSON report: what was asked, and all that was measured.
#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "json.h"

namespace ringway::bench {

using stats::JsonWriter;

namespace {

const char* name_of(Work work) {
    switch (work) {
        case Work::requests: return "requests";
        case Work::events: return "events";
        case Work::ping_pong: return "ping-pong";
        case Work::download: return "download";
        case Work::upload: return "upload";
    }
    return "requests";
}

const char* name_of(BodyCheck check) {
    switch (check) {
        case BodyCheck::none: return "none";
        case BodyCheck::length: return "length";
        case BodyCheck::hash: return "hash";
        case BodyCheck::first: return "first";
    }
    return "none";
}

// The end of the sixteenth of a power of two that holds the value.
std::uint64_t end_of_step(std::uint64_t value_ns) {
    constexpr unsigned step_bits = 4;
    const auto width = static_cast<unsigned>(std::bit_width(value_ns));
    const unsigned shift = width > step_bits + 1 ? width - step_bits - 1 : 0;
    return ((value_ns >> shift) + 1) << shift;
}

void write_use(JsonWriter& json, std::string_view name, const ProcessUse& use,
               const RunResult& result) {
    json.begin_object(name);
    json.precise("cpu_s", use.cpu_seconds);
    json.precise("user_s", use.user_seconds).precise("system_s", use.system_seconds);
    json.precise("cores", cores_used(use, result));
    if (result.answered > 0) {
        json.real("cpu_us_per_answer", cpu_us_per_answer(use, result));
    } else {
        json.null("cpu_us_per_answer");
    }
    json.number("private_bytes_before", use.private_bytes_before);
    json.number("private_bytes_max", use.private_bytes_max);
    json.number("resident_bytes_max", use.resident_bytes_max);
    json.end_object();
}

void write_timeline(JsonWriter& json, const RunResult& result) {
    json.begin_array("timeline");
    for (const TimelineCell& cell : result.timeline) {
        json.begin_object();
        json.real("seconds", cell.seconds);
        json.number("answered", cell.answered).number("errors", cell.errors);
        json.number("bytes_in", cell.bytes_in).number("bytes_out", cell.bytes_out);
        json.real("p50_us", cell.p50_us).real("p99_us", cell.p99_us).real("max_us", cell.max_us);
        json.real("late_p99_us", cell.late_p99_us);
        json.precise("watched_cpu_cores", cell.watched_cpu);
        json.precise("own_cpu_cores", cell.own_cpu);
        json.precise("foreign_share", cell.foreign_share);
        json.number("watched_private_bytes", cell.watched_private_bytes);
        json.end_object();
    }
    json.end_array();
}

void write_kinds(JsonWriter& json, const RunResult& result) {
    json.begin_array("kinds");
    for (const KindFigures& kind : result.kinds) {
        json.begin_object();
        json.text("label", kind.label);
        json.number("answered", kind.answered).number("errors", kind.errors);
        json.key("latency_us");
        write_latency(json, summary_of(kind.latency));
        json.end_object();
    }
    json.end_array();
}

void write_events(JsonWriter& json, const RunResult& result) {
    if (!result.events) {
        json.null("events");
        return;
    }
    const EventFigures& events = *result.events;
    json.begin_object("events");
    json.number("streams", events.streams);
    json.number("events", events.events).number("lost", events.lost);
    json.key("first_event_us");
    write_latency(json, summary_of(events.first_event));
    json.key("gap_us");
    write_latency(json, summary_of(events.gap));
    json.key("delay_us");
    write_latency(json, summary_of(events.delay));
    json.end_object();
}

void write_schedule(JsonWriter& json, const LabelledRun& run) {
    const RunResult& result = run.result;
    const bool is_open_loop = run.plan.rate > 0 || result.scheduled > 0;
    if (!is_open_loop) {
        json.null("schedule");
        return;
    }
    json.begin_object("schedule");
    json.number("scheduled", result.scheduled).number("overdue_at_end", result.overdue_at_end);
    json.key("lateness_us");
    write_latency(json, summary_of(result.lateness));
    json.key("waiting_us");
    write_latency(json, summary_of(result.waiting));
    json.end_object();
}

void write_counts(JsonWriter& json, const RunResult& result) {
    json.real("window_s", result.window.to_seconds());
    json.boolean("interrupted", result.interrupted);
    json.real("requests_per_second", result.rate());
    json.real("goodput_bytes_per_second", result.goodput());
    json.number("answered", result.answered).number("begun", result.begun);
    json.number("unfinished", result.unfinished);
    json.number("answered_in_all", result.answered_in_all);
    json.number("begun_in_all", result.begun_in_all);
    json.number("bytes_in", result.bytes_in).number("bytes_out", result.bytes_out);
    json.number("body_bytes_in", result.body_bytes_in);
    json.number("connections_opened", result.connections_opened);
    json.precise("error_rate", result.error_rate());
    json.number("errors_total", result.errors.total());
    json.key("errors");
    write_errors(json, result.errors);
    json.begin_object("status");
    for (const auto& [code, count] : result.status) json.number(fmt::format("{}", code), count);
    json.end_object();
}

void write_processes(JsonWriter& json, const RunResult& result) {
    write_use(json, "own", result.own, result);
    if (result.watched) {
        write_use(json, "watched", *result.watched, result);
    } else {
        json.null("watched");
    }
    json.begin_array("cores");
    for (const CoreUse& core : result.cores) {
        json.begin_object().integer("cpu", core.cpu).precise("busy", core.busy).end_object();
    }
    json.end_array();
    json.precise("busiest_thread", result.busiest_thread);
    json.begin_array("warnings");
    for (const std::string& warning : result.warnings) json.text(warning);
    json.end_array();
}

}  // namespace

void write_distribution(JsonWriter& json, const stats::HistogramReading& reading) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> steps;  // end in ns, samples
    reading.for_each_bucket([&](std::uint64_t middle_ns, std::uint64_t samples) {
        const std::uint64_t end = end_of_step(middle_ns);
        if (steps.empty() || steps.back().first != end) steps.emplace_back(end, 0);
        steps.back().second += samples;
    });
    json.begin_object();
    json.begin_array("below_us");
    for (const auto& [end, samples] : steps) json.real(static_cast<double>(end) / 1e3);
    json.end_array();
    json.begin_array("samples");
    for (const auto& [end, samples] : steps) json.number(samples);
    json.end_array();
    json.end_object();
}

void write_latency(JsonWriter& json, const LatencySummary& summary) {
    const auto member = [&](std::string_view name, double us) {
        if (summary.samples == 0) {
            json.null(name);
        } else {
            json.real(name, us);
        }
    };
    json.begin_object();
    json.number("samples", summary.samples);
    for (std::size_t at = 0; at < percentile_points.size(); ++at) {
        member(percentile_points[at].key, summary.at_us[at]);
    }
    member("max", summary.max_us);
    member("mean", summary.mean_us);
    member("stddev", summary.stddev_us);
    json.end_object();
}

void write_errors(JsonWriter& json, const ErrorCounts& errors) {
    json.begin_object();
    for (std::size_t at = 0; at < error_kind_count; ++at) {
        const auto kind = static_cast<ErrorKind>(at);
        json.number(bench::name_of(kind), errors[kind]);
    }
    json.end_object();
}

void write_plan(JsonWriter& json, const RunPlan& plan) {
    json.begin_object();
    json.text("flags", flags_of(plan));
    json.text("work", name_of(plan.work));
    json.text("destination", plan.destination.text);
    json.text("authority", plan.destination.authority);
    json.number("threads", plan.threads).boolean("pin", plan.pin);
    json.begin_array("cores");
    for (const int core : plan.cores) json.integer(core);
    json.end_array();
    json.number("connections", plan.connections);
    json.boolean("new_connection_each", plan.new_connection_each);
    json.number("pipeline", plan.pipeline);
    json.precise("think_time_us", static_cast<double>(plan.think_time.ns) / 1e3);
    json.precise("rate", plan.rate).precise("rate_end", plan.rate_end);
    json.precise("warm_up_s", plan.warm_up.to_seconds());
    json.precise("duration_s", plan.measure.to_seconds());
    json.number("requests_max", plan.requests_max);
    json.precise("connect_timeout_s", plan.connect_timeout.to_seconds());
    json.precise("timeout_s", plan.timeout.to_seconds());
    json.precise("drain_s", plan.drain.to_seconds());
    json.text("verify", name_of(plan.verification.check));
    json.number("message_bytes", plan.message_bytes);
    json.boolean("stamped_events", plan.stamped_events);
    json.integer("watch_pid", plan.watch_pid);
    json.number("seed", plan.seed);
    json.begin_array("kinds");
    for (const RequestKind& kind : plan.kinds) {
        json.begin_object();
        json.text("label", kind.label).text("method", kind.method).text("target", kind.target);
        json.precise("weight", kind.weight).number("body_bytes", kind.body.size());
        json.end_object();
    }
    json.end_array();
    if (plan.replay) {
        json.begin_object("replay");
        json.number("requests", plan.replay->requests.size());
        json.boolean("keep_times", plan.replay->keep_times);
        json.precise("speed", plan.replay->speed).boolean("repeat", plan.replay->repeat);
        json.end_object();
    } else {
        json.null("replay");
    }
    json.end_object();
}

void write_run(JsonWriter& json, const LabelledRun& run) {
    json.begin_object();
    json.text("label", run.label).text_or_null("section", run.section);
    json.begin_array("coordinates");
    for (const Coordinate& at : run.at) {
        json.begin_object();
        json.text("name", at.name).precise("value", at.value).text_or_null("text", at.text);
        json.end_object();
    }
    json.end_array();
    json.integer("round", run.round);
    json.key("plan");
    write_plan(json, run.plan);
    write_counts(json, run.result);
    json.key("latency_us");
    write_latency(json, latency_of(run.result));
    json.key("latency_distribution");
    write_distribution(json, run.result.latency);
    json.key("connect_us");
    write_latency(json, summary_of(run.result.connect));
    write_schedule(json, run);
    write_kinds(json, run.result);
    write_events(json, run.result);
    write_processes(json, run.result);
    write_timeline(json, run.result);
    json.end_object();
}

}  // namespace ringway::bench
