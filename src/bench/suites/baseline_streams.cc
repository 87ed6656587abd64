// A baseline's streams: server-sent events, and replies as language models give them.
#include <fmt/format.h>

#include "baseline.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr unsigned stream_connections = 50;
constexpr unsigned reply_connections = 16;
constexpr const char* no_watch = "not measured: --watch PID names the proxy's process";
constexpr const char* no_mock = "not measured: the origin is no ringway mock";
constexpr const char* no_events = "not measured: no event arrived";
// Twenty events a second, and tokens as a fast model gives them.
constexpr const char* events_target = "/events?interval=50ms&bytes=64";
constexpr const char* reply_behaviour = "ttft=20ms&tokens=32&token-rate=400";

// {} is true or false.
constexpr const char* messages_body = R"({{"model":"mock","max_tokens":32,"stream":{},)"
                                      R"("messages":[{{"role":"user","content":"Say it."}}]}})";

RequestKind reply_request(const std::string& target, bool streams) {
    RequestKind kind;
    kind.method = "POST";
    kind.target = target;
    kind.label = target;
    kind.fields = {{"Content-Type", "application/json"}, {"X-Mock", reply_behaviour}};
    kind.body = fmt::format(fmt::runtime(messages_body), streams);
    return kind;
}

using Reading = const stats::HistogramReading& (*)(const RunResult&);

std::optional<double> percentile_of(const RunResult* result, Reading of, double percent) {
    if (result == nullptr) return std::nullopt;
    const stats::HistogramReading& reading = of(*result);
    if (reading.count() == 0) return std::nullopt;
    return percentile_us(reading, percent);
}

const stats::HistogramReading& none() {
    static const stats::HistogramReading nothing;
    return nothing;
}

const stats::HistogramReading& first_event(const RunResult& result) {
    return result.events ? result.events->first_event : none();
}
const stats::HistogramReading& gap(const RunResult& result) {
    return result.events ? result.events->gap : none();
}
const stats::HistogramReading& delay(const RunResult& result) {
    return result.events ? result.events->delay : none();
}
const stats::HistogramReading& whole(const RunResult& result) { return result.latency; }

struct StreamFigure {
    const char* name;
    const char* title;
    Reading of;
    double percent;
};

constexpr StreamFigure stream_figures[] = {
    {"sse_first_event_p50", "time to the first event, p50", first_event, 50},
    {"sse_first_event_p99", "time to the first event, p99", first_event, 99},
    {"sse_gap_p50", "gap between events (sent every 50 ms), p50", gap, 50},
    {"sse_gap_p99", "gap between events (sent every 50 ms), p99", gap, 99},
    {"sse_delay_p50", "delay of events, p50", delay, 50},
    {"sse_delay_p99", "delay of events, p99", delay, 99},
};

}  // namespace

void Baseline::measure_event_streams() {
    say_part("event streams");
    RunPlan plan = plan_of(stream_connections);
    plan.work = Work::events;
    plan.stamped_events = true;
    plan.kinds[0].target = events_target;
    plan.measure = times_.long_window;
    std::optional<RunResult> direct;
    std::optional<RunResult> proxied;
    if (ground_.origin_is_mock) {
        if (const RunResult* past =
                take("event streams", "event streams, direct", past_the_proxy(plan))) {
            direct = *past;
        }
        if (const RunResult* through = take("event streams", "event streams, proxied", plan)) {
            proxied = *through;
        }
    }
    const RunResult* through = proxied ? &*proxied : nullptr;
    const std::string why_not = ground_.origin_is_mock ? no_events : no_mock;
    for (const StreamFigure& each : stream_figures) {
        const auto value = percentile_of(through, each.of, each.percent);
        Figure made = figure_or(each.name, each.title, value, "us", why_not);
        const auto past = percentile_of(direct ? &*direct : nullptr, each.of, each.percent);
        if (value && past) made.note = fmt::format("{} direct", time_in_words(*past));
        add(std::move(made));
    }
    add(figure_or("sse_lost_events", "events that were lost",
                  through != nullptr && through->events && through->events->events > 0
                      ? std::optional{static_cast<double>(through->events->lost)}
                      : std::nullopt,
                  "events", why_not));
    add(figure_or("sse_cpu_per_event", "CPU per event",
                  through != nullptr ? watched_us_per_answer(*through) : std::nullopt, "us",
                  through != nullptr && through->answered > 0 ? no_watch : why_not));
}

void Baseline::measure_replies() {
    say_part("replies as language models give them");
    const struct {
        const char* target;
        const char* name;
        const char* title;
    } formats[] = {{"/v1/messages", "messages", "Messages"},
                   {"/v1/chat/completions", "completions", "Chat Completions"}};
    for (const auto& format : formats) {
        for (const bool streams : {true, false}) {
            measure_reply(reply_request(format.target, streams),
                          fmt::format("{}_{}", format.name, streams ? "stream" : "json"),
                          fmt::format("{}, {}", format.title, streams ? "streamed" : "JSON"),
                          streams);
        }
    }
}

// How much later the first event, or the whole answer, comes through the proxy.
void Baseline::measure_reply(const RequestKind& request, const std::string& name,
                             const std::string& title, bool streams) {
    RunPlan plan = plan_of(reply_connections);
    plan.work = streams ? Work::events : Work::requests;
    plan.kinds = {request};
    const Reading of = streams ? first_event : whole;
    std::optional<double> past;
    std::optional<double> through;
    if (ground_.origin_is_mock) {
        past = percentile_of(take("replies", title + ", direct", past_the_proxy(plan)), of, 50);
        through = percentile_of(take("replies", title + ", proxied", plan), of, 50);
    }
    std::optional<double> added;
    if (past && through) added = *through - *past;
    Figure made =
        figure_or(fmt::format("reply_{}_added_p50", name),
                  fmt::format("{}: {} later through the proxy, p50", title,
                              streams ? "first event" : "answer"),
                  added, "us", ground_.origin_is_mock ? "not measured: nothing arrived" : no_mock);
    if (added) {
        made.note = fmt::format("{} through the proxy, {} direct", time_in_words(*through),
                                time_in_words(*past));
    }
    add(std::move(made));
}

}  // namespace ringway::bench
