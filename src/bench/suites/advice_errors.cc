// What errors say: each kind and each status has its own sentence and its own flag.
#include <algorithm>

#include <fmt/format.h>

#include "advice.h"
#include "words.h"

namespace ringway::bench {

namespace {

struct StatusAdvice {
    std::uint16_t status;
    const char* words;
    const char* flag;
};

constexpr StatusAdvice of_status[] = {
    {401, "the target wants credentials", "--header"},
    {403, "the target refuses this client; ringway does so by its access lists", "--allow"},
    {404, "the target knows no such path: check the URL and the routes", ""},
    {405, "the target does not allow this method", "--method"},
    {408, "heads came too slowly for the target", "--header-timeout"},
    {413, "bodies are longer than the target takes", "--max-body-bytes"},
    {414, "request targets are longer than the target takes", "--max-target-bytes"},
    {429, "the target limits how often one client may ask", "--rate"},
    {431, "heads are longer than the target takes", "--max-header-bytes"},
    {500, "the origin itself failed: nothing between can mend that", ""},
    {502,
     "connections to an endpoint failed or its answer was cut: `ringway ctl upstreams` says "
     "which; what may be tried again is",
     "--retries"},
    {503,
     "requests found no free connection to an endpoint in time: more of them, or a longer "
     "wait (--pool-wait-timeout, --pool-max-waiting, --max-requests)",
     "--pool-max"},
    {504, "an endpoint did not answer in time", "--first-byte-timeout"},
};

bool is_expected(const RunPlan& plan, std::uint16_t status) {
    const std::vector<std::uint16_t>& expected = plan.verification.expected_status;
    if (expected.empty()) return status < 400;
    return std::find(expected.begin(), expected.end(), status) != expected.end();
}

// Above one in a hundred it is more than a note.
Severity severity_of(double share) {
    return share > LevelSummary::error_rate_max ? Severity::warning : Severity::note;
}

// Where something was first seen, and its share where it was worst.
struct Sighting {
    const LevelSummary* first = nullptr;
    const LevelSummary* worst = nullptr;
    double share = 0;
    std::uint64_t count = 0;

    std::string in_words() const {
        std::string text = fmt::format("from {} on", first->label);
        if (worst == first) return fmt::format("{} ({})", text, share_in_words(share));
        return fmt::format("{} ({} at {})", text, share_in_words(share), worst->label);
    }
};

template <typename Count>
Sighting sight(const Evidence& evidence, Count count_at) {
    Sighting seen;
    for (const LevelSummary& level : evidence.levels) {
        const std::uint64_t count = count_at(level);
        if (count == 0) continue;
        const double share =
            static_cast<double>(count) / static_cast<double>(std::max(level.ended, count));
        if (seen.first == nullptr) seen.first = &level;
        if (share > seen.share) {
            seen.share = share;
            seen.worst = &level;
        }
        seen.count += count;
    }
    return seen;
}

void advise_on_status(const Evidence& evidence, std::vector<Finding>& out) {
    std::map<std::uint16_t, std::uint64_t> all;
    for (const LevelSummary& level : evidence.levels) {
        for (const auto& [status, count] : level.status) all[status] += count;
    }
    for (const auto& [code, count] : all) {
        const std::uint16_t status = code;
        if (is_expected(evidence.plan, status)) continue;
        const Sighting seen = sight(evidence, [status](const LevelSummary& level) {
            const auto found = level.status.find(status);
            return found == level.status.end() ? 0 : found->second;
        });
        if (seen.first == nullptr) continue;
        const auto* known =
            std::find_if(std::begin(of_status), std::end(of_status),
                         [status](const StatusAdvice& row) { return row.status == status; });
        const bool is_known = known != std::end(of_status);
        const char* otherwise = status < 400 ? "not among the expected" : "see the target's log";
        const char* flag = status < 400 ? "--expect-status" : "";
        out.push_back({severity_of(seen.share),
                       fmt::format("answers with status {} {}: {}", status, seen.in_words(),
                                   is_known ? known->words : otherwise),
                       is_known ? known->flag : flag, seen.worst->label});
    }
}

struct Words {
    Severity severity = Severity::warning;
    std::string text;
    std::string flag;
};

// Some are served at once and others never: those are in the line of connections not yet accepted.
bool is_unevenly_served(const LevelSummary& level, const RunPlan& plan) {
    return level.answered && !plan.timeout.is_forever() &&
           level.p99_us.median < static_cast<double>(plan.timeout.ns) / 1e3 / 4;
}

Words words_of_timeout(const LevelSummary& level, const RunPlan& plan) {
    if (is_unevenly_served(level, plan)) {
        return {Severity::warning,
                fmt::format("no answer in time although the p99 of answers is {}: some connections "
                            "are not served at all, as when the limit of connections is reached "
                            "and further ones wait to be accepted",
                            time_in_words(level.p99_us.median)),
                "--max-connections"};
    }
    return {Severity::warning,
            "no answer in time: the load is more than the target can do, or it needs longer than "
            "this command waits",
            "--timeout"};
}

Words words_of(ErrorKind kind, const LevelSummary& worst, const RunPlan& plan) {
    switch (kind) {
        case ErrorKind::connect:
            return {Severity::warning,
                    "connections were refused: nobody listens, or one side has no descriptor left",
                    "ulimit -n"};
        case ErrorKind::connect_timeout:
            return {Severity::warning,
                    "connections were not made in time: the line of those not yet accepted is full",
                    "--backlog"};
        case ErrorKind::timeout: return words_of_timeout(worst, plan);
        case ErrorKind::reset:
            if (plan.think_time.ns > 0) {
                return {Severity::warning,
                        "connections broke; this load pauses between requests, and the target may "
                        "close what is idle for that long",
                        "--idle-timeout"};
            }
            return {Severity::warning,
                    "connections broke: `ringway ctl stats` counts why they were closed", ""};
        case ErrorKind::short_body:
            return {Severity::warning,
                    "answers ended before they were complete: the origin broke off, or a limit on "
                    "the whole exchange cut them",
                    "--request-timeout"};
        case ErrorKind::malformed:
            return {Severity::critical, "answers were not valid HTTP/1.1", ""};
        case ErrorKind::wrong_body:
            return {Severity::critical,
                    "bodies were complete but not the expected bytes: either the expectation is "
                    "wrong or data is being damaged",
                    "--verify"};
        case ErrorKind::lost_event:
            return {Severity::critical, "events of a stream were lost on the way", ""};
        case ErrorKind::status_4xx:
        case ErrorKind::status_5xx:
        case ErrorKind::status_other: break;
    }
    return {};
}

}  // namespace

void advise_on_errors(const Evidence& evidence, std::vector<Finding>& out) {
    advise_on_status(evidence, out);
    for (std::size_t index = 0; index < error_kind_count; ++index) {
        const auto kind = static_cast<ErrorKind>(index);
        const Sighting seen =
            sight(evidence, [kind](const LevelSummary& level) { return level.errors[kind]; });
        if (seen.first == nullptr) continue;
        const Words words = words_of(kind, *seen.worst, evidence.plan);
        if (words.text.empty()) continue;  // its status has said it
        const bool is_grave = words.severity == Severity::critical;
        out.push_back({is_grave ? words.severity : severity_of(seen.share),
                       fmt::format("{} errors {}: {}", name_of(kind), seen.in_words(), words.text),
                       words.flag, seen.worst->label});
    }
}

}  // namespace ringway::bench
