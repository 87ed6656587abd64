#include "settings_from.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/config/checked.h"
#include "ringway/config/parse.h"

namespace ringway::app {
namespace {

// The kernel may load a module for a name it does not list, so asking it is the only sure way.
std::string congestion_refusal(std::string_view flag, std::string_view object,
                               const std::string& name) {
    if (name.empty()) return {};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return {};  // nothing learned; binding will say more
    const int result = setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                                  static_cast<socklen_t>(name.size()));
    const int error = errno;
    close(fd);
    if (result == 0) return {};
    return config::refusal_line(
        fmt::format("{} {}: congestion", flag, object), name,
        {fmt::format("this machine has no such congestion control ({})", std::strerror(error)),
         "ringway doctor lists them"});
}

// The line for standard error begins with the program's name; in a log it would stand there twice.
std::string without_program(std::string line) {
    constexpr std::string_view program = "ringway: ";
    if (line.starts_with(program)) line.erase(0, program.size());
    return line;
}

control::Reread read_again(const config::ParseInput& input) {
    config::ParseOutcome outcome = config::parse_settings(input);
    control::Reread read;
    if (outcome.kind != config::ParseOutcome::Kind::settings) {
        read.refusal = without_program(std::move(outcome.text));
        return read;
    }
    read.refusal = refused_by_machine(outcome.settings);
    read.settings = std::move(outcome.settings);
    read.warnings = std::move(outcome.warnings);
    return read;
}

}  // namespace

std::string refused_by_machine(const config::Settings& settings) {
    if (!settings.user.empty() && getpwnam(settings.user.c_str()) == nullptr) {
        return config::refusal_line("--user", settings.user,
                                    {"no user of this machine has this name", {}});
    }
    for (const config::Listener& listener : settings.listeners) {
        auto refusal = congestion_refusal("--listen", listener.name, listener.socket.congestion);
        if (!refusal.empty()) return refusal;
    }
    for (const config::Upstream& upstream : settings.upstreams) {
        auto refusal = congestion_refusal("--upstream", upstream.name, upstream.socket.congestion);
        if (!refusal.empty()) return refusal;
    }
    return {};
}

std::optional<Loaded> load_settings(Arguments arguments, std::string_view command, int& exit_code,
                                    std::string built_in) {
    const config::ParseInput input{.arguments = {arguments.begin(), arguments.end()},
                                   .environment = config::environment_of(environ),
                                   .machine = config::Machine::read(),
                                   .command = std::string{command},
                                   .built_in = std::move(built_in)};
    config::ParseOutcome outcome = config::parse_settings(input);
    exit_code = outcome.exit_code;
    switch (outcome.kind) {
        case config::ParseOutcome::Kind::help:
            std::fputs(outcome.text.c_str(), stdout);
            return std::nullopt;
        case config::ParseOutcome::Kind::failed:
            fmt::print(stderr, "{}\n", outcome.text);
            return std::nullopt;
        case config::ParseOutcome::Kind::settings: break;
    }
    if (const std::string refusal = refused_by_machine(outcome.settings); !refusal.empty()) {
        fmt::print(stderr, "ringway: {}\n", refusal);
        exit_code = config::exit_machine_refused;
        return std::nullopt;
    }
    return Loaded{std::move(outcome.settings), std::move(outcome.warnings),
                  [input] { return read_again(input); }};
}

}  // namespace ringway::app
