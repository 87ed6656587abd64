// The command line of `ringway bench`, from words to Options: splitting, values, what they mean
// together, then URLs and files. Every refusal is one line for people.
#include "options.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>

#include "destination.h"
#include "input_file.h"
#include "options/contradictions.h"
#include "options/flag_table.h"
#include "options/help.h"
#include "options/rules.h"
#include "options/split.h"
#include "options/texts.h"
#include "request/access_log.h"
#include "request/request_source.h"
#include "ringway/config/suggest.h"

namespace ringway::bench {
namespace {

using config::Complaint;
using config::Refusal;
using config::refusal_line;
using Mode = Options::Mode;

constexpr std::size_t urls_max = 256;
constexpr std::size_t body_bytes_max = 64 << 20;
constexpr std::string_view size_mark = "{size}";

// Each step gives the line that refuses, or nothing.
using Problem = std::string;

Problem apply_flags(Draft& draft) {
    for (const GivenFlag& given : draft.given) {
        // A flag that can do without a value says that it is there.
        const bool bare = given.flag->value_optional && given.text.empty();
        auto value = bare ? config::Checked<config::Value>{config::Value{}}
                          : config::interpret(given.flag->rule, given.text);
        Complaint complaint = value ? given.flag->set(draft, *value) : Complaint{value.reason()};
        if (complaint) return refusal_line(given.where, given.text, *complaint);
    }
    return {};
}

// The first word may be a command; all others are URLs, or the reports that are compared.
Problem take_words(const std::vector<std::string>& words, Draft& draft) {
    Options& options = draft.options;
    draft.urls = words;
    if (!words.empty() && (words.front() == "compare" || words.front() == "baseline")) {
        draft.urls.erase(draft.urls.begin());
    }
    if (!words.empty() && words.front() == "baseline") {
        options.mode = Mode::baseline;
        if (draft.urls.size() > 1) {
            return refusal_line("URL", draft.urls[1], {"baseline measures one proxy", {}});
        }
    }
    if (!words.empty() && words.front() == "compare") {
        options.mode = Mode::compare;
        if (draft.urls.size() != 2) {
            return refusal_line("compare", {"it takes two reports that --json wrote",
                                            "ringway bench compare before.json after.json"});
        }
        options.compare_a = draft.urls[0];
        options.compare_b = draft.urls[1];
        draft.urls.clear();
    }
    return {};
}

// Which suites bring an origin and need no URL, and which let ringway be given flags.
bool may_lack_url(Mode mode) {
    return mode == Mode::baseline || mode == Mode::scaling || mode == Mode::compare;
}

Problem take_behind(const SplitLine& line, Options& options) {
    if (line.behind.empty()) return {};
    const bool starts_ringway =
        options.mode == Mode::scaling || (options.mode == Mode::baseline && line.words.size() == 1);
    if (!starts_ringway) {
        return refusal_line("--", line.behind.front(),
                            {"what follows -- goes to the ringway that a suite starts, and none "
                             "is started here",
                             "--scaling and baseline without a URL start one"});
    }
    options.serve_flags = line.behind;
    return {};
}

Problem read_body_file(Draft& draft) {
    if (draft.body_file.empty()) return {};
    auto body = read_input(draft.body_file, body_bytes_max);
    if (!body) return refusal_line("--body-file", draft.body_file, body.reason());
    draft.body = std::move(*body);
    return {};
}

// Fields that the generator makes itself, and Host, which belongs to the destination.
Problem settle_fields(Draft& draft, std::string& host) {
    const auto is = [](const std::string& name, std::string_view other) {
        return std::equal(name.begin(), name.end(), other.begin(), other.end(), [](char a, char b) {
            return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
        });
    };
    std::vector<HeaderField> kept;
    for (HeaderField& field : draft.fields) {
        std::string hint;
        if (is(field.name, "content-length") || is(field.name, "transfer-encoding")) {
            hint = "--body and --body-file say what is sent";
        } else if (is(field.name, "connection") || is(field.name, "keep-alive")) {
            hint = "--new-connections closes each";
        } else if (is(field.name, "host")) {
            host = field.value;
            continue;
        } else {
            kept.push_back(std::move(field));
            continue;
        }
        return refusal_line("--header", field.name + ": " + field.value,
                            {"the generator itself writes this field", std::move(hint)});
    }
    draft.fields = std::move(kept);
    return {};
}

struct WeightedUrl {
    double weight = 1;
    std::string_view url;
};

// "3@http://..."; an @ within the URL stands behind its scheme.
WeightedUrl split_weight(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at > text.find(':')) return {1, text};
    const auto weight = parse_factor(text.substr(0, at));
    return {weight.value_or(0), text.substr(at + 1)};
}

Problem add_url(Draft& draft, const std::string& word) {
    RunPlan& plan = draft.options.plan;
    const WeightedUrl weighted = split_weight(word);
    if (!(weighted.weight > 0 && weighted.weight <= 1e6)) {
        return refusal_line("URL", word,
                            {"a weight before the @ is a number above 0, at most 1000000",
                             "3@http://127.0.0.1:8080/"});
    }
    auto place = find_place(weighted.url);
    if (!place) return refusal_line("URL", word, place.reason());
    const bool is_first = &word == &draft.urls.front();
    if (is_first) plan.destination = place->destination;
    if (plan.destination.text != place->destination.text ||
        plan.destination.is_http != place->destination.is_http ||
        plan.destination.authority != place->destination.authority) {
        return refusal_line("URL", word,
                            {"all URLs of one run name the same scheme, host and port",
                             fmt::format("the first names {}", plan.destination.authority)});
    }
    if (!place->destination.is_http) {
        return is_first ? Problem{} : refusal_line("URL", word, {"over TCP there is one URL", {}});
    }
    RequestKind kind;
    kind.method = !draft.method.empty() ? draft.method : draft.body.empty() ? "GET" : "POST";
    kind.target = place->target;
    kind.fields = draft.fields;
    kind.body = draft.body;
    kind.weight = weighted.weight;
    kind.label = weighted.url;
    if (auto complaint = check_templates(kind)) return refusal_line("URL", word, *complaint);
    plan.kinds.push_back(std::move(kind));
    return {};
}

// Without a URL a suite brings proxy and origin, watches that proxy and asks for what it likes.
Problem not_without_url(const Draft& draft) {
    for (const std::string_view name :
         {"header", "method", "body", "body-file", "replay", "events", "watch"}) {
        const GivenFlag* given = draft.find(name);
        if (given == nullptr) continue;
        const Refusal refusal{"it needs a URL: without one the suite brings proxy and origin", {}};
        return given->text.empty() ? refusal_line(given->where, refusal)
                                   : refusal_line(given->where, given->text, refusal);
    }
    return {};
}

Problem add_urls(Draft& draft) {
    Options& options = draft.options;
    std::string host;
    if (Problem problem = settle_fields(draft, host); !problem.empty()) return problem;
    if (draft.urls.empty() && !may_lack_url(options.mode)) {
        return refusal_line(
            "URL", {"it is missing: whom to measure", "ringway bench http://127.0.0.1:8080/"});
    }
    if (draft.urls.size() > urls_max) {
        return refusal_line("URL", {fmt::format("at most {} of them", urls_max), "--replay LOG"});
    }
    for (const std::string& url : draft.urls) {
        if (Problem problem = add_url(draft, url); !problem.empty()) return problem;
    }
    if (draft.urls.empty()) return not_without_url(draft);
    if (!host.empty()) options.plan.destination.authority = host;
    options.url = split_weight(draft.urls.front()).url;
    if (options.mode == Mode::baseline) options.through = options.url;
    return contradiction_with_scheme(draft, options.plan.destination.is_http);
}

// The work of tcp:// is ping-pong unless another is asked for, and {size} is for --matrix.
Problem settle_work(Draft& draft) {
    Options& options = draft.options;
    RunPlan& plan = options.plan;
    if (!draft.urls.empty() && !plan.destination.is_http && plan.work == Work::requests) {
        plan.work = Work::ping_pong;
    }
    bool has_mark = false;
    for (const RequestKind& kind : plan.kinds) {
        has_mark = has_mark || kind.target.find(size_mark) != std::string::npos;
    }
    if (has_mark && options.mode != Mode::matrix) {
        return refusal_line("URL", draft.urls.front(), {"{size} is filled in by --matrix", {}});
    }
    if (options.mode != Mode::matrix) return {};
    const std::string method = plan.kinds.empty() ? std::string() : plan.kinds.front().method;
    const bool sends_a_body = method == "POST" || method == "PUT" || method == "PATCH";
    if (plan.destination.is_http && !has_mark && !sends_a_body) {
        return refusal_line("URL", draft.urls.front(),
                            {"--matrix needs a {size} in the URL's path, or a method with a body",
                             "http://127.0.0.1:8080/bytes/{size}"});
    }
    if (!has_mark && options.sizes.back() > body_bytes_max) {
        return refusal_line("--matrix", {"bodies and messages of at most 64MiB", {}});
    }
    if (!plan.destination.is_http && plan.work != Work::ping_pong) {
        return refusal_line("--matrix",
                            {"over tcp:// its sizes are those of --work ping-pong", {}});
    }
    if (!plan.destination.is_http && options.sizes.front() == 0) {
        return refusal_line("--matrix", {"a message has at least one byte", {}});
    }
    return {};
}

Problem settle_versus(Draft& draft) {
    Options& options = draft.options;
    if (draft.versus_url.empty()) return {};
    auto place = find_place(draft.versus_url);
    if (!place) return refusal_line("--versus-direct", draft.versus_url, place.reason());
    if (draft.urls.empty()) {
        return refusal_line("--versus-direct", draft.versus_url,
                            {"the URL of the proxy before it is missing",
                             "ringway bench baseline http://127.0.0.1:8080/ --versus-direct URL"});
    }
    if (place->destination.is_http != options.plan.destination.is_http) {
        return refusal_line("--versus-direct", draft.versus_url,
                            {"both URLs have the same scheme", {}});
    }
    options.direct_url = draft.versus_url;
    if (options.mode == Mode::run) options.mode = Mode::versus_direct;
    return {};
}

Problem settle_replay(Draft& draft) {
    if (draft.replay_file.empty()) return {};
    if (draft.urls.size() > 1) {
        return refusal_line("URL", draft.urls[1],
                            {"with --replay one URL names the place, and the log the paths", {}});
    }
    auto log = read_access_log(draft.replay_file);
    if (!log) return refusal_line("--replay", draft.replay_file, log.reason());
    draft.replay.requests = std::move(log->requests);
    draft.replay.repeat = !draft.replay_once;
    draft.options.plan.replay = std::move(draft.replay);
    return {};
}

Problem settle_verification(Draft& draft) {
    Verification& verification = draft.options.plan.verification;
    if (draft.has("expect-bytes")) verification.check = BodyCheck::length;
    if (draft.has("expect-hash")) verification.check = BodyCheck::hash;
    return {};
}

// What only this machine can say: cores that may be used, a process that is there.
Problem check_machine(Draft& draft) {
    const RunPlan& plan = draft.options.plan;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        for (const int core : plan.cores) {
            if (CPU_ISSET(static_cast<std::size_t>(core), &allowed)) continue;
            return refusal_line("--cores", fmt::format("{}", core),
                                {"this process may not run on that core",
                                 fmt::format("it has {} cores", CPU_COUNT(&allowed))});
        }
    }
    if (plan.watch_pid != 0 && ::kill(plan.watch_pid, 0) != 0 && errno == ESRCH) {
        return refusal_line("--watch", fmt::format("{}", plan.watch_pid),
                            {"no process has this number", {}});
    }
    return {};
}

Problem settle_output(Draft& draft) {
    Options& options = draft.options;
    if (options.mode == Mode::baseline && options.json_file.empty()) {
        options.json_file = "report.json";
    }
    if (options.mode == Mode::baseline && options.html_file.empty()) {
        options.html_file = "report.html";
    }
    const struct {
        std::string_view flag;
        const std::string& file;
    } outputs[] = {
        {"--json", options.json_file}, {"--html", options.html_file}, {"--csv", options.csv_file}};
    for (const auto& one : outputs) {
        for (const auto& other : outputs) {
            if (&one == &other || one.file.empty() || one.file != other.file) continue;
            return refusal_line(one.flag, one.file,
                                {fmt::format("{} goes there too", other.flag), {}});
        }
    }
    return {};
}

// Without --duration the number of requests decides, and an hour if it never comes together. A log
// that is sent once has no request to spare for a warm-up.
Problem settle_window(Draft& draft) {
    RunPlan& plan = draft.options.plan;
    const auto is_written = [&](std::string_view name) {
        return std::any_of(draft.given.begin(), draft.given.end(),
                           [&](const GivenFlag& given) { return given.flag->name == name; });
    };
    if (plan.requests_max != 0 && !is_written("duration")) plan.measure = one_hour;
    if (draft.replay_once && !is_written("warm-up")) plan.warm_up = {};
    return {};
}

Problem fill_in(SplitLine line, Draft& draft) {
    draft.given = std::move(line.flags);
    if (Problem problem = apply_flags(draft); !problem.empty()) return problem;
    if (Problem problem = take_words(line.words, draft); !problem.empty()) return problem;
    if (Problem problem = contradiction_among(draft); !problem.empty()) return problem;
    if (Problem problem = take_behind(line, draft.options); !problem.empty()) return problem;
    if (draft.options.mode == Mode::compare) return {};
    for (const auto step : {read_body_file, add_urls, settle_work, settle_versus, settle_replay,
                            settle_verification, settle_window, check_machine, settle_output}) {
        if (Problem problem = step(draft); !problem.empty()) return problem;
    }
    return {};
}

}  // namespace

config::Checked<Options, std::string> parse_options(std::span<const std::string> arguments) {
    auto line = split_line(arguments);
    if (!line) return line.reason();
    Draft draft;
    draft.options.words = {"ringway", "bench"};
    draft.options.words.insert(draft.options.words.end(), arguments.begin(), arguments.end());
    if (line->help_asked || (line->words.size() == 1 && line->words.front() == "help")) {
        draft.options.mode = Mode::help;
        draft.options.help_text = bench_help_text();
        return std::move(draft.options);
    }
    if (Problem problem = fill_in(std::move(*line), draft); !problem.empty()) return problem;
    return std::move(draft.options);
}

}  // namespace ringway::bench
