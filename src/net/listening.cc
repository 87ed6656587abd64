#include "ringway/net/listening.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option_list.h"

namespace ringway::net {

namespace {

// A descriptor that closes itself unless it is handed on.
class OwnedFd {
  public:
    explicit OwnedFd(int fd) : fd_(fd) {}
    ~OwnedFd() {
        if (fd_ >= 0) ::close(fd_);
    }
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

constexpr int socket_kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

bool is_unix(const config::Target& target) { return config::is_unix(target.scheme); }
bool is_abstract(const config::Target& target) { return target.path.starts_with('@'); }
bool means_both_families(const config::Target& target) {
    return target.host.empty() || target.host == "*";
}

std::string first_line_of(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string text_of(int error) { return std::strerror(error); }

Listening failure(const config::Listener& listener, int error, const std::string& cause) {
    Listening result;
    result.error = fmt::format("cannot listen on {}: {}", listener_url(listener.target), cause);
    result.os_error = error;
    result.retryable = error == EADDRINUSE;
    return result;
}

// What a failed bind or listen means, and what can be done about it.
std::string bind_cause(const config::Listener& listener, const Address& address, int error) {
    const std::string& host = listener.target.host;
    switch (error) {
        case EADDRINUSE:
            return fmt::format(
                "another program listens on port {0} (ss -ltnp 'sport = :{0}' shows "
                "it): stop it or choose another port",
                address.port());
        case EACCES:
            return fmt::format(
                "ports below {} need root or CAP_NET_BIND_SERVICE: choose a higher port, start as "
                "root with --user, or lower the sysctl net.ipv4.ip_unprivileged_port_start",
                first_line_of("/proc/sys/net/ipv4/ip_unprivileged_port_start"));
        case EADDRNOTAVAIL:
            return fmt::format(
                "this machine has no address {}: choose one that 'ip address' shows, "
                "or * for all",
                host);
        case EAFNOSUPPORT: return "this machine has no IPv6: choose an IPv4 address";
        case EMFILE:
        case ENFILE: return "no file descriptor is left: raise the limit (ulimit -n)";
        default: return text_of(error);
    }
}

Listening bind_failure(const config::Listener& listener, const Address& address, int error) {
    return failure(listener, error, bind_cause(listener, address, error));
}

int set_flag(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

// Sets everything that accepted sockets inherit. Empty text: all of it was taken.
std::string set_options(int fd, const config::SocketOptions& options, int family, int& error) {
    std::string cause;
    const auto set = [&](std::string_view what, int level, int option, const void* data,
                         socklen_t bytes) {
        if (::setsockopt(fd, level, option, data, bytes) == 0) return 0;
        const int refused = errno;
        cause = fmt::format("{}: {}", what, text_of(refused));
        if (option == TCP_CONGESTION && level == IPPROTO_TCP) {
            cause =
                fmt::format("congestion control \"{}\" is not available ({}): choose one of: {}",
                            options.congestion, text_of(refused), available_congestion_controls());
        }
        return -refused;
    };
    error = -for_each_option(options, family, set);
    return cause;
}

// A bound TCP socket that does not listen yet.
int bind_tcp(const config::Listener& listener, const Address& address, bool share_port, int& fd) {
    fd = ::socket(address.family(), socket_kind, IPPROTO_TCP);
    if (fd < 0) return errno;
    // SO_REUSEADDR so that connections in TIME_WAIT do not keep the port.
    int status = set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (status == 0 && share_port) status = set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (status == 0 && address.family() == AF_INET6) {
        status =
            set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, means_both_families(listener.target) ? 0 : 1);
    }
    if (status != 0) return -status;
    return ::bind(fd, address.raw(), address.raw_bytes()) == 0 ? 0 : errno;
}

Listening open_tcp(const config::Listener& listener, const Address& address) {
    if (address.family() != AF_INET && address.family() != AF_INET6) {
        return failure(listener, EINVAL,
                       "its host has no address: give a literal address, * for "
                       "all, or a name that resolves");
    }
    int raw = -1;
    const int bind_error = bind_tcp(listener, address, true, raw);
    OwnedFd fd(raw);
    if (bind_error != 0) return bind_failure(listener, address, bind_error);
    int option_error = 0;
    const std::string refused =
        set_options(fd.get(), listener.socket, address.family(), option_error);
    if (!refused.empty()) return failure(listener, option_error, refused);
    if (::listen(fd.get(), static_cast<int>(listener.backlog)) != 0) {
        return bind_failure(listener, address, errno);
    }
    Listening result;
    result.fd = fd.release();
    return result;
}

// ---- Unix sockets -----------------------------------------------------------------------------

enum class Occupant { nobody, stale_file, answers, other };

// Who is on the path: `error` says why for `other`.
Occupant look_at(const config::Target& target, const UnixPath& path, int& error) {
    if (!is_abstract(target)) {
        struct stat found{};
        if (::lstat(target.path.c_str(), &found) != 0) {
            error = errno;
            return error == ENOENT ? Occupant::nobody : Occupant::other;
        }
        if (!S_ISSOCK(found.st_mode)) {
            error = EEXIST;
            return Occupant::other;
        }
    }
    OwnedFd fd(::socket(AF_UNIX, socket_kind, 0));
    if (fd.get() < 0) {
        error = errno;
        return Occupant::other;
    }
    const auto* address = reinterpret_cast<const sockaddr*>(&path.storage);
    if (::connect(fd.get(), address, path.bytes) == 0) return Occupant::answers;
    error = errno;
    // EAGAIN: somebody listens and its queue is full. EPROTOTYPE: a datagram socket lives there.
    if (error == EAGAIN || error == EPROTOTYPE) return Occupant::answers;
    if (error != ECONNREFUSED) return Occupant::other;
    return is_abstract(target) ? Occupant::nobody : Occupant::stale_file;
}

// Checks that the path may be taken; removes a stale file only when `replace` is set.
Listening clear_path(const config::Listener& listener, const UnixPath& path, bool replace) {
    int error = 0;
    const std::string& name = listener.target.path;
    switch (look_at(listener.target, path, error)) {
        case Occupant::nobody: return {};
        case Occupant::answers:
            return failure(listener, EADDRINUSE,
                           "another program answers on it: stop it or choose another path");
        case Occupant::stale_file:
            if (!replace || ::unlink(name.c_str()) == 0 || errno == ENOENT) return {};
            error = errno;
            return failure(
                listener, error,
                fmt::format("the stale file {} cannot be removed: {}", name, text_of(error)));
        case Occupant::other: break;
    }
    if (error == EEXIST) {
        return failure(
            listener, error,
            fmt::format("{} exists and is not a socket: move it or choose another path", name));
    }
    return failure(listener, error, fmt::format("{}: {}", name, text_of(error)));
}

std::string unix_cause(const config::Listener& listener, int error) {
    const std::string& path = listener.target.path;
    if (error == ENOENT) return fmt::format("the directory of {} does not exist: create it", path);
    if (error == EACCES || error == EPERM) {
        return fmt::format(
            "no permission to create {}: choose a directory that this user may "
            "write to",
            path);
    }
    return text_of(error);
}

std::optional<UnixPath> parse_path(const config::Listener& listener, Listening& problem) {
    auto path = UnixPath::parse(listener.target.path);
    if (!path) {
        problem = failure(listener, ENAMETOOLONG,
                          "the path of a Unix socket has 1 to 107 bytes: choose a shorter one");
    }
    return path;
}

// Everything between bind() and the first connection; empty text: it listens.
std::string start_unix(const config::Listener& listener, int fd, SocketFile& file, int& error) {
    struct stat made{};
    if (!is_abstract(listener.target)) {
        const char* name = listener.target.path.c_str();
        if (::lstat(name, &made) == 0) file = {made.st_dev, made.st_ino};
        // Nobody can connect before listen(), so the file is never open wider than its mode.
        if (::chmod(name, listener.unix_mode) != 0) {
            error = errno;
            return unix_cause(listener, error);
        }
    }
    const std::string refused = set_options(fd, listener.socket, AF_UNIX, error);
    if (!refused.empty()) return refused;
    if (::listen(fd, static_cast<int>(listener.backlog)) == 0) return {};
    error = errno;
    return text_of(error);
}

Listening open_unix(const config::Listener& listener) {
    Listening result;
    const auto path = parse_path(listener, result);
    if (!path) return result;
    result = clear_path(listener, *path, true);
    if (!result) return result;
    OwnedFd fd(::socket(AF_UNIX, socket_kind, 0));
    if (fd.get() < 0) return bind_failure(listener, {}, errno);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&path->storage), path->bytes) != 0) {
        const int error = errno;
        return failure(listener, error, unix_cause(listener, error));
    }
    int error = 0;
    const std::string cause = start_unix(listener, fd.get(), result.file, error);
    if (!cause.empty()) {
        remove_socket_file(listener.target, result.file);
        return failure(listener, error, cause);
    }
    result.fd = fd.release();
    return result;
}

}  // namespace

std::string listener_url(const config::Target& target) {
    const std::string_view scheme = config::is_http(target.scheme) ? "http" : "tcp";
    if (is_unix(target)) return fmt::format("{}+unix:{}", scheme, target.path);
    if (target.host.find(':') != std::string::npos) {
        return fmt::format("{}://[{}]:{}", scheme, target.host, target.port);
    }
    return fmt::format("{}://{}:{}", scheme, target.host.empty() ? "*" : target.host, target.port);
}

std::optional<Address> literal_address(const config::Target& target) {
    if (!means_both_families(target)) {
        return Address::parse(target.host, target.port);
    }
    const auto any = Address::parse("::", target.port);
    // IPv6 may be compiled out or switched off: then "any" is IPv4 alone.
    const auto trial = Address::parse("::", 0);
    OwnedFd fd(::socket(AF_INET6, socket_kind, IPPROTO_TCP));
    if (fd.get() >= 0 && ::bind(fd.get(), trial->raw(), trial->raw_bytes()) == 0) return any;
    return Address::parse("0.0.0.0", target.port);
}

Listening probe_free(const config::Listener& listener, const Address& address) {
    if (is_unix(listener.target)) {
        Listening problem;
        const auto path = parse_path(listener, problem);
        return path ? clear_path(listener, *path, false) : problem;
    }
    if (address.port() == 0) return {};
    int raw = -1;
    const int bind_error = bind_tcp(listener, address, false, raw);
    OwnedFd fd(raw);
    if (bind_error != 0) return bind_failure(listener, address, bind_error);
    // Between two sockets with SO_REUSEADDR, the conflict may show only at listen().
    if (::listen(fd.get(), 1) != 0) return bind_failure(listener, address, errno);
    return {};
}

Listening wait_until_free(const config::Listener& listener, const Address& address,
                          base::Duration patience) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::nanoseconds(patience.ns);
    constexpr std::chrono::milliseconds pause(20);
    for (;;) {
        Listening result = probe_free(listener, address);
        if (result || !result.retryable || Clock::now() + pause > deadline) return result;
        std::this_thread::sleep_for(pause);
    }
}

Listening open_listening_socket(const config::Listener& listener, const Address& address) {
    return is_unix(listener.target) ? open_unix(listener) : open_tcp(listener, address);
}

Listening adopt_listening_socket(int fd, const config::Listener& listener) {
    sockaddr_storage bound{};
    socklen_t bytes = sizeof bound;
    int kind = 0;
    socklen_t kind_bytes = sizeof kind;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes) != 0 ||
        ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &kind_bytes) != 0) {
        return failure(listener, errno,
                       fmt::format("the inherited descriptor {} is not a socket", fd));
    }
    const bool fits = is_unix(listener.target)
                          ? bound.ss_family == AF_UNIX
                          : bound.ss_family == AF_INET || bound.ss_family == AF_INET6;
    if (!fits || kind != SOCK_STREAM) {
        return failure(listener, EINVAL,
                       fmt::format("the inherited descriptor {} is a socket of another kind", fd));
    }
    int error = 0;
    const std::string refused = set_options(fd, listener.socket, bound.ss_family, error);
    if (!refused.empty()) return failure(listener, error, refused);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        ::listen(fd, static_cast<int>(listener.backlog)) != 0) {
        return failure(listener, errno, text_of(errno));
    }
    Listening result;
    result.fd = fd;
    return result;
}

std::uint16_t bound_port(int fd) {
    sockaddr_storage bound{};
    socklen_t bytes = sizeof bound;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes) != 0) return 0;
    const auto address = Address::from(reinterpret_cast<const sockaddr*>(&bound), bytes);
    return address.family() == AF_UNIX ? 0 : address.port();
}

void remove_socket_file(const config::Target& target, const SocketFile& file) {
    if (!is_unix(target) || is_abstract(target) || file.inode == 0) return;
    struct stat found{};
    if (::lstat(target.path.c_str(), &found) != 0) return;
    if (SocketFile{found.st_dev, found.st_ino} == file) ::unlink(target.path.c_str());
}

std::string available_congestion_controls() {
    const std::string line = first_line_of("/proc/sys/net/ipv4/tcp_available_congestion_control");
    return line.empty() ? "(the kernel does not list them)" : line;
}

}  // namespace ringway::net
