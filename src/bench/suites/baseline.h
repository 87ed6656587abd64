// The parts of `ringway bench baseline`, and what they share.
//
// A part takes its runs, adds its figures and returns; it leaves the ground as it found it. What it
// cannot measure it says as an unknown figure, so that every report has the same figures.
#pragma once

#include <string>
#include <vector>

#include "measured.h"
#include "recorder.h"
#include "seats.h"
#include "stage.h"

namespace ringway::bench {

// How long everything lasts: three minutes at most in all, forty seconds when quick.
struct BaselineTimes {
    base::Duration warm_up;
    base::Duration window;       // of one run
    base::Duration long_window;  // of runs whose tail matters
    base::Duration slice;
    unsigned rounds;
    unsigned slice_rounds;
    unsigned idle_connections;
};
BaselineTimes baseline_times(bool quick);

// What is measured, and on what.
struct BaselineGround {
    Destination proxied;
    Destination direct;
    bool has_direct = true;
    RequestKind request;         // the plain one
    int watch_pid = 0;           // the proxy's process; 0: not known
    bool origin_is_mock = true;  // it knows the paths of `ringway mock`
    bool is_ours = true;         // proxy and origin were started here
    unsigned threads = 1;        // the generator's
    Seats seats;
    Standing origin{};  // kept alive, when ours
    Standing proxy{};
};

inline constexpr std::string_view concurrency_section = "concurrency";

class Baseline {
  public:
    Baseline(const SuiteContext& context, const Stage& stage, BaselineGround ground,
             Report& report);

    // Every part in its order, then the targets.
    config::Complaint measure();

  private:
    // baseline_load.cc
    void measure_concurrency();
    void measure_fixed_rate();
    void measure_large_bodies();
    void measure_added_latency();
    void measure_alternating(const RunPlan& plan, const std::string& section,
                             const std::string& prefix, const std::string& titled);
    // baseline_memory.cc
    void measure_memory();
    void measure_scaling_part();
    // baseline_streams.cc
    void measure_event_streams();
    void measure_replies();
    void measure_reply(const RequestKind& request, const std::string& name,
                       const std::string& title, bool streams);

    // A plan through the proxy, watched, with the plain request.
    RunPlan plan_of(unsigned connections) const;
    RunPlan past_the_proxy(RunPlan plan) const;
    // Takes a run of a section; what was measured, or nothing.
    const RunResult* take(const std::string& section, const std::string& label, RunPlan plan,
                          int round = 0);
    // Says what comes, and how often each of its runs is taken.
    void say_part(const std::string& what, unsigned rounds = 1);
    void expect_shared_core(RunResult& result);
    void explain_shared_core();
    void add(Figure made) { report_.figures.push_back(std::move(made)); }
    // The runs of this label, in their rounds.
    std::vector<const RunResult*> runs_of(const std::string& label) const;
    // A suite of its own with another plan; its runs come in under `section`.
    Report measure_apart(const Options& options, const Stage& stage,
                         config::Complaint (*suite)(const SuiteContext&, const Stage&, Report&));
    void take_over(Report&& part, const std::string& section, const std::string& titled);

    const SuiteContext& context_;
    const Stage& stage_;
    BaselineGround ground_;
    Report& report_;
    Options options_;  // as given, but for the rounds
    SuiteContext own_context_;
    Recorder recorder_;
    BaselineTimes times_;
    unsigned part_ = 0;
    double worst_wait_ = 0;  // share of a second that the generator waited beside its origin
};

// Puts the targets beside the figures that have one, and a finding where one is missed.
void judge_targets(Report& report);

}  // namespace ringway::bench
