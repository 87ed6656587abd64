#include "sample.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ringway/base/random.h"

namespace ringway::bench::sample {
namespace {

// Between 0 and 1, neither included.
double uniform(base::Random& random) {
    return (static_cast<double>(random.below(1'000'000)) + 0.5) / 1e6;
}

stats::HistogramReading latencies(base::Random& random, double middle_us, int samples) {
    stats::Histogram histogram;
    for (int at = 0; at < samples; ++at) {
        const double normal =
            std::sqrt(-2 * std::log(uniform(random))) * std::cos(2 * 3.14159265 * uniform(random));
        double us = middle_us * std::exp(0.35 * normal);
        if (uniform(random) < 0.004) us *= 3 + 12 * uniform(random);
        histogram.record(static_cast<std::uint64_t>(us * 1e3));
    }
    stats::HistogramReading result;
    result.add(histogram);
    return result;
}

ProcessUse use(double cpu_seconds, std::uint64_t private_bytes) {
    return {.cpu_seconds = cpu_seconds,
            .user_seconds = cpu_seconds * 0.3,
            .system_seconds = cpu_seconds * 0.7,
            .private_bytes_before = private_bytes * 3 / 4,
            .private_bytes_max = private_bytes,
            .resident_bytes_max = private_bytes * 2};
}

void add_timeline(RunResult& result, base::Random& random, double rate, double middle_us) {
    for (int second = 0; second < 10; ++second) {
        const double wobble = 0.95 + 0.1 * uniform(random);
        result.timeline.push_back({.answered = static_cast<std::uint64_t>(rate * wobble),
                                   .bytes_in = static_cast<std::uint64_t>(rate * wobble * 1200),
                                   .bytes_out = static_cast<std::uint64_t>(rate * wobble * 60),
                                   .seconds = 1,
                                   .p50_us = middle_us / wobble,
                                   .p99_us = middle_us * 2.4 / wobble,
                                   .max_us = middle_us * 9,
                                   .watched_cpu = 0.97 * wobble,
                                   .own_cpu = 0.41 * wobble,
                                   .foreign_share = second == 4 ? 0.06 : 0.002,
                                   .watched_private_bytes = 9'400'000});
    }
}

Conditions conditions() {
    return {.ringway_version = "0.1.0",
            .started_at = "2026-01-02T03:04:05.000006Z",
            .command = {"ringway", "bench", "http://127.0.0.1:8080/", "--header", "X-A: b c"},
            .machine = "Example Processor 9000",
            .cores = 2,
            .memory_bytes = 8ULL << 30,
            .kernel = "Linux 6.12.0",
            .congestion_control = "cubic",
            .ring = "defer-taskrun single-issuer",
            .proxy = "ringway 0.1.0 --shards 1"};
}

Report base_of(ReportKind kind) {
    Report report;
    report.kind = kind;
    report.target = "http://127.0.0.1:8080/bytes/1024";
    report.conditions = conditions();
    return report;
}

// As a closed queue answers: more connections, more rate until it is busy, then only waiting.
LabelledRun level(unsigned connections) {
    const double busy = std::min(1.0, connections / 24.0);
    const double rate = 118'000 * (1 - std::exp(-2.2 * busy)) / 0.89;
    const double middle_us = std::max(90.0, connections / rate * 1e6 * 0.93);
    LabelledRun one = run(fmt::format("{} connections", connections), connections, rate, middle_us);
    one.at = {{"connections", static_cast<double>(connections), {}}};
    return one;
}

void add_levels(Report& report) {
    for (const unsigned connections : {1U, 4U, 16U, 32U, 64U, 128U, 256U, 512U}) {
        report.runs.push_back(level(connections));
    }
    report.figures = {{.name = "knee_connections",
                       .title = "knee",
                       .value = 32,
                       .unit = "connections",
                       .note = {},
                       .target = {},
                       .strict_target = {}}};
    if (report.kind == ReportKind::knee) {
        for (const auto& [at, score] : {std::pair{16, 0.8}, {32, 1.0}, {64, 0.55}}) {
            report.figures.push_back({.name = fmt::format("score_at_{}", at),
                                      .title = fmt::format("score at {} connections", at),
                                      .value = score,
                                      .unit = "ratio",
                                      .note = {},
                                      .target = {},
                                      .strict_target = {}});
        }
    }
    report.findings = {
        {Severity::advice, "p99 doubles beyond 64 connections.", "--pool-max", "knee_connections"}};
}

void add_matrix(Report& report) {
    for (const double size : {128.0, 1024.0, 16384.0, 1048576.0}) {
        for (const unsigned connections : {1U, 16U, 64U}) {
            LabelledRun one = level(connections);
            one.label = fmt::format("{:.0f} B x {}", size, connections);
            one.at = {{"size", size, size < 1024 ? "" : fmt::format("{:.0f}KiB", size / 1024)},
                      {"connections", static_cast<double>(connections), {}}};
            one.result.answered = static_cast<std::uint64_t>(
                static_cast<double>(one.result.answered) / (1 + size / 20000));
            one.result.status = {{200, one.result.answered}};
            one.result.body_bytes_in = one.result.answered * static_cast<std::uint64_t>(size);
            report.runs.push_back(std::move(one));
        }
    }
}

void add_ways(Report& report) {
    for (int round = 0; round < 3; ++round) {
        for (const bool is_direct : {true, false}) {
            LabelledRun one = run(is_direct ? "direct" : "proxied", 16, is_direct ? 90e3 : 61e3,
                                  is_direct ? 62 : 118);
            one.at = {{"side", is_direct ? 0.0 : 1.0, one.label}};
            one.round = round;
            if (is_direct) one.result.watched.reset();
            report.runs.push_back(std::move(one));
        }
    }
    report.figures = {{.name = "added_latency_p50",
                       .title = "added latency, p50",
                       .value = 56,
                       .unit = "us",
                       .note = {},
                       .target = {},
                       .strict_target = {}}};
}

void add_baseline(Report& report) {
    Report ways = base_of(ReportKind::versus_direct);
    add_ways(ways);
    Report levels = base_of(ReportKind::sweep);
    add_levels(levels);
    for (LabelledRun& one : ways.runs) one.section = "latency";
    for (LabelledRun& one : levels.runs) one.section = "concurrency";
    report.runs = std::move(ways.runs);
    report.runs.insert(report.runs.end(), levels.runs.begin(), levels.runs.end());
    report.figures = {
        {"added_latency_p99", "added latency, p99", 212, "us", "", true, 10'000, 150, false},
        {"base_memory", "base memory", 9.1e6, "bytes", "", true, 1e8, 1.6e7, false},
        {"scaling", "scaling efficiency", 0, "ratio",
         "not measurable: shards and generator exceed the cores", false, 0.7, 0.9, true},
        {"rate", "answers per second", 61'000, "per_second", "", true, 80'000, {}, true}};
}

void add_shards(Report& report) {
    for (const unsigned shards : {1U, 2U, 4U}) {
        LabelledRun one =
            run(fmt::format("{} shards", shards), 64, 60e3 * std::pow(shards, 0.9), 300);
        one.at = {{"shards", static_cast<double>(shards), {}}};
        report.runs.push_back(std::move(one));
    }
}

void add_throttle(Report& report) {
    for (const char* what : {"unthrottled", "10 MiB/s, 5 ms", "10 MiB/s, 50 ms, 1 % lost"}) {
        LabelledRun one = run(what, 16, 2'000, 8'000);
        one.at = {{"link", 1, what}};
        report.runs.push_back(std::move(one));
    }
}

}  // namespace

stats::HistogramReading reading(const std::vector<std::uint64_t>& values_ns) {
    stats::Histogram histogram;
    for (const std::uint64_t value : values_ns) histogram.record(value);
    stats::HistogramReading result;
    result.add(histogram);
    return result;
}

LabelledRun run(const std::string& label, unsigned connections, double rate, double middle_us) {
    base::Random random(connections + static_cast<std::uint64_t>(rate));
    LabelledRun one;
    one.label = label;
    one.plan.connections = connections;
    one.plan.destination.text = "127.0.0.1:8080";
    one.plan.destination.authority = "127.0.0.1:8080";
    one.plan.kinds = {{.label = "http://127.0.0.1:8080/bytes/1024"}};
    RunResult& result = one.result;
    result.window = base::Duration::seconds(10);
    result.answered = static_cast<std::uint64_t>(rate * 10);
    result.begun = result.answered + connections;
    result.answered_in_all = result.answered * 11 / 10;
    result.begun_in_all = result.answered_in_all + connections;
    result.bytes_in = result.answered * 1200;
    result.bytes_out = result.answered * 60;
    result.body_bytes_in = result.answered * 1024;
    result.status = {{200, result.answered}};
    result.latency = latencies(random, middle_us, 40'000);
    result.latency_mean_us = result.latency.mean_ns() / 1e3;
    result.latency_stddev_us = middle_us * 0.6;
    add_timeline(result, random, rate, middle_us);
    result.own = use(4.1, 5'000'000);
    result.watched = use(9.7, 9'400'000);
    result.cores = {{0, 0.97}, {1, 0.62}};
    result.busiest_thread = 0.41;
    return one;
}

Report plain() {
    Report report = base_of(ReportKind::run);
    LabelledRun one = run("64 connections", 64, 50'000, 640);
    RunResult& result = one.result;
    one.plan.rate = 50'000;
    result.errors[ErrorKind::timeout] = 12;
    result.errors[ErrorKind::status_5xx] = 3;
    result.status[503] = 3;
    result.timeline[6].errors = 15;
    result.connections_opened = 12;
    result.connect = reading({80'000, 95'000, 210'000});
    result.scheduled = 500'000;
    result.lateness = reading({1'000, 2'000, 30'000});
    result.waiting = reading({2'000'000});
    result.overdue_at_end = 1;
    result.kinds = {{"http://127.0.0.1:8080/a", 300'000, 12, reading({600'000, 700'000})},
                    {"http://127.0.0.1:8080/b", 200'000, 3, reading({500'000, 900'000})}};
    result.events = {{.streams = 2,
                      .events = 100,
                      .lost = 1,
                      .first_event = reading({1'000'000}),
                      .gap = reading({10'000'000, 11'000'000}),
                      .delay = reading({90'000})}};
    result.warnings = {"others took 6.0 % of the generator's cores in one second"};
    report.runs = {std::move(one)};
    report.slo = {{.file = "slo.toml", .passed = false, .checks = 4, .warnings = 1, .breaches = 1}};
    report.findings = {{Severity::critical, "p99 is 1.6 ms, above 1 ms", "", "latency_p99"}};
    return report;
}

Report of(ReportKind kind) {
    if (kind == ReportKind::run) return plain();
    Report report = base_of(kind);
    switch (kind) {
        case ReportKind::matrix: add_matrix(report); break;
        case ReportKind::versus_direct: add_ways(report); break;
        case ReportKind::baseline: add_baseline(report); break;
        case ReportKind::scaling: add_shards(report); break;
        case ReportKind::throttle: add_throttle(report); break;
        default: add_levels(report); break;
    }
    return report;
}

Report hostile() {
    Report report = of(ReportKind::sweep);
    const std::string text =
        "</script><script>boom()</script><img src=x onerror=boom()>\"' , \x1b[31m\n\xff\xfe &amp;";
    report.target = text;
    report.conditions = {.ringway_version = text,
                         .started_at = text,
                         .command = {"ringway", text},
                         .machine = text,
                         .kernel = text,
                         .congestion_control = text,
                         .ring = text,
                         .proxy = text};
    for (LabelledRun& one : report.runs) {
        one.label += text;
        one.plan.destination.text = text;
        one.result.warnings = {text};
        one.result.kinds = {{text, 1, 1, reading({1'000})}, {"b", 1, 1, reading({1'000})}};
    }
    report.figures.push_back({text, text, std::nan(""), text, text, true, 1, 2, false});
    report.findings.push_back({Severity::warning, text, text, text});
    report.slo = {{.file = text, .passed = true, .checks = 1}};
    return report;
}

Report empty() {
    Report report = base_of(ReportKind::run);
    LabelledRun one;
    one.label = "1 connection";
    one.result.errors[ErrorKind::connect] = 5;
    report.runs = {one};
    report.interrupted = true;
    return report;
}

}  // namespace ringway::bench::sample
