#include "ringway/mock/command.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "ringway/config/units.h"
#include "ringway/mock/origin.h"
#include "ringway/mock/throttle.h"

namespace ringway::mock {
namespace {

constexpr int exit_done = 0;
constexpr int exit_refused = 1;
constexpr int exit_misused = 2;

constexpr unsigned threads_max = 64;

constexpr std::string_view help_text =
    R"(ringway mock: origins to put behind a proxy, and hops to put in between

Usage: ringway mock [--threads N] --listen URL [--listen URL ...]

  --listen URL   tcp://HOST:PORT, http://HOST:PORT or tcp+unix:/path; any number of them.
                 Port 0 lets the kernel choose. Options follow as ?KEY=VALUE&KEY=VALUE
  --threads N    threads for each listener, 1 to 64, default 1. They share the port, and the kernel
                 chooses which of them gets a connection (hops have one)
  --help, -h     this text

Modes (mode=MODE)
  echo           sends back what it gets (the default of tcp://)
  sink           reads and drops until the peer ends, then closes
  source         sends a known pattern: bytes=SIZE of it, or until the peer ends
  close-first    echoes bytes=SIZE bytes, or its first read, and closes before the peer does
  http           answers HTTP/1.1 requests (the default of http://), see below
  throttle       passes a TCP stream on to to=HOST:PORT, as slowly as asked for, see below

HTTP: how to answer is said by the listener's URL, the path, the request's query, and its field
`X-Mock: KEY=VALUE&KEY=VALUE`; what comes later in this list overrides what came before. A query may
have other keys too. A value that breaks its rule is answered with 400 and the rule.
  bytes=SIZE     a body of the known pattern, or the size of each event
  chunked=SIZE   chunked, in chunks of that size; off (the default): with a Content-Length
  status=N       200 to 599                      type=TYPE  the media type
  latency=TIME   before the first byte: 5ms, 1ms-5ms (uniform), exp:5ms (exponential, by its mean),
                 table:50=1ms,90=4ms,100=80ms (values at percentiles, straight lines between)
  errors=SHARE   such as 2%: so many answers are error-status=N (default 500)
  cut=SHARE      so many answers end in a reset after cut-after=SIZE body bytes (default: half)
  corrupt=SHARE  so many bodies have one byte flipped
  rate=SIZE      body bytes per second
  close=on       Connection: close
  seed=N         draws are repeatable
Paths
  /bytes/N  /status/N  /slow/MILLISECONDS
  /echo          the request's body              /mirror    the request as it was received
  /events[/N]    server-sent events with interval=TIME (default 500ms), jitter=TIME (to either side)
                 and bytes=SIZE: `id: SEQ`, `data: n=SEQ t=NANOSECONDS` of CLOCK_MONOTONIC
  POST /v1/messages          a reply in the format of Anthropic Messages
  POST /v1/chat/completions  a reply in the format of OpenAI Chat Completions; both as JSON, or as
                 events when the body says "stream": true. ttft=TIME to the first token, tokens=N
                 (default: the request's limit, at most 256), token-rate=N per second (default: all
                 at once), stamps=on or the field `X-Mock-Stamps: on`: number and time as comments
  /mock/stats    counters as JSON                /mock/reset  sets them to zero
  others         a line that says who answered, or bytes=SIZE bytes

Hops: each way, for all connections together
  to=HOST:PORT   where it leads                  rate=SIZE   bytes per second
  delay=TIME     one way                         jitter=TIME to either side; the order is kept
  loss=SHARE     of segments of 1448 bytes, each of which stalls its stream for
  rto=TIME       one retransmission timeout (default 200ms)

It prints one line per listener, stops on TERM or INT, and then prints the totals of each.
)";

int misused(std::string_view line) {
    fmt::print(stderr, "ringway mock: {}\n", line);
    return exit_misused;
}

struct Arguments {
    std::vector<std::string> urls;
    unsigned threads = 1;
    bool help = false;
    std::string problem;
};

void take_threads(const std::string& value, Arguments& parsed) {
    const auto threads = config::parse_count(value);
    if (threads && *threads >= 1 && *threads <= threads_max)
        parsed.threads = static_cast<unsigned>(*threads);
    else
        parsed.problem =
            fmt::format("--threads {}: must be a whole number from 1 to {}", value, threads_max);
}

Arguments parse(std::span<const std::string> words) {
    Arguments parsed;
    for (std::size_t i = 0; i < words.size() && parsed.problem.empty(); ++i) {
        const std::string_view word = words[i];
        const std::string_view flag = word.substr(0, word.find('='));
        if (word == "--help" || word == "-h") {
            parsed.help = true;
            continue;
        }
        if (flag != "--listen" && flag != "--threads") {
            parsed.problem = fmt::format("unknown argument '{}': see ringway mock --help", word);
            break;
        }
        const bool is_joined = flag.size() < word.size();
        if (!is_joined && i + 1 == words.size()) {
            parsed.problem = flag == "--listen"
                                 ? "--listen needs a URL, as in --listen tcp://127.0.0.1:0"
                                 : "--threads needs a number, as in --threads 2";
            break;
        }
        const std::string value(is_joined ? word.substr(flag.size() + 1) : words[++i]);
        if (flag == "--listen")
            parsed.urls.push_back(value);
        else
            take_threads(value, parsed);
    }
    return parsed;
}

// An origin or a hop, whatever one --listen asked for.
struct Served {
    OriginSettings settings;
    std::unique_ptr<Origin> origin;
    std::unique_ptr<ThrottleHop> hop;

    std::string url() const { return hop ? hop->url() : origin->url(); }
    int open();  // 0 or an errno
    void start() const;
    void stop() const;
    std::string totals() const;
};

int Served::open() {
    if (settings.mode == Mode::throttle) {
        auto opened = ThrottleHop::open(settings.throttle);
        if (!opened) return opened.error().os_error;
        hop = std::move(*opened);
        return 0;
    }
    auto opened = Origin::open(settings);
    if (!opened) return opened.error().os_error;
    origin = std::move(*opened);
    return 0;
}

void Served::start() const {
    if (hop)
        hop->start();
    else
        origin->start();
}

void Served::stop() const {
    if (hop)
        hop->stop();
    else
        origin->stop();
}

std::string Served::totals() const {
    std::string text;
    if (hop)
        write_json(hop->counters(), text);
    else
        write_json(origin->counters(), text);
    return text;
}

int open_all(const Arguments& arguments, std::vector<Served>& served) {
    for (const std::string& url : arguments.urls) {
        std::string problem;
        const std::optional<OriginSettings> parsed = parse_listen_url(url, problem);
        if (!parsed) return misused(fmt::format("--listen {}: {}", url, problem));
        served.push_back({*parsed, nullptr, nullptr});
        served.back().settings.threads = arguments.threads;
    }
    for (std::size_t i = 0; i < served.size(); ++i) {
        const int os_error = served[i].open();
        if (os_error == 0) continue;
        fmt::print(stderr, "ringway mock: cannot listen on {}: {}\n", arguments.urls[i],
                   std::strerror(os_error));
        return exit_refused;
    }
    return exit_done;
}

}  // namespace

int run(std::span<const std::string> arguments) {
    const Arguments parsed = parse(arguments);
    if (!parsed.problem.empty()) return misused(parsed.problem);
    if (parsed.help) {
        fmt::print("{}", help_text);
        return exit_done;
    }
    if (parsed.urls.empty()) return misused("at least one --listen URL is needed, see --help");

    // Blocked before any thread starts, so that only sigwait below ever receives them.
    sigset_t stop_signals;
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

    std::vector<Served> served;
    if (const int code = open_all(parsed, served); code != exit_done) return code;
    for (const Served& each : served) {
        each.start();
        fmt::print("listening {} mode={}\n", each.url(), name_of(each.settings.mode));
    }
    std::fflush(stdout);

    int signal_number = 0;
    sigwait(&stop_signals, &signal_number);
    for (const Served& each : served) each.stop();
    for (const Served& each : served) fmt::print("totals {} {}", each.url(), each.totals());
    return exit_done;
}

}  // namespace ringway::mock
