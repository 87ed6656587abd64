// A target that exists only as a formula: servers with a service time, so that its saturation and
// its knee can be computed beside what a suite finds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "options.h"
#include "ringway/base/random.h"
#include "ringway/bench/report.h"
#include "ringway/bench/run.h"
#include "suites/suites.h"

namespace ringway::bench::test {

struct MadeUpTarget {
    unsigned servers = 8;
    double service_us = 1000;
    // Rates and latencies are off by up to this share, differently in each run.
    double noise = 0;
    // What happens to a result before the suite sees it.
    std::function<void(const RunPlan&, RunResult&)> change{};
    // A refusal instead of a result, when it returns one.
    std::function<config::Complaint(const RunPlan&)> refuse{};

    base::Random random{1};
    std::vector<std::string> titles{};  // of the runs, as they came
    std::vector<RunPlan> plans{};

    config::Checked<RunResult> run(const RunPlan& plan, const std::string& title);

    double capacity() const { return servers * 1e6 / service_us; }  // requests per second

  private:
    double wobble();
    void answer(const RunPlan& plan, double rate, double mean_us, RunResult& result);
};

// Everything a suite is given, around one target.
struct Bench {
    Options options;
    Report report;
    MadeUpTarget target;
    std::vector<std::string> said;
    std::function<bool()> stop = [] { return false; };

    Bench();
    config::Complaint run(config::Complaint (*suite)(const SuiteContext&, Report&));
    std::vector<std::string> labels() const;
    const Figure& figure(const std::string& name) const;  // fails the test when there is none
    bool has_figure(const std::string& name) const;
    const Finding* finding(const std::string& part_of_text) const;
};

// `count` latencies of each value, in microseconds.
stats::HistogramReading reading_of(const std::map<double, unsigned>& count_by_us);

}  // namespace ringway::bench::test
