// The listening socket, the thread and the epoll loop of one origin.
#include "ringway/mock/origin.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "ringway/base/assert.h"

namespace ringway::mock {
namespace {

constexpr std::size_t scratch_bytes = 256 * 1024;
constexpr int retry_accept_ms = 50;

struct BoundSocket {
    int fd = -1;
    int os_error = 0;
};

BoundSocket bind_and_listen(int family, const sockaddr* address, socklen_t bytes) {
    BoundSocket bound;
    bound.fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bound.fd < 0) return {-1, errno};
    const int on = 1;
    if (family != AF_UNIX) ::setsockopt(bound.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(bound.fd, address, bytes) == 0 && ::listen(bound.fd, 4096) == 0) return bound;
    bound.os_error = errno;
    ::close(bound.fd);
    bound.fd = -1;
    return bound;
}

BoundSocket listen_on(const OriginSettings& settings) {
    if (!settings.unix_path.empty()) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (settings.unix_path.size() >= sizeof address.sun_path) return {-1, ENAMETOOLONG};
        std::memcpy(address.sun_path, settings.unix_path.data(), settings.unix_path.size());
        return bind_and_listen(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const std::string port = fmt::format("{}", settings.port);
    if (::getaddrinfo(settings.host.c_str(), port.c_str(), &hints, &found) != 0) {
        return {-1, EADDRNOTAVAIL};
    }
    const BoundSocket bound = bind_and_listen(found->ai_family, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return bound;
}

std::uint16_t port_of(int fd) {
    sockaddr_in6 address{};  // large enough for IPv4 too, whose port stands at the same place
    socklen_t bytes = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
    return ntohs(address.sin6_port);
}

}  // namespace

struct Origin::Impl {
    Impl(const OriginSettings& given, int listening_fd)
        : settings(given),
          listener(listening_fd),
          epoll(::epoll_create1(EPOLL_CLOEXEC)),
          wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (settings.unix_path.empty()) settings.port = port_of(listener);
        context.name = url();
        context.scratch.resize(scratch_bytes);
    }
    ~Impl() {
        stop();
        for (const int fd : {listener, epoll, wake}) ::close(fd);
        if (!settings.unix_path.empty()) ::unlink(settings.unix_path.c_str());
    }

    std::string url() const;
    void stop();
    void serve();
    void watch(int fd, std::uint32_t events, int operation);
    void accept_waiting();
    void handle(int fd, std::uint32_t events);
    void update_interest(Connection& connection);
    void set_alarm(Connection& connection, HttpServing::Clock::time_point at);
    int milliseconds_to_wait() const;
    void run_alarms();

    OriginSettings settings;
    SharedCounters counters;
    ConnectionContext context{settings, counters, {}, {}};
    int listener;
    int epoll;
    int wake;
    bool accepting = true;
    std::vector<std::unique_ptr<Connection>> connections;             // by descriptor
    std::set<std::pair<HttpServing::Clock::time_point, int>> alarms;  // and the descriptor
    std::thread thread;
};

std::string Origin::Impl::url() const {
    if (!settings.unix_path.empty()) return "tcp+unix:" + settings.unix_path;
    const bool is_v6 = settings.host.find(':') != std::string::npos;
    const char* scheme = settings.http_scheme ? "http" : "tcp";
    return fmt::format("{}://{}{}{}:{}", scheme, is_v6 ? "[" : "", settings.host, is_v6 ? "]" : "",
                       settings.port);
}

void Origin::Impl::stop() {
    if (!thread.joinable()) return;
    const std::uint64_t one = 1;
    RW_ASSERT(::write(wake, &one, sizeof one) == sizeof one);
    thread.join();
}

void Origin::Impl::watch(int fd, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    RW_ASSERT(::epoll_ctl(epoll, operation, fd, &event) == 0);
}

void Origin::Impl::serve() {
    watch(wake, EPOLLIN, EPOLL_CTL_ADD);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    epoll_event events[256];
    for (;;) {
        const int ready = ::epoll_wait(epoll, events, 256, milliseconds_to_wait());
        if (!accepting) {
            accepting = true;
            watch(listener, EPOLLIN, EPOLL_CTL_MOD);
        }
        for (int i = 0; i < ready; ++i) {
            const int fd = events[i].data.fd;
            if (fd == wake) {
                connections.clear();
                alarms.clear();
                counters.active.set(0);
                return;
            }
            if (fd == listener)
                accept_waiting();
            else
                handle(fd, events[i].events);
        }
        run_alarms();
    }
}

void Origin::Impl::accept_waiting() {
    for (;;) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
            // No descriptor to spare: a level-triggered listener would spin, so it rests a while.
            accepting = false;
            watch(listener, 0, EPOLL_CTL_MOD);
            return;
        }
        if (settings.unix_path.empty()) {
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        const auto index = static_cast<std::size_t>(fd);
        if (connections.size() <= index) connections.resize(index + 1);
        connections[index] = std::make_unique<Connection>(fd, context);
        counters.accepted.add();
        counters.active.add();
        watch(fd, 0, EPOLL_CTL_ADD);
        handle(fd, 0);
    }
}

void Origin::Impl::handle(int fd, std::uint32_t events) {
    std::unique_ptr<Connection>& connection = connections[static_cast<std::size_t>(fd)];
    if (!connection) return;
    // Whoever is not read from would not be seen to have gone.
    const Connection::Progress progress =
        (events & EPOLLERR) != 0 ? Connection::Progress::failed : connection->step();
    if (progress == Connection::Progress::waiting) {
        update_interest(*connection);
        set_alarm(*connection, connection->due());
        return;
    }
    set_alarm(*connection, HttpServing::Clock::time_point::max());
    if (progress == Connection::Progress::failed) counters.resets.add();
    connection.reset();
    counters.active.subtract();
}

void Origin::Impl::update_interest(Connection& connection) {
    std::uint32_t wanted = 0;
    if (connection.wants_to_read()) wanted |= EPOLLIN;
    if (connection.wants_to_write()) wanted |= EPOLLOUT;
    if (wanted == connection.watched) return;
    connection.watched = wanted;
    watch(connection.fd(), wanted, EPOLL_CTL_MOD);
}

// ---- answers that are due at a time ------------------------------------------------------------

void Origin::Impl::set_alarm(Connection& connection, HttpServing::Clock::time_point at) {
    if (at == connection.alarm) return;
    alarms.erase({connection.alarm, connection.fd()});
    connection.alarm = at;
    if (at != HttpServing::Clock::time_point::max()) alarms.insert({at, connection.fd()});
}

int Origin::Impl::milliseconds_to_wait() const {
    if (!accepting) return retry_accept_ms;
    if (alarms.empty()) return -1;
    const auto left = alarms.begin()->first - HttpServing::Clock::now();
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(whole, 0, 60'000));
}

void Origin::Impl::run_alarms() {
    const auto now = HttpServing::Clock::now();
    while (!alarms.empty() && alarms.begin()->first <= now) {
        const int fd = alarms.begin()->second;
        connections[static_cast<std::size_t>(fd)]->alarm = HttpServing::Clock::time_point::max();
        alarms.erase(alarms.begin());
        handle(fd, 0);
    }
}

base::Result<std::unique_ptr<Origin>> Origin::open(const OriginSettings& settings) {
    const BoundSocket bound = listen_on(settings);
    if (bound.fd < 0) return base::unexpected(base::Error::from_errno(-bound.os_error));
    return std::unique_ptr<Origin>(new Origin(std::make_unique<Impl>(settings, bound.fd)));
}

Origin::Origin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Origin::~Origin() = default;

std::uint16_t Origin::port() const {
    return impl_->settings.unix_path.empty() ? impl_->settings.port : std::uint16_t{0};
}
std::string Origin::url() const { return impl_->url(); }

void Origin::start() {
    RW_ASSERT(!impl_->thread.joinable());
    impl_->thread = std::thread([impl = impl_.get()] { impl->serve(); });
}

void Origin::stop() { impl_->stop(); }

OriginCounters Origin::counters() const {
    const SharedCounters& from = impl_->counters;
    return {from.accepted.read(),  from.active.read(),   from.bytes_in.read(),
            from.bytes_out.read(), from.requests.read(), from.resets.read()};
}

}  // namespace ringway::mock
