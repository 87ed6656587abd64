// The generator as a program: reads one command a line, answers each with one line of JSON.
//
//   exchange port=P connections=64 request=128 response=128 per_connection=0
//   bulk     port=P streams=1 direction=down|up source=file|memory
//   http     port=P connections=64 request_body=0 response_body=1024 new_connections=no|yes rate=0
//   events   port=P connections=200 events_per_second=200 event=100
//   hold     port=P connections=5000        (opens them and answers; nothing runs until release)
//   hold_http port=P connections=8000       (likewise, with an HTTP request on each)
//   release
// and for the first four also: warm_up_ms=300 measure_ms=1000 pids=12,13 (whose CPU time to read).
//
// Usage: tcp_load [--core N] [--congestion NAME] [--seed N]
// The first line it prints is {"origin_port": P}; it ends with its input.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cpu_clock.h"
#include "ringway/load/generator.h"
#include "ringway/ring/probe.h"

namespace {
using namespace ringway;

// The words of one command line: "name key=value key=value".
class Words {
  public:
    explicit Words(const std::string& line) {
        std::istringstream words(line);
        words >> name_;
        for (std::string word; words >> word;) {
            const std::size_t equals = word.find('=');
            if (equals == std::string::npos)
                problem_ = fmt::format("'{}' is not key=value", word);
            else
                values_[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
    const std::string& name() const { return name_; }

    std::uint64_t number(const std::string& key, std::uint64_t otherwise) {
        const auto found = values_.extract(key);
        if (found.empty()) return otherwise;
        const std::string& text = found.mapped();
        std::uint64_t value = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failure != std::errc{} || end != text.data() + text.size()) {
            problem_ = fmt::format("{}={} is not a number", key, text);
        }
        return value;
    }
    bool choice(const std::string& key, std::string_view otherwise, std::string_view other) {
        const auto found = values_.extract(key);
        if (found.empty() || found.mapped() == otherwise) return false;
        if (found.mapped() != other) {
            problem_ =
                fmt::format("{}={} is neither {} nor {}", key, found.mapped(), otherwise, other);
        }
        return true;
    }
    std::vector<int> pids() {
        std::vector<int> found;
        const auto list = values_.extract("pids");
        if (list.empty()) return found;
        std::istringstream numbers(list.mapped());
        for (std::string text; std::getline(numbers, text, ',');) found.push_back(std::stoi(text));
        return found;
    }
    // What is wrong with the command, once everything known was asked for.
    std::string problem() const {
        if (!problem_.empty()) return problem_;
        if (!values_.empty()) return fmt::format("unknown word '{}'", values_.begin()->first);
        return {};
    }

  private:
    std::string name_;
    std::string problem_;
    std::map<std::string, std::string> values_;
};

std::string as_json(const load::LoadReport& report) {
    const auto us = [&](double percent) {
        return static_cast<double>(report.latency.percentile_ns(percent)) / 1e3;
    };
    const load::LoadErrors& errors = report.errors;
    return fmt::format(
        "{{\"window_ns\":{},\"exchanges\":{},\"connections\":{},\"bytes\":{},\"turns\":{},"
        "\"client_exchanges\":{},\"origin_exchanges\":{},\"source_bytes\":{},\"sink_bytes\":{},"
        "\"bytes_compared\":{},"
        "\"latency_us\":{{\"p50\":{:.1f},\"p90\":{:.1f},\"p99\":{:.1f},\"p999\":{:.1f},"
        "\"max\":{:.1f},\"mean\":{:.1f}}},"
        "\"errors\":{{\"total\":{},\"connect\":{},\"reset\":{},\"early_end\":{},"
        "\"wrong_bytes\":{},\"stalled\":{}}}",
        report.window.ns, report.exchanges, report.connections, report.bytes, report.turns,
        report.client_exchanges, report.origin_exchanges, report.source_bytes, report.sink_bytes,
        report.bytes_compared, us(50), us(90), us(99), us(99.9),
        static_cast<double>(report.latency.max_ns()) / 1e3, report.latency.mean_ns() / 1e3,
        errors.total(), errors.connect, errors.reset, errors.early_end, errors.wrong_bytes,
        errors.stalled);  // the caller closes the object
}

class Session {
  public:
    explicit Session(load::Generator& generator) : generator_(generator) {}

    std::string answer(const std::string& line) {
        Words words(line);
        if (words.name() == "exchange") return exchange(words);
        if (words.name() == "bulk") return bulk(words);
        if (words.name() == "http") return http(words);
        if (words.name() == "events") return events(words);
        if (words.name() == "hold") return hold(words);
        if (words.name() == "hold_http") return hold_http(words);
        if (words.name() == "release" && holding_) {
            holding_ = false;
            return as_json(generator_.release()) + "}";
        }
        return failure(fmt::format("cannot '{}' now", words.name()));
    }

  private:
    static std::string failure(const std::string& why) {
        return fmt::format("{{\"failed\":\"{}\"}}", why);
    }

    static load::ExchangePlan exchange_plan(Words& words) {
        load::ExchangePlan plan;
        plan.target = load::Target::loopback(static_cast<std::uint16_t>(words.number("port", 0)));
        plan.connections = static_cast<unsigned>(words.number("connections", 64));
        plan.request_bytes = words.number("request", 128);
        plan.response_bytes = words.number("response", 128);
        plan.exchanges_per_connection = static_cast<unsigned>(words.number("per_connection", 0));
        plan.warm_up = milliseconds(words, "warm_up_ms", 300);
        plan.measure = milliseconds(words, "measure_ms", 1000);
        return plan;
    }
    static base::Duration milliseconds(Words& words, const char* key, std::uint64_t otherwise) {
        return base::Duration::milliseconds(
            static_cast<std::int64_t>(words.number(key, otherwise)));
    }

    template <typename Plan>
    std::string measured(const Plan& plan, const std::vector<int>& pids) {
        perf::CpuReading before, after;
        const load::WindowMarks marks{.begin = [&] { before = perf::read_cpu(pids); },
                                      .end = [&] { after = perf::read_cpu(pids); }};
        const load::LoadReport report = generator_.run(plan, marks);
        if (after.processes.empty()) return as_json(report) + "}";
        return as_json(report) + ",\"cpu\":" + perf::difference_as_json(before, after, ::getpid()) +
               "}";
    }

    std::string exchange(Words& words) {
        const load::ExchangePlan plan = exchange_plan(words);
        const std::vector<int> pids = words.pids();
        if (const std::string why = words.problem(); !why.empty()) return failure(why);
        if (const std::string why = refusal(plan); !why.empty()) return failure(why);
        return measured(plan, pids);
    }

    std::string bulk(Words& words) {
        load::BulkPlan plan;
        plan.target = load::Target::loopback(static_cast<std::uint16_t>(words.number("port", 0)));
        plan.streams = static_cast<unsigned>(words.number("streams", 1));
        plan.upload = words.choice("direction", "down", "up");
        plan.from_memory = words.choice("source", "file", "memory");
        plan.warm_up = milliseconds(words, "warm_up_ms", 300);
        plan.measure = milliseconds(words, "measure_ms", 1000);
        const std::vector<int> pids = words.pids();
        if (const std::string why = words.problem(); !why.empty()) return failure(why);
        if (holding_ || plan.streams == 0) return failure("no streams, or connections are held");
        return measured(plan, pids);
    }

    static load::HttpPlan http_plan(Words& words) {
        load::HttpPlan plan;
        plan.target = load::Target::loopback(static_cast<std::uint16_t>(words.number("port", 0)));
        plan.connections = static_cast<unsigned>(words.number("connections", 64));
        plan.request_body_bytes = words.number("request_body", 0);
        plan.response_body_bytes = words.number("response_body", 1024);
        plan.new_connection_each = words.choice("new_connections", "no", "yes");
        plan.rate = static_cast<double>(words.number("rate", 0));
        plan.warm_up = milliseconds(words, "warm_up_ms", 300);
        plan.measure = milliseconds(words, "measure_ms", 1000);
        return plan;
    }
    std::string refusal(const load::HttpPlan& plan) const {
        if (holding_) return "connections are held: release first";
        if (plan.connections == 0) return "connections must be at least 1";
        const bool request_fits =
            plan.request_body_bytes == 0 || plan.request_body_bytes >= load::http_body_bytes_min;
        if (!request_fits || plan.response_body_bytes < load::http_body_bytes_min) {
            return fmt::format("bodies must be at least {} bytes", load::http_body_bytes_min);
        }
        if (plan.event_bytes < load::event_bytes_min || plan.events_per_second <= 0) {
            return fmt::format("events must have at least {} bytes and a rate",
                               load::event_bytes_min);
        }
        return {};
    }
    std::string measured_http(const load::HttpPlan& plan, Words& words) {
        const std::vector<int> pids = words.pids();
        if (const std::string why = words.problem(); !why.empty()) return failure(why);
        if (const std::string why = refusal(plan); !why.empty()) return failure(why);
        return measured(plan, pids);
    }
    std::string http(Words& words) {
        const load::HttpPlan plan = http_plan(words);
        return measured_http(plan, words);
    }
    std::string events(Words& words) {
        load::HttpPlan plan = http_plan(words);
        plan.kind = load::HttpPlan::Kind::events;
        plan.events_per_second = static_cast<double>(words.number("events_per_second", 200));
        plan.event_bytes = words.number("event", 100);
        return measured_http(plan, words);
    }
    std::string hold_http(Words& words) {
        const load::HttpPlan plan = http_plan(words);
        if (const std::string why = words.problem(); !why.empty()) return failure(why);
        if (const std::string why = refusal(plan); !why.empty()) return failure(why);
        holding_ = true;
        return as_json(generator_.hold(plan)) + "}";
    }

    std::string hold(Words& words) {
        const load::ExchangePlan plan = exchange_plan(words);
        if (const std::string why = words.problem(); !why.empty()) return failure(why);
        if (const std::string why = refusal(plan); !why.empty()) return failure(why);
        holding_ = true;
        return as_json(generator_.hold(plan)) + "}";
    }

    std::string refusal(const load::ExchangePlan& plan) const {
        if (holding_) return "connections are held: release first";
        if (plan.connections == 0) return "connections must be at least 1";
        if (plan.request_bytes < load::message_bytes_min ||
            plan.response_bytes < load::message_bytes_min) {
            return fmt::format("request and response must be at least {} bytes",
                               load::message_bytes_min);
        }
        return {};
    }

    load::Generator& generator_;
    bool holding_ = false;
};

// False when the core does not exist or is not ours to use.
bool pin_to(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<std::size_t>(core), &cores);
    return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

int misused(const char* line) {
    fmt::print(stderr, "tcp_load: {}\n", line);
    return 2;
}

}  // namespace

int main(int count, char** words) {
    load::GeneratorSettings settings;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (i + 1 == count) return misused("every flag needs a value");
        const char* value = words[++i];
        if (word == "--core") {
            if (!pin_to(std::atoi(value))) return misused("--core: no such core here");
        } else if (word == "--congestion") {
            settings.congestion = value;
        } else if (word == "--seed") {
            settings.seed = static_cast<std::uint64_t>(std::atoll(value));
        } else {
            return misused("flags are --core N, --congestion NAME and --seed N");
        }
    }
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);

    auto generator = load::Generator::open(settings);
    if (!generator) {
        fmt::print(stderr, "tcp_load: {}\n",
                   ring::explain_setup_failure(generator.error().os_error));
        return 1;
    }
    fmt::print("{{\"origin_port\":{}}}\n", (*generator)->origin_port());
    std::fflush(stdout);
    Session session(**generator);
    for (std::string line; std::getline(std::cin, line);) {
        fmt::print("{}\n", session.answer(line));
        std::fflush(stdout);
    }
    return 0;
}
