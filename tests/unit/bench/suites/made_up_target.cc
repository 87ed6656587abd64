#include "made_up_target.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace ringway::bench::test {

stats::HistogramReading reading_of(const std::map<double, unsigned>& count_by_us) {
    stats::Histogram histogram;
    for (const auto& [us, count] : count_by_us) {
        for (unsigned sample = 0; sample < count; ++sample) {
            histogram.record(static_cast<std::uint64_t>(us * 1e3));
        }
    }
    stats::HistogramReading reading;
    reading.add(histogram);
    return reading;
}

double MadeUpTarget::wobble() {
    const double unit = static_cast<double>(random.below(2'000'001)) / 1e6 - 1;
    return 1 + noise * unit;
}

void MadeUpTarget::answer(const RunPlan& plan, double rate, double mean_us, RunResult& result) {
    const double seconds = plan.measure.to_seconds();
    mean_us *= wobble();
    rate *= wobble();
    result.window = plan.measure;
    result.answered = static_cast<std::uint64_t>(rate * seconds);
    result.begun = result.answered;
    result.body_bytes_in = result.answered * std::max<std::size_t>(plan.message_bytes, 1);
    result.latency_mean_us = mean_us;
    result.latency = reading_of({{mean_us * 0.9, 97}, {mean_us * 2, 3}});
}

// Closed loop: whoever finds no server waits, so that the mean follows from Little's law. Open
// loop: one line before all servers, approximated as one server of their joint speed (M/M/1).
config::Checked<RunResult> MadeUpTarget::run(const RunPlan& plan, const std::string& title) {
    titles.push_back(title);
    plans.push_back(plan);
    if (refuse) {
        if (const config::Complaint complaint = refuse(plan)) return *complaint;
    }
    RunResult result;
    if (plan.rate > 0) {
        const double load = plan.rate / capacity();
        const double mean_us = load < 1 ? 1e6 / (capacity() - plan.rate)
                                        : plan.measure.to_seconds() * 1e6 / 2 * (1 - 1 / load);
        answer(plan, std::min(plan.rate, capacity()), std::max(mean_us, service_us / servers),
               result);
        result.scheduled = static_cast<std::uint64_t>(plan.rate * plan.measure.to_seconds());
        if (load > 1) result.overdue_at_end = result.scheduled - result.answered;
    } else {
        const double rate = std::min(plan.connections * 1e6 / service_us, capacity());
        answer(plan, rate, plan.connections / rate * 1e6, result);
    }
    if (change) change(plan, result);
    return result;
}

Bench::Bench() {
    options.plan.measure = base::Duration::seconds(10);
    options.plan.kinds.push_back({});
    options.plan.threads = 2;
}

config::Complaint Bench::run(config::Complaint (*suite)(const SuiteContext&, Report&)) {
    const SuiteContext context{
        options,
        [this](const RunPlan& plan, const std::string& title) { return target.run(plan, title); },
        [this](const std::string& line) { said.push_back(line); }, [this] { return stop(); }};
    return suite(context, report);
}

std::vector<std::string> Bench::labels() const {
    std::vector<std::string> out;
    for (const LabelledRun& run : report.runs) out.push_back(run.label);
    return out;
}

bool Bench::has_figure(const std::string& name) const {
    return std::any_of(report.figures.begin(), report.figures.end(),
                       [&](const Figure& figure) { return figure.name == name; });
}

const Figure& Bench::figure(const std::string& name) const {
    CAPTURE(name);
    REQUIRE(has_figure(name));
    return *std::find_if(report.figures.begin(), report.figures.end(),
                         [&](const Figure& figure) { return figure.name == name; });
}

const Finding* Bench::finding(const std::string& part_of_text) const {
    for (const Finding& finding : report.findings) {
        if (finding.text.find(part_of_text) != std::string::npos) return &finding;
    }
    return nullptr;
}

}  // namespace ringway::bench::test
