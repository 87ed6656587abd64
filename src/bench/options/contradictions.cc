#include "contradictions.h"

#include <array>

#include <fmt/format.h>

namespace ringway::bench {
namespace {

using config::Refusal;
using Mode = Options::Mode;

std::string line_of(const GivenFlag& given, const Refusal& refusal) {
    if (given.flag->is_switch() || given.text.empty()) {
        return config::refusal_line(given.where, refusal);
    }
    return config::refusal_line(given.where, given.text, refusal);
}

struct Conflict {
    std::string_view flag;
    std::string_view other;
    std::string_view why;
};

constexpr std::string_view one_suite = "one command runs one suite";
constexpr std::string_view schedule = "in an open loop the schedule says when a request begins";
constexpr std::string_view levels = "the suite's levels say it";
constexpr std::string_view one_load = "a run has one load";
constexpr std::string_view closed_only = "the suite needs a closed loop";
constexpr std::string_view streams = "a stream is no request that is sent again and again";
constexpr std::string_view bulk = "bytes that flow one way are no exchanges";
constexpr std::string_view not_in_log = "the log says what is sent";

constexpr auto conflicts = std::to_array<Conflict>({
    {"ramp-rate", "rate", "one of them says the rate"},
    {"pipeline", "rate", schedule},
    {"pipeline", "ramp-rate", schedule},
    {"pipeline", "replay-times", schedule},
    {"pipeline", "new-connections", "a connection that carries one request has no pipeline"},
    {"pipeline", "think-time", "who sends several at once does not wait for each answer"},
    {"think-time", "rate", schedule},
    {"think-time", "ramp-rate", schedule},
    {"think-time", "replay-times", schedule},
    {"replay-times", "rate", "the log's times are the schedule"},
    {"replay-times", "ramp-rate", "the log's times are the schedule"},
    {"replay", "method", not_in_log},
    {"replay", "body", not_in_log},
    {"replay", "body-file", not_in_log},
    {"replay", "events", streams},
    {"body", "body-file", "one of them says the body"},
    {"events", "rate", streams},
    {"events", "ramp-rate", streams},
    {"events", "pipeline", streams},
    {"events", "think-time", streams},
    {"events", "new-connections", streams},
    {"events", "verify", streams},
    {"events", "expect-bytes", streams},
    {"events", "expect-hash", streams},
    {"events", "work", "--events is for http://, --work for tcp://"},
    {"sweep", "find-knee", one_suite},
    {"sweep", "ramp", one_suite},
    {"sweep", "scaling", one_suite},
    {"sweep", "matrix", one_suite},
    {"sweep", "throttle", one_suite},
    {"sweep", "versus-direct", one_suite},
    {"find-knee", "ramp", one_suite},
    {"find-knee", "scaling", one_suite},
    {"find-knee", "matrix", one_suite},
    {"find-knee", "throttle", one_suite},
    {"find-knee", "versus-direct", one_suite},
    {"ramp", "scaling", one_suite},
    {"ramp", "matrix", one_suite},
    {"ramp", "throttle", one_suite},
    {"ramp", "versus-direct", one_suite},
    {"scaling", "matrix", one_suite},
    {"scaling", "throttle", one_suite},
    {"scaling", "versus-direct", one_suite},
    {"matrix", "throttle", one_suite},
    {"matrix", "versus-direct", one_suite},
    {"throttle", "versus-direct", one_suite},
    {"sweep", "ramp-rate", one_load},
    {"sweep", "replay-times", one_load},
    {"find-knee", "ramp-rate", one_load},
    {"find-knee", "replay-times", one_load},
    {"ramp", "ramp-rate", one_load},
    {"ramp", "replay-times", one_load},
    {"scaling", "rate", closed_only},
    {"scaling", "ramp-rate", closed_only},
    {"scaling", "replay-times", closed_only},
    {"matrix", "connections", levels},
    {"matrix", "message-size", levels},
    {"matrix", "expect-bytes", "bodies of several sizes have several lengths"},
    {"matrix", "expect-hash", "bodies of several sizes have several hashes"},
    {"versus-direct", "ramp-rate", "every slice must have the same load"},
    {"versus-direct", "replay-times", "every slice must have the same load"},
});

// One of them must be there for the flag to mean anything.
struct Need {
    std::string_view flag;
    std::array<std::string_view, 4> any;
    std::string_view why;
};
constexpr auto needs = std::to_array<Need>({
    {"stamped", {"events"}, "stamps are read from events"},
    {"replay-times", {"replay"}, "the times are those of a log"},
    {"replay-speed", {"replay-times"}, "without the log's times there is nothing to speed up"},
    {"replay-once", {"replay"}, "only a log has an end"},
    {"slice", {"versus-direct"}, "nothing else alternates"},
    {"pause", {"sweep", "find-knee", "ramp", "matrix"}, "pauses lie between levels"},
});

// What bulk transfer over TCP has no use for.
constexpr auto not_for_bulk =
    std::to_array<std::string_view>({"rate", "ramp-rate", "requests", "think-time", "message-size",
                                     "find-knee", "ramp", "versus-direct"});
constexpr auto http_only = std::to_array<std::string_view>(
    {"pipeline", "new-connections", "method", "header", "body", "body-file", "replay", "events",
     "verify", "expect-bytes", "expect-hash", "expect-status", "scaling"});
constexpr auto tcp_only = std::to_array<std::string_view>({"work", "message-size"});
// Of `compare` and `baseline`: the only flags that they take.
constexpr auto compare_flags = std::to_array<std::string_view>({"regression"});
constexpr auto baseline_flags = std::to_array<std::string_view>(
    {"quick", "versus-direct", "threads", "pin", "cores", "watch", "seed", "timeout",
     "connect-timeout", "header", "slo", "json", "html", "csv", "progress"});

template <typename Names>
bool contains(const Names& names, std::string_view name) {
    for (const std::string_view each : names) {
        if (each == name) return true;
    }
    return false;
}

std::string not_of_command(const Draft& draft) {
    const Mode mode = draft.options.mode;
    for (const GivenFlag& given : draft.given) {
        if (mode == Mode::compare && !contains(compare_flags, given.flag->name)) {
            return line_of(given, {"compare takes two reports and --regression alone", {}});
        }
        if (mode == Mode::baseline && !contains(baseline_flags, given.flag->name)) {
            return line_of(given, {"baseline says itself what is measured",
                                   "ringway bench URL takes this flag"});
        }
        if (mode != Mode::compare && given.flag->name == "regression") {
            return line_of(given, {"it is a flag of compare",
                                   "ringway bench compare A.json B.json --regression 5%"});
        }
        if (mode != Mode::baseline && given.flag->name == "quick") {
            return line_of(given, {"it is a flag of baseline", "ringway bench baseline --quick"});
        }
    }
    return {};
}

std::string of_conflicts(const Draft& draft) {
    for (const Conflict& each : conflicts) {
        const GivenFlag* given = draft.find(each.flag);
        const GivenFlag* other = draft.find(each.other);
        if (given == nullptr || other == nullptr) continue;
        return line_of(*given, {fmt::format("not together with {}: {}", other->where, each.why),
                                "leave out one of them"});
    }
    for (const Need& each : needs) {
        const GivenFlag* given = draft.find(each.flag);
        if (given == nullptr) continue;
        std::string any;
        bool is_there = false;
        for (const std::string_view needed : each.any) {
            if (needed.empty()) continue;
            is_there = is_there || draft.has(needed);
            any += fmt::format("{}--{}", any.empty() ? "" : " or ", needed);
        }
        if (!is_there)
            return line_of(*given, {fmt::format("it needs {}", any), std::string{each.why}});
    }
    return {};
}

// The suite whose levels are connections or rates, if it is one of those.
const GivenFlag* suite_with_levels(const Draft& draft) {
    for (const std::string_view name : {"sweep", "find-knee", "ramp"}) {
        if (const GivenFlag* given = draft.find(name)) return given;
    }
    return nullptr;
}

std::string of_levels(const Draft& draft) {
    const GivenFlag* suite = suite_with_levels(draft);
    if (suite == nullptr) return {};
    const bool of_rate = draft.options.levels.of_rate;
    const GivenFlag* other = draft.find(of_rate ? "rate" : "connections");
    std::string_view why = levels;
    if (other == nullptr && !of_rate && draft.options.mode != Mode::sweep) {
        other = draft.find("rate");
        why = closed_only;
    }
    if (other != nullptr) {
        return line_of(*other, {fmt::format("not together with {}: {}", suite->where, why),
                                "leave out one of them"});
    }
    for (const std::string_view name : {"pipeline", "think-time", "events", "replay-times"}) {
        const GivenFlag* given = draft.find(name);
        if (!of_rate || given == nullptr) continue;
        return line_of(*given, {fmt::format("not together with levels of rates: {}",
                                            name == "events" ? streams : schedule),
                                "levels of connections instead"});
    }
    return {};
}

// Both say how often the two sides of a comparison are visited.
std::string of_slices(const Draft& draft) {
    const GivenFlag* rounds = draft.find("rounds");
    if (!draft.has("versus-direct") || rounds == nullptr || !draft.has("duration")) return {};
    return line_of(*rounds, {"not together with --versus-direct and --duration: so many rounds of "
                             "two slices are the duration",
                             "leave out one of them"});
}

std::string of_threads(const Draft& draft) {
    const RunPlan& plan = draft.options.plan;
    const GivenFlag* threads = draft.find("threads");
    const Mode mode = draft.options.mode;
    const bool has_levels = mode == Mode::matrix || mode == Mode::baseline ||
                            (suite_with_levels(draft) != nullptr && !draft.options.levels.of_rate);
    if (threads != nullptr && !has_levels && plan.threads > plan.connections) {
        return line_of(*threads, {fmt::format("at most as many as there are connections, {}",
                                              plan.connections),
                                  "--connections says how many"});
    }
    const GivenFlag* cores = draft.find("cores");
    if (cores != nullptr && plan.cores.size() < plan.threads) {
        return line_of(*cores, {fmt::format("each of {} threads needs a core", plan.threads), {}});
    }
    if (cores != nullptr && !plan.pin) {
        return line_of(*cores, {"not together with --no-pin: cores are for pinned threads", {}});
    }
    return {};
}

std::string of_verification(const Draft& draft) {
    const GivenFlag* verify = draft.find("verify");
    const bool has_bytes = draft.find("expect-bytes") != nullptr;
    const GivenFlag* hash = draft.find("expect-hash");
    const BodyCheck check = draft.options.plan.verification.check;
    const GivenFlag* written = nullptr;
    for (const GivenFlag& given : draft.given) {
        if (given.flag->name == "verify") written = &given;
    }
    if (hash != nullptr && !has_bytes) {
        return line_of(*hash,
                       {"it needs --expect-bytes", "bodies of another length are wrong too"});
    }
    if (verify != nullptr && draft.options.plan.work == Work::download) {
        // What comes has no length and no hash; it is compared with the pattern that mock sends.
        if (check == BodyCheck::none || check == BodyCheck::hash) return {};
        return line_of(*verify, {"a download is compared with the pattern that ringway mock sends, "
                                 "or not at all",
                                 "--verify hash, or none"});
    }
    if (verify != nullptr && check == BodyCheck::hash && hash == nullptr) {
        return line_of(*verify, {"it needs --expect-hash and --expect-bytes",
                                 "--verify first compares with the first answer"});
    }
    if (verify != nullptr && check == BodyCheck::length && !has_bytes) {
        return line_of(*verify, {"it needs --expect-bytes", {}});
    }
    if (written != nullptr && (check == BodyCheck::none || check == BodyCheck::first) &&
        (has_bytes || hash != nullptr)) {
        return line_of(*written, {"not together with --expect-bytes and --expect-hash",
                                  "they imply --verify length and --verify hash"});
    }
    if (written != nullptr && check == BodyCheck::length && hash != nullptr) {
        return line_of(*written, {"not together with --expect-hash", "--verify hash"});
    }
    return {};
}

}  // namespace

std::string contradiction_among(const Draft& draft) {
    for (const auto judge :
         {not_of_command, of_conflicts, of_levels, of_slices, of_threads, of_verification}) {
        if (std::string line = judge(draft); !line.empty()) return line;
    }
    const GivenFlag* work = draft.find("work");
    const bool is_bulk =
        draft.options.plan.work == Work::download || draft.options.plan.work == Work::upload;
    for (const std::string_view name : not_for_bulk) {
        const GivenFlag* given = draft.find(name);
        if (work == nullptr || !is_bulk || given == nullptr) continue;
        return line_of(*given, {fmt::format("not together with --work {}: {}", work->text, bulk),
                                "leave out one of them"});
    }
    if (is_bulk && draft.options.levels.of_rate) {
        return line_of(*suite_with_levels(draft),
                       {fmt::format("not together with --work {}: {}", work->text, bulk),
                        "sweep connections instead"});
    }
    return {};
}

std::string contradiction_with_scheme(const Draft& draft, bool is_http) {
    if (is_http) {
        for (const std::string_view name : tcp_only) {
            if (const GivenFlag* given = draft.find(name)) {
                return line_of(*given, {"it is for tcp:// alone", {}});
            }
        }
        return {};
    }
    for (const std::string_view name : http_only) {
        const bool checks_download = name == "verify" && draft.options.plan.work == Work::download;
        if (const GivenFlag* given = draft.find(name); given != nullptr && !checks_download) {
            return line_of(*given, {"it is for http:// alone", {}});
        }
    }
    return {};
}

}  // namespace ringway::bench
