// `ringway demo`: the server in front of its built-in origin, in one process, on loopback.
//
// The origin's sockets and threads belong to this file; the server is the same as that of `serve`.
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <span>
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

struct Try {
    std::string_view command;  // {0} stands for the port
    std::string_view what = {};
};

struct Part {
    std::string_view name;  // of the listener and of the upstream behind it
    mock::Mode mode;
    std::uint16_t usual_port;  // taken when nobody else has it
    std::span<const Try> tries;
};

constexpr auto http_tries = std::to_array<Try>({
    {"curl http://127.0.0.1:{0}/"},
    {"curl -L 'http://127.0.0.1:{0}/old?a=1'", "a redirect"},
    {"curl http://127.0.0.1:{0}/healthz", "a fixed reply"},
    {"curl -i http://127.0.0.1:{0}/api/v1/users", "rewritten to /v1/users, fields edited"},
    {"curl -d 'hello' http://127.0.0.1:{0}/echo"},
    {"curl -N http://127.0.0.1:{0}/events/5", "server-sent events, each as it happens"},
    {"curl -o /dev/null -w '%{{speed_download}}\\n' http://127.0.0.1:{0}/bytes/100000000",
     "spliced"},
});
constexpr auto echo_tries = std::to_array<Try>({{"printf 'hello\\n' | nc -N 127.0.0.1 {0}"}});
constexpr auto sink_tries = std::to_array<Try>({{"head -c 1G /dev/zero | nc -N 127.0.0.1 {0}"}});
constexpr auto source_tries =
    std::to_array<Try>({{"nc 127.0.0.1 {0} </dev/null | head -c 1G | wc -c"}});

constexpr auto parts = std::to_array<Part>({
    {"http", mock::Mode::http, 8080, http_tries},
    {"echo", mock::Mode::echo, 7007, echo_tries},
    {"sink", mock::Mode::sink, 7009, sink_tries},
    {"source", mock::Mode::source, 7019, source_tries},
});

constexpr std::string_view routes = R"(
[[route]]
name = "old"
listener = "http"
path = "/old"
redirect = "/new{query}"
status = 301

[[route]]
name = "health"
listener = "http"
path = "/healthz"
reply = "ok\n"

[[route]]
name = "api"
listener = "http"
path = "/api/*"
rewrite = "/"
upstream = "http"
request-headers = ["set X-Demo: yes"]
response-headers = ["set Cache-Control: no-store"]

[[route]]
name = "all"
listener = "http"
upstream = "http"
)";

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
    std::string toml = fmt::format(
        "control = \"{}\"\naccess-log = \"-\"\naccess-log-format = \"haproxy\"\n", control_path());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::uint16_t port = is_free(parts[i].usual_port) ? parts[i].usual_port : 0;
        toml += fmt::format(
            "[[listener]]\nname = \"{0}\"\nurl = \"{1}://127.0.0.1:{2}\"\n"
            "[[upstream]]\nname = \"{0}\"\nendpoints = [\"{1}://127.0.0.1:{3}\"]\n",
            parts[i].name, parts[i].mode == mock::Mode::http ? "http" : "tcp", port,
            origins[i]->port());
    }
    toml += routes;
    return toml;
}

std::string_view port_of(std::string_view url) { return url.substr(url.rfind(':') + 1); }

void print_try(const Try& what, std::string_view port) {
    const std::string command = fmt::format(fmt::runtime(what.command), port);
    if (what.what.empty()) {
        fmt::print("  {}\n", command);
    } else {
        fmt::print("  {:<48}  # {}\n", command, what.what);
    }
}

void print_banner(const config::Settings& settings, std::span<const stats::ListenerRow> listeners) {
    fmt::print("\nringway is running in front of its built-in origin. Try:\n\n");
    for (const stats::ListenerRow& listener : listeners) {
        for (const Part& part : parts) {
            if (part.name != listener.name) continue;
            for (const Try& each : part.tries) print_try(each, port_of(listener.url));
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
    fmt::print(
        "\nBelow, a line for each request and each TCP connection that has ended. Ctrl-C lets what "
        "is "
        "under way finish, and ends.\n\n");
    std::fflush(stdout);
}

}  // namespace

int run_demo(Arguments arguments) {
    // The origin's threads must not take the signals that serve() waits for.
    control::block_signals();
    std::vector<std::unique_ptr<mock::Origin>> origins;
    for (const Part& part : parts) {
        auto origin =
            mock::Origin::open({.mode = part.mode, .http_scheme = part.mode == mock::Mode::http});
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
