// The real stage: processes of this program, and a throttling hop within this one.
#include "stage.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../children.h"
#include "idle_crowd.h"
#include "ringway/config/machine.h"
#include "ringway/config/units.h"
#include "ringway/mock/throttle.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Refusal;

constexpr std::string_view pool_max = "1024";  // connections to the origin: beyond any level here
constexpr std::string_view unix_prefix = "unix:";

// Abstract, so that no file is left behind whatever happens to either process.
std::string control_name() {
    static std::atomic<unsigned> number{0};
    return fmt::format("@ringway-bench-{}-{}", getpid(), ++number);
}

std::vector<std::string> serve_arguments(const ProxyWish& wish) {
    std::vector<std::string> words{"serve", "--listen",
                                   wish.is_http ? "http://127.0.0.1:0" : "tcp://127.0.0.1:0",
                                   "--upstream", wish.origin_url};
    const auto unless_given = [&](const std::string& flag, std::string value) {
        if (names_flag(wish.flags, flag)) return;
        words.push_back(flag);
        words.push_back(std::move(value));
    };
    unless_given("--shards", fmt::format("{}", wish.shards));
    if (wish.is_http) unless_given("--pool-max", std::string{pool_max});
    unless_given("--control", control_name());
    words.insert(words.end(), wish.flags.begin(), wish.flags.end());
    return words;
}

// The line with which the server begins names its version and what its rings can do. The name of
// its control socket is nobody's concern.
std::string description_of(const std::string& output, const std::vector<std::string>& words) {
    const std::size_t at = output.find("msg=\"ringway runs\"");
    const std::string line =
        at == std::string::npos ? "" : output.substr(at, output.find('\n', at) - at);
    std::string flags;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--control") {
            ++i;
            continue;
        }
        flags += flags.empty() ? words[i] : " " + words[i];
    }
    return fmt::format("ringway {} ({}): {}", log_value(line, "version"), log_value(line, "ring"),
                       flags);
}

Checked<Standing> standing_of(const ChildPlan& plan) {
    auto child = Child::start(plan);
    if (!child) return child.reason();
    auto place = find_place((*child)->urls().front());
    if (!place) return place.reason();
    Standing standing{.url = (*child)->urls().front(),
                      .destination = std::move(place->destination),
                      .pid = (*child)->pid(),
                      .description = description_of((*child)->output(), plan.arguments)};
    standing.held = std::shared_ptr<Child>(std::move(*child));
    return standing;
}

Checked<Standing> start_proxy(const ProxyWish& wish) {
    return standing_of({.arguments = serve_arguments(wish), .cores = wish.cores});
}

Checked<Standing> start_origin(const std::vector<int>& cores) {
    std::vector<std::string> words{"mock", "--listen", "http://127.0.0.1:0"};
    if (cores.size() > 1) {
        words.insert(words.end(), {"--threads", fmt::format("{}", cores.size())});
    }
    return standing_of({.arguments = std::move(words), .cores = cores});
}

// Its thread is this process's: what it needs counts as the generator's.
Checked<Standing> start_hop(const ThrottleOptions& link, const Destination& to) {
    if (to.text.starts_with(unix_prefix)) {
        return Refusal{"a throttled link leads to an address, not to a Unix socket", {}};
    }
    const std::size_t colon = to.text.rfind(':');
    std::string host = to.text.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    const auto port = config::parse_count(std::string_view{to.text}.substr(colon + 1));
    auto hop = mock::ThrottleHop::open({.to_host = std::move(host),
                                        .to_port = static_cast<std::uint16_t>(port.value_or(0)),
                                        .bytes_per_second = link.bytes_per_second,
                                        .delay = link.delay,
                                        .jitter = link.jitter,
                                        .loss = link.loss,
                                        .retransmission_timeout = link.retransmission});
    if (!hop) {
        return Refusal{
            fmt::format("the throttled link cannot listen: {}", base::name_of(hop.error().code)),
            {}};
    }
    (*hop)->start();
    auto place = find_place((*hop)->url());
    if (!place) return place.reason();
    Standing standing{.url = (*hop)->url(), .destination = std::move(place->destination)};
    standing.destination.is_http = to.is_http;
    standing.held = std::shared_ptr<mock::ThrottleHop>(std::move(*hop));
    return standing;
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

// What the destination answers to one request, as far as it comes within a second.
std::string answer_to(const Destination& destination, const std::string& request) {
    const Descriptor socket(::socket(destination.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&destination.address),
                destination.address_bytes) != 0 ||
        send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        return {};
    }
    constexpr std::size_t answer_bytes_max = 64 << 10;
    std::string answer;
    char piece[4096];
    while (answer.size() < answer_bytes_max) {
        const ssize_t got = recv(socket.get(), piece, sizeof piece, 0);
        if (got <= 0) break;
        answer.append(piece, static_cast<std::size_t>(got));
    }
    return answer;
}

bool is_mock(const Destination& destination) {
    const std::string answer =
        answer_to(destination,
                  fmt::format("GET /mock/stats HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                              destination.authority));
    return answer.starts_with("HTTP/1.1 200") && answer.find("errors_made") != std::string::npos;
}

std::string describe(int pid) {
    std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
    std::string words{std::istreambuf_iterator<char>(file), {}};
    while (words.ends_with('\0')) words.pop_back();
    std::replace(words.begin(), words.end(), '\0', ' ');
    return words;
}

}  // namespace

bool names_flag(const std::vector<std::string>& flags, const std::string& flag) {
    return std::any_of(flags.begin(), flags.end(), [&flag](const std::string& word) {
        return word == flag || word.starts_with(flag + "=");
    });
}

std::string url_of(const Destination& destination) {
    const std::string scheme = destination.is_http ? "http" : "tcp";
    if (destination.text.starts_with(unix_prefix)) {
        return fmt::format("{}+unix:{}", scheme, destination.text.substr(unix_prefix.size()));
    }
    return fmt::format("{}://{}", scheme, destination.text);
}

Stage real_stage() {
    return {.cores = config::Machine::read().cpus,
            .start_proxy = start_proxy,
            .start_origin = start_origin,
            .start_hop = start_hop,
            .find_place = [](const std::string& url) { return find_place(url); },
            .hold_idle = hold_idle,
            .is_mock = is_mock,
            .describe = describe};
}

}  // namespace ringway::bench
