// `ringway demo`: the server in front of its built-in origin, in one process, on loopback.
//
// The origin's sockets and threads belong to this file; the server is the same as that of `serve`.
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "ringway/config/derive.h"
#include "ringway/control/serve.h"
#include "ringway/mock/origin.h"
#include "settings_from.h"

namespace ringway::app {
namespace {

struct Part {
    std::string_view name;  // of the listener and of the upstream behind it
    mock::Mode mode;
    std::uint16_t usual_port;   // taken when nobody else has it
    std::string_view try_this;  // {0} stands for the port
};

constexpr auto parts = std::to_array<Part>({
    {"http", mock::Mode::http, 8080, "curl http://127.0.0.1:{0}/"},
    {"echo", mock::Mode::echo, 7007, "printf 'hello\\n' | nc -N 127.0.0.1 {0}"},
    {"sink", mock::Mode::sink, 7009, "head -c 1G /dev/zero | nc -N 127.0.0.1 {0}"},
    {"source", mock::Mode::source, 7019, "nc 127.0.0.1 {0} </dev/null | head -c 1G | wc -c"},
});

bool is_free(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       listen(fd, 1) == 0;
    close(fd);
    return bound;
}

bool somebody_answers(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    path.copy(address.sun_path, path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const bool answered =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return answered;
}

// The usual control socket, or one of its own beside a ringway that runs already.
std::string control_path() {
    const std::string usual = config::default_control_path(config::Machine::read());
    if (!somebody_answers(usual)) return usual;
    return fmt::format("{}/demo-{}.sock", usual.substr(0, usual.rfind('/')), getpid());
}

// What the demo brings, as a file of lowest precedence: flags may change any of it.
std::string built_in_settings(const std::vector<std::unique_ptr<mock::Origin>>& origins) {
    std::string toml = fmt::format("control = \"{}\"\n", control_path());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::uint16_t port = is_free(parts[i].usual_port) ? parts[i].usual_port : 0;
        toml += fmt::format(
            "[[listener]]\nname = \"{0}\"\nurl = \"{1}://127.0.0.1:{2}\"\n"
            "[[upstream]]\nname = \"{0}\"\nendpoints = [\"{1}://127.0.0.1:{3}\"]\n",
            parts[i].name, parts[i].mode == mock::Mode::http ? "http" : "tcp", port,
            origins[i]->port());
    }
    return toml;
}

std::string_view port_of(std::string_view url) { return url.substr(url.rfind(':') + 1); }

void print_banner(const config::Settings& settings, std::span<const stats::ListenerRow> listeners) {
    fmt::print("\nringway is running in front of its built-in origin. Try:\n\n");
    for (const stats::ListenerRow& listener : listeners) {
        for (const Part& part : parts) {
            if (part.name != listener.name) continue;
            fmt::print("  {}\n", fmt::format(fmt::runtime(part.try_this), port_of(listener.url)));
        }
    }
    const bool usual =
        settings.control_path == config::default_control_path(config::Machine::read());
    const std::string control = usual ? "" : fmt::format(" --control {}", settings.control_path);
    for (const std::string_view words : {"stats", "connections", "upstreams", "drain"}) {
        fmt::print("  {} ctl{} {}\n", program_invocation_name, control, words);
    }
    fmt::print("\nListeners:\n");
    for (const stats::ListenerRow& listener : listeners) {
        fmt::print("  {:<8} {}\n", listener.name, listener.url);
    }
    fmt::print("\nCtrl-C lets what is under way finish, and ends.\n\n");
    std::fflush(stdout);
}

}  // namespace

int run_demo(Arguments arguments) {
    // The origin's threads must not take the signals that serve() waits for.
    control::block_signals();
    std::vector<std::unique_ptr<mock::Origin>> origins;
    for (const Part& part : parts) {
        auto origin = mock::Origin::open({.mode = part.mode});
        if (!origin) {
            fmt::print(stderr, "ringway: the built-in origin cannot listen on loopback: {}\n",
                       base::name_of(origin.error().code));
            return 1;
        }
        origins.push_back(std::move(*origin));
    }
    int exit_code = 0;
    auto loaded = load_settings(arguments, "demo", exit_code, built_in_settings(origins));
    if (!loaded) return exit_code;
    for (auto& origin : origins) origin->start();
    const config::Settings& settings = loaded->settings;
    exit_code = control::serve(
        settings, {.warnings = std::move(loaded->warnings),
                   .on_ready = [&](auto listeners) { print_banner(settings, listeners); },
                   .reread = std::move(loaded->reread)});
    for (auto& origin : origins) origin->stop();
    return exit_code;
}

}  // namespace ringway::app
