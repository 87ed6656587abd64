// The flags of `ringway bench`, turned into one value.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ringway/bench/plan.h"
#include "ringway/bench/report.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct Levels {
    bool of_rate = false;  // otherwise of connections
    std::vector<double> values;
};

struct ThrottleOptions {
    std::uint64_t bytes_per_second = 0;  // 0: unlimited
    base::Duration delay{};              // one way
    base::Duration jitter{};             // uniform, +-
    double loss = 0;                     // share of segments that stall for one timeout
    base::Duration retransmission = base::Duration::milliseconds(200);
};

struct Options {
    enum class Mode : std::uint8_t {
        run,
        sweep,
        knee,
        ramp,
        scaling,
        matrix,
        throttle,
        versus_direct,
        baseline,
        compare,
        help,
    };
    Mode mode = Mode::run;
    std::vector<std::string> words;  // as given, for Report::Conditions::command
    std::string url;                 // the first; baseline and scaling need none
    RunPlan plan;
    unsigned rounds = 1;  // repeat the measurement, for confidence intervals

    Levels levels;                     // --sweep, --find-knee, --ramp
    base::Duration pause{};            // between levels
    std::vector<std::uint64_t> sizes;  // --matrix
    std::vector<unsigned> connection_counts;
    unsigned shards_max = 0;  // --scaling
    // What stands behind `--`, for the ringway that a suite starts (scaling, baseline).
    std::vector<std::string> serve_flags;
    ThrottleOptions throttle;
    std::string direct_url;  // --versus-direct; of a baseline: the origin behind `through`
    base::Duration slice = base::Duration::seconds(1);
    bool quick = false;   // baseline
    std::string through;  // baseline: URL of a running proxy; empty: start one

    std::string slo_file;
    std::string compare_a, compare_b;
    double regression_percent = 5;
    std::string json_file, html_file, csv_file;  // "-": standard output
    std::optional<bool> progress;                // not given: when standard error is a terminal
    std::string help_text;
};

// One line for standard error when refused; exit code 2.
config::Checked<Options, std::string> parse_options(std::span<const std::string> arguments);

}  // namespace ringway::bench
