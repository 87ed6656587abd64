// --matrix: every size with every number of connections.
#include <algorithm>

#include <fmt/format.h>

#include "levels.h"
#include "recorder.h"
#include "ringway/config/units.h"
#include "suites.h"
#include "words.h"

namespace ringway::bench {

namespace {

constexpr std::string_view mark = "{size}";

// The mark, unless it is within a placeholder's double braces.
std::size_t find_mark(std::string_view text, std::size_t from) {
    for (;; ++from) {
        from = text.find(mark, from);
        if (from == std::string_view::npos) return from;
        if (from == 0 || text[from - 1] != '{') return from;
    }
}

bool fill(std::string& text, std::uint64_t size) {
    const std::string digits = fmt::format("{}", size);
    bool found = false;
    for (std::size_t at = find_mark(text, 0); at != std::string::npos; at = find_mark(text, at)) {
        text.replace(at, mark.size(), digits);
        at += digits.size();
        found = true;
    }
    return found;
}

bool sends_a_body(const RequestKind& kind) {
    return kind.method == "POST" || kind.method == "PUT" || kind.method == "PATCH";
}

// False when this kind of request has no size to set.
bool set_size(RequestKind& kind, std::uint64_t size) {
    bool filled = fill(kind.target, size);
    for (HeaderField& field : kind.fields) filled |= fill(field.value, size);
    if (filled) return true;
    if (!sends_a_body(kind)) return false;
    kind.body.assign(size, 'x');
    return true;
}

// Empty when the plan has nothing that a size could mean.
std::optional<RunPlan> with_size(RunPlan plan, std::uint64_t size) {
    if (!plan.destination.is_http) {
        plan.message_bytes = size;
        return plan;
    }
    if (plan.replay || plan.kinds.empty()) return std::nullopt;
    for (RequestKind& kind : plan.kinds) {
        if (!set_size(kind, size)) return std::nullopt;
    }
    if (plan.verification.check == BodyCheck::length) plan.verification.expected_body_bytes = size;
    return plan;
}

// "128B", "64KiB": a size that nobody takes for a count.
std::string size_in_words(std::uint64_t size) {
    std::string text = config::format_size(size);
    if (text.back() >= '0' && text.back() <= '9') text += 'B';
    return text;
}

struct Best {
    const char* name;
    const char* title;
    const char* unit;
    double (*of)(const RunResult&);
};

void add_best(const Best& best, Report& report) {
    Figure figure{.name = best.name, .title = best.title, .unit = best.unit};
    figure.higher_is_better = true;
    figure.known = false;
    for (const LabelledRun& run : report.runs) {
        const bool is_usable =
            run.result.answered > 0 && run.result.error_rate() <= LevelSummary::error_rate_max;
        if (!is_usable || (figure.known && best.of(run.result) <= figure.value)) continue;
        figure.known = true;
        figure.value = best.of(run.result);
        figure.note = "at " + run.label;
    }
    if (!figure.known) figure.note = "not measurable: no run without errors";
    report.figures.push_back(std::move(figure));
}

LabelledRun run_of(RunPlan sized, std::uint64_t size, unsigned connections, unsigned round) {
    LabelledRun run = run_at_level(sized, false, connections, static_cast<int>(round));
    run.plan.rate_end = sized.rate_end;  // connections are what varies here, a ramp may stay
    run.label = fmt::format("{}, {}", size_in_words(size), run.label);
    run.at.insert(run.at.begin(), {"size", static_cast<double>(size), size_in_words(size)});
    return run;
}

}  // namespace

config::Complaint run_matrix(const SuiteContext& context, Report& report) {
    report.kind = ReportKind::matrix;
    const Options& options = context.options;
    if (options.sizes.empty()) {
        return config::Refusal{"--matrix needs sizes", "--matrix sizes=128,1KiB;connections=1,64"};
    }
    std::vector<unsigned> counts = options.connection_counts;
    if (counts.empty()) counts.push_back(options.plan.connections);
    if (!with_size(options.plan, 1)) {
        return config::Refusal{
            "--matrix needs a place for the size: {size} in every URL's path or in a field, a "
            "method with a body, or a tcp:// URL",
            "http://HOST:PORT/bytes/{size}"};
    }
    Recorder recorder(context, report);
    for (unsigned round = 0; round < options.rounds; ++round) {
        for (const std::uint64_t size : options.sizes) {
            for (const unsigned connections : counts) {
                recorder.pause();
                recorder.take(run_of(*with_size(options.plan, size), size, connections, round));
            }
        }
    }
    if (!report.runs.empty()) {
        add_best({"rate_max", "best rate", "1/s", [](const RunResult& run) { return run.rate(); }},
                 report);
        add_best({"goodput_max", "best goodput", "bytes/s",
                  [](const RunResult& run) { return run.goodput(); }},
                 report);
    }
    return recorder.outcome();
}

}  // namespace ringway::bench
