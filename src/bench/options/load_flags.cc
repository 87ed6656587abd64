// The flags that say what one run sends, and how.
#include <array>

#include <fmt/format.h>

#include "flag_table.h"
#include "rules.h"
#include "texts.h"

namespace ringway::bench {
namespace {

using config::Complaint;
using config::Refusal;
using config::Value;

constexpr auto work_choices = std::to_array<std::string_view>({"ping-pong", "download", "upload"});
constexpr auto verify_choices =
    std::to_array<std::string_view>({"none", "length", "hash", "first"});
constexpr std::uint64_t body_bytes_max = std::uint64_t{1} << 40;
constexpr std::uint64_t message_bytes_max = std::uint64_t{64} << 20;

constexpr std::string_view hash_rule = "XXH3 of the body in 16 hexadecimal digits";

Complaint set_hash(Draft& draft, const Value& value) {
    std::uint64_t hash = 0;
    if (value.text.size() != 16) return Refusal{std::string{hash_rule}, "xxhsum -H3 FILE says it"};
    for (const char c : value.text) {
        const std::size_t digit = std::string_view{"0123456789abcdef"}.find(c);
        if (digit > 15) return Refusal{std::string{hash_rule}, "xxhsum -H3 FILE says it"};
        hash = hash << 4 | digit;
    }
    draft.options.plan.verification.expected_body_hash = hash;
    return {};
}

Complaint add_header(Draft& draft, const Value& value) {
    auto field = parse_header(value.text);
    if (!field) return field.reason();
    draft.fields.push_back(std::move(*field));
    return {};
}

Complaint set_method(Draft& draft, const Value& value) {
    if (!is_token(value.text)) return Refusal{"a method is a token, as in GET or POST", {}};
    if (value.text == "CONNECT") {
        return Refusal{"CONNECT makes a tunnel, which is no request to measure", {}};
    }
    draft.method = value.text;
    return {};
}

Complaint set_cores(Draft& draft, const Value& value) {
    auto cores = parse_cores(value.text);
    if (!cores) return cores.reason();
    draft.options.plan.cores = std::move(*cores);
    draft.options.plan.pin = true;
    return {};
}

Complaint set_status(Draft& draft, const Value& value) {
    auto codes = parse_status_list(value.text);
    if (!codes) return codes.reason();
    draft.options.plan.verification.expected_status = std::move(*codes);
    return {};
}

Complaint set_replay_speed(Draft& draft, const Value& value) {
    const auto factor = parse_factor(value.text);
    if (!factor || *factor < 0.01 || *factor > 1000) {
        return Refusal{"a factor from 0.01x to 1000x", {}};
    }
    draft.replay.speed = *factor;
    return {};
}

Complaint set_work(Draft& draft, const Value& value) {
    constexpr Work works[] = {Work::ping_pong, Work::download, Work::upload};
    draft.options.plan.work = works[value.choice];
    return {};
}

Complaint set_check(Draft& draft, const Value& value) {
    constexpr BodyCheck checks[] = {BodyCheck::none, BodyCheck::length, BodyCheck::hash,
                                    BodyCheck::first};
    draft.options.plan.verification.check = checks[value.choice];
    return {};
}

constexpr auto rows = std::to_array<BenchFlag>({
    {.name = "connections",
     .group = FlagGroup::load,
     .placeholder = "N",
     .rule = count_rule(1, connections_max),
     .help = "connections that are open at once",
     .default_text = "64",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.connections = static_cast<unsigned>(value.number);
         return {};
     }},
    {.name = "duration",
     .group = FlagGroup::load,
     .placeholder = "D",
     .rule = duration_rule(base::Duration::milliseconds(10), one_day),
     .help = "how long is measured, after the warm-up",
     .default_text = "10s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.measure = value.duration;
         return {};
     }},
    {.name = "requests",
     .group = FlagGroup::load,
     .placeholder = "N",
     .rule = count_rule(1, std::uint64_t{1} << 48),
     .help = "ends once so many were answered; without --duration after an hour at the latest",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.requests_max = value.number;
         return {};
     }},
    {.name = "warm-up",
     .group = FlagGroup::load,
     .placeholder = "D",
     .rule = duration_rule({}, one_hour),
     .help = "load before the measured window, which counts for nothing",
     .default_text = "1s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.warm_up = value.duration;
         return {};
     }},
    {.name = "rate",
     .group = FlagGroup::load,
     .placeholder = "N",
     .rule = count_rule(1, rate_max),
     .help = "open loop: so many requests a second are begun on schedule, whether or not earlier "
             "ones were answered, and latency counts from the moment at which a request was due; "
             "without it each connection waits for its answer (closed loop)",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.rate = static_cast<double>(value.number);
         return {};
     }},
    {.name = "ramp-rate",
     .group = FlagGroup::load,
     .placeholder = "A..B",
     .rule = text_rule(ramp_rate_rule),
     .help = "open loop whose rate goes from A to B in a straight line over the measured window",
     .default_text = "",
     .set = [](Draft& draft,
               const Value& value) { return parse_ramp_rate(value.text, draft.options.plan); }},
    {.name = "pipeline",
     .group = FlagGroup::load,
     .placeholder = "N",
     .rule = count_rule(1, 1024),
     .help = "requests under way at once on one connection",
     .default_text = "1",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.pipeline = static_cast<unsigned>(value.number);
         return {};
     }},
    {.name = "think-time",
     .group = FlagGroup::load,
     .placeholder = "D",
     .rule = duration_rule({}, one_hour),
     .help = "how long a connection rests between an answer and its next request",
     .default_text = "0s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.think_time = value.duration;
         return {};
     }},
    {.name = "new-connections",
     .group = FlagGroup::load,
     .placeholder = "",
     .rule = switch_rule,
     .help = "a connection of its own for each request",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.new_connection_each = value.on;
         return {};
     }},
    {.name = "timeout",
     .group = FlagGroup::load,
     .placeholder = "D",
     .rule = duration_rule(base::Duration::milliseconds(1), one_day),
     .help = "how long a request may take, from its beginning to its last byte",
     .default_text = "30s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.timeout = value.duration;
         return {};
     }},
    {.name = "connect-timeout",
     .group = FlagGroup::load,
     .placeholder = "D",
     .rule = duration_rule(base::Duration::milliseconds(1), one_hour),
     .help = "how long connecting may take",
     .default_text = "5s",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.connect_timeout = value.duration;
         return {};
     }},

    {.name = "method",
     .group = FlagGroup::requests,
     .placeholder = "M",
     .rule = text_rule("a token, as in GET or POST"),
     .help = "the requests' method",
     .default_text = "GET, or POST with a body",
     .set = set_method},
    {.name = "header",
     .group = FlagGroup::requests,
     .placeholder = "'NAME: VALUE'",
     .rule = text_rule(header_rule),
     .help = "a field of each request; its value may hold {{placeholders}}",
     .default_text = "",
     .repeat = true,
     .set = add_header},
    {.name = "body",
     .group = FlagGroup::requests,
     .placeholder = "TEXT",
     .rule = text_rule("any text"),
     .help = "the requests' body; it may hold {{placeholders}}",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.body = value.text;
         return {};
     }},
    {.name = "body-file",
     .group = FlagGroup::requests,
     .placeholder = "FILE",
     .rule = text_rule("a file of at most 64MiB"),
     .help = "the requests' body is what the file holds, {{placeholders}} included",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.body_file = value.text;
         return {};
     }},
    {.name = "replay",
     .group = FlagGroup::requests,
     .placeholder = "LOG",
     .rule = text_rule("an access log: combined, JSON or HAProxy's"),
     .help = "the requests are those of an access log, sent to the URL's host",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.replay_file = value.text;
         return {};
     }},
    {.name = "replay-times",
     .group = FlagGroup::requests,
     .placeholder = "",
     .rule = switch_rule,
     .help = "open loop: each begins as long after the first as it did in the log",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.replay.keep_times = value.on;
         return {};
     }},
    {.name = "replay-speed",
     .group = FlagGroup::requests,
     .placeholder = "X",
     .rule = text_rule("a factor from 0.01x to 1000x"),
     .help = "how many times as fast as it was logged, with --replay-times",
     .default_text = "1x",
     .set = set_replay_speed},
    {.name = "replay-once",
     .group = FlagGroup::requests,
     .placeholder = "",
     .rule = switch_rule,
     .help = "ends with the log instead of beginning it again; without --warm-up there is none",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.replay_once = value.on;
         return {};
     }},

    {.name = "events",
     .group = FlagGroup::streams,
     .placeholder = "",
     .rule = switch_rule,
     .help = "the answers are event streams (SSE): measures the time to the first event and "
             "between events",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         if (value.on) draft.options.plan.work = Work::events;
         return {};
     }},
    {.name = "stamped",
     .group = FlagGroup::streams,
     .placeholder = "",
     .rule = switch_rule,
     .help = "events carry n=NUMBER t=NANOSECONDS of the monotonic clock, as those of ringway mock "
             "do: measures their delay and what was lost",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.stamped_events = value.on;
         return {};
     }},
    {.name = "work",
     .group = FlagGroup::streams,
     .placeholder = "WORK",
     .rule = {.kind = config::ValueKind::choice, .choices = work_choices},
     .help = "over tcp://: messages there and back, or bytes one way as fast as they go",
     .default_text = "ping-pong",
     .set = set_work},
    {.name = "message-size",
     .group = FlagGroup::streams,
     .placeholder = "SIZE",
     .rule = size_rule(1, message_bytes_max),
     .help = "of ping-pong, each way",
     .default_text = "128",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.message_bytes = value.number;
         return {};
     }},

    {.name = "threads",
     .group = FlagGroup::generator,
     .placeholder = "N",
     .rule = count_rule(1, 1024),
     .help = "threads that make the load",
     .default_text = "1",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.threads = static_cast<unsigned>(value.number);
         return {};
     }},
    {.name = "pin",
     .group = FlagGroup::generator,
     .placeholder = "",
     .rule = switch_rule,
     .help = "each thread on a core of its own: the last ones, or those of --cores",
     .default_text = "off",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.pin = value.on;
         return {};
     }},
    {.name = "cores",
     .group = FlagGroup::generator,
     .placeholder = "LIST",
     .rule = text_rule(cores_rule),
     .help = "the cores to pin threads to; implies --pin",
     .default_text = "",
     .set = set_cores},
    {.name = "watch",
     .group = FlagGroup::generator,
     .placeholder = "PID",
     .rule = count_rule(1, std::uint64_t{1} << 22),
     .help = "reports that process's CPU and memory beside the own",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.watch_pid = static_cast<int>(value.number);
         return {};
     }},
    {.name = "seed",
     .group = FlagGroup::generator,
     .placeholder = "N",
     .rule = count_rule(0, UINT64_MAX),
     .help = "of random placeholders and of the choice among several URLs",
     .default_text = "1",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.seed = value.number;
         return {};
     }},

    {.name = "verify",
     .group = FlagGroup::checks,
     .placeholder = "HOW",
     .rule = {.kind = config::ValueKind::choice, .choices = verify_choices},
     .help = "bodies must have the length, or length and hash, of --expect-bytes and "
             "--expect-hash, or be as the first of their URL; with --work download, hash compares "
             "with the pattern that ringway mock sends",
     .default_text = "none",
     .set = set_check},
    {.name = "expect-bytes",
     .group = FlagGroup::checks,
     .placeholder = "SIZE",
     .rule = size_rule(0, body_bytes_max),
     .help = "how long a body must be; implies --verify length",
     .default_text = "",
     .set = [](Draft& draft, const Value& value) -> Complaint {
         draft.options.plan.verification.expected_body_bytes = value.number;
         return {};
     }},
    {.name = "expect-hash",
     .group = FlagGroup::checks,
     .placeholder = "HEX",
     .rule = text_rule(hash_rule),
     .help = "XXH3 (64 bits) of a body; implies --verify hash and needs --expect-bytes",
     .default_text = "",
     .set = set_hash},
    {.name = "expect-status",
     .group = FlagGroup::checks,
     .placeholder = "LIST",
     .rule = text_rule(status_rule),
     .help = "status codes that are no errors",
     .default_text = "all below 400",
     .set = set_status},
});

}  // namespace

std::span<const BenchFlag> load_flags() { return rows; }

}  // namespace ringway::bench
