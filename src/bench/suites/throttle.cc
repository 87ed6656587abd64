// --throttle: the same load without and with a slow link, which a built-in hop plays between the
// generator and the URL; and how what was measured relates to what the link was told to be.
#include <algorithm>

#include <fmt/format.h>

#include "measured.h"
#include "recorder.h"
#include "stage.h"
#include "words.h"

namespace ringway::bench {
namespace {

constexpr double full_enough = 0.9;  // of the bandwidth: waiting for the link is what remains

// One of the two, over all rounds.
struct Way {
    std::vector<double> goodput;
    std::vector<double> carried;  // bytes per second in the busier direction, heads included
    stats::HistogramReading latency;

    bool measured() const { return !goodput.empty(); }
    double p(double percent) const { return percentile_us(latency, percent); }
};

void add_result(const RunResult& result, Way& way) {
    way.goodput.push_back(result.goodput());
    const double busier = static_cast<double>(std::max(result.bytes_in, result.bytes_out));
    way.carried.push_back(result.window.ns > 0 ? busier / result.window.to_seconds() : 0);
    way.latency.add(result.latency);
}

std::string link_in_words(const ThrottleOptions& link) {
    std::string words;
    const auto append = [&words](const std::string& part) {
        if (!words.empty()) words += ", ";
        words += part;
    };
    if (link.bytes_per_second > 0) {
        append(bytes_in_words(static_cast<double>(link.bytes_per_second)) + "/s");
    }
    if (link.delay.ns > 0) {
        append(time_in_words(static_cast<double>(link.delay.to_us())) + " each way");
    }
    if (link.jitter.ns > 0) {
        append("+-" + time_in_words(static_cast<double>(link.jitter.to_us())));
    }
    if (link.loss > 0) {
        append(fmt::format("{} of segments lost for {}", share_in_words(link.loss),
                           time_in_words(static_cast<double>(link.retransmission.to_us()))));
    }
    return words.empty() ? "no limits" : words;
}

std::optional<double> bandwidth_used(const Way& with, const ThrottleOptions& link) {
    if (link.bytes_per_second == 0) return std::nullopt;
    return spread_of(with.carried).median / static_cast<double>(link.bytes_per_second);
}

bool is_full(const Way& with, const ThrottleOptions& link) {
    return bandwidth_used(with, link).value_or(0) >= full_enough;
}

double round_trip_us(const ThrottleOptions& link) {
    return 2 * static_cast<double>(link.delay.ns) / 1e3;
}

Figure over_delay(const Way& without, const Way& with, const ThrottleOptions& link) {
    constexpr const char* name = "latency_over_delay";
    constexpr const char* title = "added p50 latency beyond twice the delay";
    if (link.delay.ns <= 0) {
        return unknown_figure(name, title, "us", "not measurable: the link has no delay");
    }
    if (is_full(with, link)) {
        return unknown_figure(name, title, "us",
                              "not measurable: the link was full, so that answers queued for it");
    }
    return figure(name, title, with.p(50) - without.p(50) - round_trip_us(link), "us");
}

void add_figures(const Way& without, const Way& with, const ThrottleOptions& link, Report& report) {
    const auto add = [&report](Figure made, bool higher_is_better = false) {
        made.higher_is_better = higher_is_better;
        report.figures.push_back(std::move(made));
    };
    add(figure("goodput_without", "goodput without the link", spread_of(without.goodput).median,
               "bytes/s"),
        true);
    add(figure("goodput_with", "goodput over the link", spread_of(with.goodput).median, "bytes/s"),
        true);
    add(figure_or("bandwidth_used", "bandwidth used, heads included", bandwidth_used(with, link),
                  "ratio", "not measurable: the link has no bandwidth of its own"),
        true);
    for (const NamedPercentile& at : compared_percentiles) {
        const auto fewest =
            static_cast<double>(std::min(without.latency.count(), with.latency.count()));
        if (fewest < samples_needed(at.percent)) continue;
        Figure made = figure(fmt::format("added_latency_{}", at.suffix),
                             fmt::format("latency that the link adds, {}", at.title),
                             with.p(at.percent) - without.p(at.percent), "us");
        made.note = fmt::format("{} over the link, {} without", time_in_words(with.p(at.percent)),
                                time_in_words(without.p(at.percent)));
        add(std::move(made));
    }
    add(over_delay(without, with, link));
}

void explain(const Way& with, const ThrottleOptions& link, const RunPlan& plan, Report& report) {
    const std::optional<double> used = bandwidth_used(with, link);
    if (!used) return;
    Finding finding{.severity = Severity::note, .text = {}, .flag = {}, .figure = "bandwidth_used"};
    if (*used >= full_enough) {
        finding.text = fmt::format(
            "the link was full ({} of its bandwidth): latency is what waits for it, and grows with "
            "every further connection",
            share_in_words(*used));
    } else if (plan.rate <= 0 && link.delay.ns > 0) {
        finding.severity = Severity::advice;
        finding.flag = "--connections";
        finding.text = fmt::format(
            "{} used {} of the bandwidth: each waits for a round trip of {} before it asks again; "
            "more of them would fill the link",
            count_in_words(plan.connections, "connection"), share_in_words(*used),
            time_in_words(round_trip_us(link)));
    } else {
        finding.text = fmt::format("{} of the bandwidth was used", share_in_words(*used));
    }
    report.findings.push_back(std::move(finding));
}

bool take(const RunPlan& plan, const std::string& label, bool throttled, int round,
          Recorder& recorder, Way& way, Report& report) {
    LabelledRun run;
    run.label = label;
    run.at = {{.name = "link", .value = throttled ? 1.0 : 0.0, .text = label}};
    run.round = round;
    run.plan = plan;
    if (!recorder.take(std::move(run))) return false;
    add_result(recorder.last(), way);
    warn_about_errors(report.runs.back(), report);
    return !report.interrupted;
}

}  // namespace

config::Complaint measure_throttle(const SuiteContext& context, const Stage& stage,
                                   Report& report) {
    report.kind = ReportKind::throttle;
    const ThrottleOptions& link = context.options.throttle;
    const RunPlan& plan = context.options.plan;
    auto hop = stage.start_hop(link, plan.destination);
    if (!hop) return hop.reason();
    RunPlan slow = plan;
    slow.destination = hop->destination;
    slow.destination.authority = plan.destination.authority;

    Recorder recorder(context, report);
    Way without;
    Way with;
    const std::string label = link_in_words(link);
    for (unsigned round = 0; round < context.options.rounds; ++round) {
        const int number = static_cast<int>(round);
        if (!take(plan, "without", false, number, recorder, without, report)) break;
        recorder.pause();
        if (!take(slow, label, true, number, recorder, with, report)) break;
    }
    if (without.measured() && with.measured()) {
        add_figures(without, with, link, report);
        explain(with, link, plan, report);
    }
    return recorder.outcome();
}

config::Complaint run_throttle(const SuiteContext& context, Report& report) {
    return measure_throttle(context, real_stage(), report);
}

}  // namespace ringway::bench
