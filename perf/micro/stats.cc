// Costs of counting: histograms, windows, and all that one exchange records.

#include <array>
#include <memory>

#include "bench.h"
#include "ringway/base/random.h"
#include "ringway/stats/exchange_record.h"
#include "ringway/stats/histogram.h"
#include "ringway/stats/http_stats.h"
#include "ringway/stats/latency.h"

namespace ringway::perf {
namespace {

// Latencies as they come: most near 200 us, some far above. A power of two of them, so that taking
// the next costs nothing.
constexpr std::size_t sample_count = 4096;
std::array<std::int64_t, sample_count> latencies() {
    std::array<std::int64_t, sample_count> samples{};
    base::Random random(1);
    for (auto& sample : samples) {
        const bool slow = random.below(100) == 0;
        sample = 150'000 + static_cast<std::int64_t>(random.below(slow ? 5'000'000 : 100'000));
    }
    return samples;
}

void bench_histogram() {
    const auto samples = latencies();
    const auto histogram = std::make_unique<stats::Histogram>();
    measure("histogram: record", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            histogram->record(static_cast<std::uint64_t>(samples[i % sample_count]));
        }
    });
    const auto latency = std::make_unique<stats::Latency>();
    measure("latency: record in histogram and window", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            latency->record({samples[i % sample_count]}, base::Instant{1'000'000'000});
        }
    });
    stats::HistogramReading reading;
    reading.add(*histogram);
    measure("histogram: read (the one that allocates)", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            stats::HistogramReading copy;
            copy.add(*histogram);
            keep(copy.count());
        }
    });
    measure("histogram: one percentile of a reading", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) keep(reading.percentile_ns(99));
    });
}

// What every request costs in counting: its route and its upstream.
void bench_traffic() {
    const auto samples = latencies();
    const auto route = std::make_unique<stats::TrafficStats>();
    const auto upstream = std::make_unique<stats::TrafficStats>();
    const auto count = [&](std::uint64_t n, bool all_phases) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const base::Duration value{samples[i % sample_count]};
            stats::ExchangeTimes times;
            times.total = value;
            times.first_byte = value;
            if (all_phases) times.queue = times.connect = value;
            for (stats::TrafficStats* traffic : {route.get(), upstream.get()}) {
                traffic->count_begin();
                traffic->count_end(stats::MethodClass::read, 200, stats::ExchangeEnd::finished,
                                   times, base::Instant{1'000'000'000});
            }
        }
    };
    measure("traffic: an exchange by route and upstream, connection reused",
            [&](std::uint64_t n) { count(n, false); });
    measure("traffic: an exchange by route and upstream, all four phases",
            [&](std::uint64_t n) { count(n, true); });
}

void bench_lines() {
    stats::ExchangeRecord record;
    record.ended_wall_us = 1'763'652'793'123'456;
    record.request_id = "0af7651916cd43dd8448eb211c80319c";
    record.client = "192.0.2.7:51000";
    record.listener = "web";
    record.route = record.upstream = "api";
    record.endpoint = "10.0.0.5:80";
    record.method = "GET";
    record.target = "/v1/items/4711?fields=name,price&page=2";
    record.host = "api.example.com";
    record.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    record.referer = "https://www.example.com/catalogue/index.html";
    record.status = 200;
    record.response_body_bytes = 1024;
    record.response_bytes = 1200;
    record.reused = true;
    record.head = base::Duration::microseconds(3);
    record.times.first_byte = base::Duration::microseconds(150);
    record.times.total = base::Duration::microseconds(190);
    const auto line = std::make_unique<std::array<char, stats::exchange_line_bytes_max>>();
    using Format = stats::ExchangeLineFormat;
    const auto row = [&](const char* name, Format format) {
        measure(name, [&, format](std::uint64_t n) {
            for (std::uint64_t i = 0; i < n; ++i) {
                record.exchange = i;
                keep(stats::format_exchange_line(line->data(), line->size(), record, format));
            }
        });
    };
    row("access log: a line of an exchange as text", Format::text);
    row("access log: a line of an exchange as JSON", Format::json);
    row("access log: a line of an exchange, combined", Format::combined);
    row("access log: a line of an exchange as HAProxy's", Format::haproxy);
}

}  // namespace

void bench_stats() {
    bench_histogram();
    bench_traffic();
    bench_lines();
}

}  // namespace ringway::perf
