#include "ringway/mock/command.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "ringway/mock/origin.h"

namespace ringway::mock {
namespace {

constexpr int exit_done = 0;
constexpr int exit_refused = 1;
constexpr int exit_misused = 2;

constexpr std::string_view help_text =
    R"(ringway mock: origins to put behind a proxy

Usage: ringway mock --listen URL [--listen URL ...]

  --listen URL   tcp://HOST:PORT, http://HOST:PORT or tcp+unix:/path; any number of them.
                 Port 0 lets the kernel choose. Options follow as ?mode=MODE&bytes=SIZE
  --help, -h     this text

Modes
  echo           sends back what it gets (the default of tcp://)
  sink           reads and drops until the peer ends, then closes
  source         sends a known pattern: SIZE bytes, or until the peer ends
  http           answers HTTP/1.1 requests with a line that says who answered (the default of
                 http://), or with SIZE bytes. Without a SIZE some paths answer otherwise:
                 /bytes/N (N bytes), /status/N, /slow/MS (after so many milliseconds), /echo (the
                 request's body), /events and /events/N (server-sent events, two a second)
  close-first    echoes SIZE bytes, or its first read, and closes before the peer does

It prints one line per listener and stops on TERM or INT.
)";

int misused(std::string_view line) {
    fmt::print(stderr, "ringway mock: {}\n", line);
    return exit_misused;
}

struct Arguments {
    std::vector<std::string> urls;
    bool help = false;
    std::string problem;
};

Arguments parse(std::span<const std::string> words) {
    Arguments parsed;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--help" || word == "-h") {
            parsed.help = true;
        } else if (word == "--listen") {
            if (i + 1 == words.size()) {
                parsed.problem = "--listen needs a URL, as in --listen tcp://127.0.0.1:0";
                return parsed;
            }
            parsed.urls.push_back(words[++i]);
        } else if (word.starts_with("--listen=")) {
            parsed.urls.push_back(word.substr(std::strlen("--listen=")));
        } else {
            parsed.problem = fmt::format("unknown argument '{}': see ringway mock --help", word);
            return parsed;
        }
    }
    return parsed;
}

int open_all(const std::vector<std::string>& urls, std::vector<std::unique_ptr<Origin>>& origins,
             std::vector<OriginSettings>& settings) {
    for (const std::string& url : urls) {
        std::string problem;
        const std::optional<OriginSettings> parsed = parse_listen_url(url, problem);
        if (!parsed) return misused(fmt::format("--listen {}: {}", url, problem));
        settings.push_back(*parsed);
    }
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto origin = Origin::open(settings[i]);
        if (!origin) {
            fmt::print(stderr, "ringway mock: cannot listen on {}: {}\n", urls[i],
                       std::strerror(origin.error().os_error));
            return exit_refused;
        }
        origins.push_back(std::move(*origin));
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

    std::vector<std::unique_ptr<Origin>> origins;
    std::vector<OriginSettings> settings;
    if (const int code = open_all(parsed.urls, origins, settings); code != exit_done) return code;
    for (std::size_t i = 0; i < origins.size(); ++i) {
        origins[i]->start();
        fmt::print("listening {} mode={}\n", origins[i]->url(), name_of(settings[i].mode));
    }
    std::fflush(stdout);

    int signal_number = 0;
    sigwait(&stop_signals, &signal_number);
    for (const auto& origin : origins) origin->stop();
    return exit_done;
}

}  // namespace ringway::mock
