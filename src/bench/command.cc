// `ringway bench` from its words to its exit code: options, suite, verdict, output.
//
// Owns what only a process has: signals, standard streams, files. Knows no ring and no figure.
#include "ringway/bench/command.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "options.h"
#include "output_file.h"
#include "report/writers.h"
#include "ringway/bench/report.h"
#include "ringway/bench/run.h"
#include "suites/suites.h"
#include "verdicts/verdicts.h"

namespace ringway::bench {
namespace {

using Mode = Options::Mode;

constexpr int exit_done = 0;
constexpr int exit_refused = 1;
constexpr int exit_misused = 2;
constexpr int exit_breached = 3;
constexpr int exit_with_errors = 4;

std::atomic<int> stops_asked{0};
static_assert(std::atomic<int>::is_always_lock_free);

// The first INT or TERM ends the run early; whoever asks again does not want to wait for it.
void on_stop(int) {
    if (stops_asked.fetch_add(1, std::memory_order_relaxed) > 0) ::_exit(exit_refused);
}

bool stop_asked() { return stops_asked.load(std::memory_order_relaxed) > 0; }

void watch_signals() {
    struct sigaction action{};
    action.sa_handler = on_stop;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // a reader of standard output that leaves is a failed write
}

int refuse(int exit_code, std::string_view line) {
    fmt::print(stderr, "ringway bench: {}\n", line);
    return exit_code;
}

ReportKind kind_of(Mode mode) {
    switch (mode) {
        case Mode::sweep: return ReportKind::sweep;
        case Mode::knee: return ReportKind::knee;
        case Mode::ramp: return ReportKind::ramp;
        case Mode::scaling: return ReportKind::scaling;
        case Mode::matrix: return ReportKind::matrix;
        case Mode::throttle: return ReportKind::throttle;
        case Mode::versus_direct: return ReportKind::versus_direct;
        case Mode::baseline: return ReportKind::baseline;
        case Mode::run:
        case Mode::compare:
        case Mode::help: break;
    }
    return ReportKind::run;
}

config::Complaint run_suite(const SuiteContext& context, Report& report) {
    switch (report.kind) {
        case ReportKind::run: return run_plain(context, report);
        case ReportKind::sweep: return run_sweep(context, report);
        case ReportKind::knee: return run_knee(context, report);
        case ReportKind::ramp: return run_ramp(context, report);
        case ReportKind::scaling: return run_scaling(context, report);
        case ReportKind::matrix: return run_matrix(context, report);
        case ReportKind::throttle: return run_throttle(context, report);
        case ReportKind::versus_direct: return run_versus_direct(context, report);
        case ReportKind::baseline: return run_baseline(context, report);
    }
    return {};
}

struct Output {
    std::string_view flag;
    const std::string& file;
    std::string (*make)(const Report&);
};

std::vector<Output> outputs_of(const Options& options) {
    std::vector<Output> outputs;
    for (const Output& output : {Output{"--json", options.json_file, to_json},
                                 Output{"--html", options.html_file, to_html},
                                 Output{"--csv", options.csv_file, to_csv}}) {
        if (!output.file.empty()) outputs.push_back(output);
    }
    return outputs;
}

// What would make a long measurement useless is found out before it.
std::string problem_of(const Options& options) {
    for (const Output& output : outputs_of(options)) {
        const std::string reason = problem_of_output(output.file);
        if (reason.empty()) continue;
        return config::refusal_line(output.flag, output.file,
                                    {"it cannot be written: " + reason, {}});
    }
    return {};
}

config::Complaint measure(const Options& options, Report& report) {
    const bool shows = options.progress.value_or(::isatty(STDERR_FILENO) == 1);
    LiveDisplay display(shows);
    const SuiteContext context{
        .options = options,
        .run =
            [&display](const RunPlan& plan, const std::string& label) {
                display.begin(label);
                auto result = run(
                    plan, {.progress =
                               [&display](const RunProgress& progress) { display.show(progress); },
                           .stop = stop_asked});
                display.end();
                return result;
            },
        .say =
            [shows](const std::string& line) {
                if (shows) fmt::print(stderr, "{}\n", line);
            },
        .stop = stop_asked,
    };
    return run_suite(context, report);
}

// The table goes to standard output unless a report does.
int write_all(const Options& options, const Report& report) {
    bool stdout_is_taken = false;
    int exit_code = exit_done;
    for (const Output& output : outputs_of(options)) {
        stdout_is_taken = stdout_is_taken || output.file == "-";
        const std::string reason = write_output(output.file, output.make(report));
        if (reason.empty()) continue;
        exit_code = refuse(
            exit_refused,
            config::refusal_line(output.flag, output.file, {"it was not written: " + reason, {}}));
    }
    std::FILE* const people = stdout_is_taken ? stderr : stdout;
    const std::string text = to_text(report);
    std::fwrite(text.data(), 1, text.size(), people);
    if (std::fflush(people) != 0) exit_code = exit_refused;
    return exit_code;
}

// A run in which nothing came back at all is no success, though no single request failed in it.
bool has_errors(const RunResult& result) {
    const bool is_silent = result.answered == 0 && result.bytes_in == 0 && result.begun > 0;
    return result.errors.total() > 0 || (is_silent && !result.interrupted);
}

int code_of(const Report& report) {
    if (report.slo && !report.slo->passed) return exit_breached;
    for (const LabelledRun& run : report.runs) {
        if (has_errors(run.result)) return exit_with_errors;
    }
    return exit_done;
}

int run_compare(const Options& options) {
    auto comparison =
        compare_reports(options.compare_a, options.compare_b, options.regression_percent);
    if (!comparison) {
        return refuse(exit_misused, config::refusal_line("compare", comparison.reason()));
    }
    std::fwrite(comparison->text.data(), 1, comparison->text.size(), stdout);
    return comparison->regression ? exit_breached : exit_done;
}

int run_measurement(const Options& options) {
    // They start the process whose memory and CPU they read.
    const bool watches = options.mode == Mode::baseline || options.mode == Mode::scaling;
    if (!options.slo_file.empty()) {
        if (auto complaint = check_slo(options.slo_file, options.plan, watches)) {
            return refuse(exit_misused,
                          config::refusal_line("--slo", options.slo_file, *complaint));
        }
    }
    if (const std::string problem = problem_of(options); !problem.empty()) {
        return refuse(exit_refused, problem);
    }
    watch_signals();
    Report report;
    report.kind = kind_of(options.mode);
    report.target = options.url;
    report.conditions = read_conditions();
    report.conditions.command = options.words;
    if (auto complaint = measure(options, report)) {
        return refuse(exit_refused, config::refusal_line(
                                        options.url.empty() ? "bench" : options.url, *complaint));
    }
    report.interrupted = stop_asked();
    if (!options.slo_file.empty()) {
        if (auto complaint = judge_slo(options.slo_file, report)) {
            return refuse(exit_misused,
                          config::refusal_line("--slo", options.slo_file, *complaint));
        }
    }
    const int written = write_all(options, report);
    return written != exit_done ? written : code_of(report);
}

}  // namespace

int run_command(std::span<const std::string> arguments) {
    auto options = parse_options(arguments);
    if (!options) return refuse(exit_misused, options.reason());
    if (options->mode == Mode::help) {
        std::fwrite(options->help_text.data(), 1, options->help_text.size(), stdout);
        return exit_done;
    }
    return options->mode == Mode::compare ? run_compare(*options) : run_measurement(*options);
}

}  // namespace ringway::bench
