#include "ringway/control/ctl_client.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command_parser.h"
#include "ringway/config/derive.h"
#include "ringway/config/machine.h"
#include "ringway/net/address.h"

namespace ringway::control {
namespace {

constexpr int reply_timeout_ms = 10'000;

std::string why_not(const std::string& path, int os_error) {
    std::string advice;
    if (os_error == ENOENT) advice = "; is ringway running, and with this --control?";
    if (os_error == ECONNREFUSED) advice = "; nobody answers there: is ringway running?";
    if (os_error == EACCES) advice = "; use the user or the group that ringway runs as";
    return fmt::format("control socket {}: {}{}", path, std::strerror(os_error), advice);
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

// Everything up to the empty line that ends a reply; that line is not part of the result.
bool receive_reply(int fd, std::string& reply) {
    for (;;) {
        if (reply.ends_with("\n\n")) {
            reply.pop_back();
            return true;
        }
        pollfd wanted{fd, POLLIN, 0};
        const int ready = ::poll(&wanted, 1, reply_timeout_ms);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            errno = ETIMEDOUT;
            return false;
        }
        char chunk[16384];
        const ssize_t bytes = ::recv(fd, chunk, sizeof chunk, 0);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) {
            if (bytes == 0) errno = ECONNRESET;
            return false;
        }
        reply.append(chunk, static_cast<std::size_t>(bytes));
    }
}

constexpr std::string_view usage_text =
    "usage: ringway ctl [--control PATH] COMMAND...\n"
    "Talks to a running ringway through its control socket. Commands:\n";

struct Arguments {
    std::string path;
    std::string command;
    std::string mistake;
};

Arguments parse_arguments(std::span<const std::string> given) {
    Arguments arguments;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string_view word = given[i];
        if (word == "--control") {
            if (i + 1 == given.size()) {
                arguments.mistake = "--control: the path of the control socket must follow";
                return arguments;
            }
            arguments.path = given[++i];
        } else if (word.starts_with("--control=")) {
            arguments.path = word.substr(std::string_view("--control=").size());
        } else {
            if (word.find_first_of("\n\r") != std::string_view::npos) {
                arguments.mistake = "a command is one line";
                return arguments;
            }
            if (!arguments.command.empty()) arguments.command += ' ';
            arguments.command += word;
        }
    }
    return arguments;
}

std::string default_path() {
    if (const char* path = std::getenv("RINGWAY_CONTROL"); path != nullptr && *path != '\0') {
        return path;
    }
    return config::default_control_path(config::Machine::read());
}

}  // namespace

bool ask_control_socket(const std::string& path, const std::string& command, std::string& reply) {
    reply.clear();
    const auto address = net::UnixPath::parse(path);
    if (!address) {
        reply = fmt::format("control socket {}: the path is too long", path);
        return false;
    }
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.get() < 0 ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage),
                  address->bytes) != 0) {
        reply = why_not(path, errno);
        return false;
    }
    if (!send_all(socket.get(), command + "\n") || !receive_reply(socket.get(), reply)) {
        const int os_error = errno;
        reply = fmt::format(
            "control socket {}: no whole answer: {}", path,
            os_error == ECONNRESET ? "the connection was closed" : std::strerror(os_error));
        return false;
    }
    return true;
}

int run_ctl(std::span<const std::string> given) {
    const Arguments arguments = parse_arguments(given);
    if (!arguments.mistake.empty()) {
        fmt::print(stderr, "ringway: {}\n", arguments.mistake);
        return 2;
    }
    if (arguments.command.empty() || arguments.command == "--help" || arguments.command == "-h" ||
        arguments.command == "help") {
        fmt::print("{}{}", usage_text, help_text());
        return 0;
    }
    const std::string path = arguments.path.empty() ? default_path() : arguments.path;
    std::string reply;
    if (!ask_control_socket(path, arguments.command, reply)) {
        fmt::print(stderr, "ringway: {}\n", reply);
        return 1;
    }
    const bool refused = reply.starts_with("error:");
    std::fwrite(reply.data(), 1, reply.size(), refused ? stderr : stdout);
    return refused ? 1 : 0;
}

}  // namespace ringway::control
