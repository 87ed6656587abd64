#include "recorder.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace ringway::bench {

namespace {

std::string in_one_sentence(const config::Refusal& refusal) {
    return refusal.hint.empty() ? refusal.rule
                                : fmt::format("{} (hint: {})", refusal.rule, refusal.hint);
}

}  // namespace

bool Recorder::take(LabelledRun run) {
    if (refused_labels_.contains(run.label) || stopped()) return false;
    const unsigned rounds = context_.options.rounds;
    const std::string title =
        rounds > 1 ? fmt::format("{}, round {} of {}", run.label, run.round + 1, rounds)
                   : run.label;
    config::Checked<RunResult> result = context_.run(run.plan, title);
    if (!result) {
        report_.findings.push_back({Severity::warning,
                                    fmt::format("{} could not be measured: {}", run.label,
                                                in_one_sentence(result.reason())),
                                    "", run.label});
        if (!first_refusal_) first_refusal_ = result.reason();
        refused_labels_.insert(run.label);
        return false;
    }
    run.result = std::move(*result);
    if (run.result.interrupted) report_.interrupted = true;
    report_.runs.push_back(std::move(run));
    return true;
}

bool Recorder::stopped() {
    if (context_.stop && context_.stop()) report_.interrupted = true;
    return report_.interrupted;
}

void Recorder::pause() {
    using Clock = std::chrono::steady_clock;
    if (report_.runs.empty() || context_.options.pause.ns <= 0) return;
    const Clock::time_point end =
        Clock::now() + std::chrono::nanoseconds(context_.options.pause.ns);
    while (!stopped()) {
        const auto left = end - Clock::now();
        if (left <= Clock::duration::zero()) return;
        std::this_thread::sleep_for(std::min<Clock::duration>(left, std::chrono::milliseconds(50)));
    }
}

config::Complaint Recorder::outcome() const {
    if (!report_.runs.empty()) return std::nullopt;
    if (first_refusal_) return first_refusal_;
    return config::Refusal{"interrupted before anything was measured", ""};
}

}  // namespace ringway::bench
