// The throttling hop: its socket, its thread, and the pairs of connections through it.
#include "ringway/mock/throttle.h"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listening.h"
#include "ringway/base/assert.h"
#include "ringway/stats/json.h"
#include "shaping.h"

namespace ringway::mock {
namespace {

struct HopCounters {
    stats::Counter accepted, active, bytes_up, bytes_down, stalls, resets;
};

class HopConnection;

// What all connections of a hop share; belongs to its thread.
struct HopContext {
    const ThrottleSettings& settings;
    const SocketAddress& target;
    Loop& loop;
    HopCounters& counters;
    FlowContext flows;
    Link up, down;
    std::vector<std::unique_ptr<HopConnection>> connections;  // by the client's descriptor
};

// One end of a connection through the hop: tells its flows what epoll says.
class HopEnd final : public Watcher {
  public:
    HopEnd(HopConnection& connection, int socket) : fd(socket), connection_(connection) {}
    ~HopEnd() override { ::close(fd); }
    void on_events(std::uint32_t events) override;

    const int fd;
    Flow* reads = nullptr;   // from here
    Flow* writes = nullptr;  // to here

  private:
    HopConnection& connection_;
};

class HopConnection final : public Watcher, public FlowOwner {
  public:
    HopConnection(int client, int server, HopContext& context)
        : context_(context),
          client_(*this, client),
          server_(*this, server),
          up_(client, server, context.up, context.counters.bytes_up, context.flows, *this),
          down_(server, client, context.down, context.counters.bytes_down, context.flows, *this) {
        client_.reads = server_.writes = &up_;
        server_.reads = client_.writes = &down_;
    }

    void start() {
        context_.loop.add(client_.fd, client_);
        context_.loop.add(server_.fd, server_);
    }

    void flow_changed() override {
        if (up_.has_failed() || down_.has_failed()) return finish(true);
        if (up_.has_ended() && down_.has_ended()) finish(false);
    }
    // Both ends learn of an error as a reset.
    void finish(bool failed) {
        if (finished_) return;
        finished_ = true;
        if (failed) {
            context_.counters.resets.add();
            const linger at_once{.l_onoff = 1, .l_linger = 0};
            ::setsockopt(client_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            ::setsockopt(server_.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        context_.counters.active.subtract();
        context_.up.forget(up_);
        context_.down.forget(down_);
        for (Watcher* part : std::initializer_list<Watcher*>{&client_, &server_, &up_, &down_}) {
            context_.loop.drop(*part);
        }
        auto& slot = context_.connections[static_cast<std::size_t>(client_.fd)];
        context_.loop.retire(std::move(slot));
    }
    bool is_finished() const { return finished_; }
    void on_events(std::uint32_t) override {}

  private:
    HopContext& context_;
    HopEnd client_;
    HopEnd server_;
    Flow up_;
    Flow down_;
    bool finished_ = false;
};

void HopEnd::on_events(std::uint32_t events) {
    if ((events & EPOLLERR) != 0) return connection_.finish(true);
    if ((events & EPOLLOUT) != 0) writes->target_is_writable();
    if (connection_.is_finished()) return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) reads->source_is_readable();
}

// What the kernel takes in ahead of a slow link: without a limit it would be megabytes, and
// whatever comes after them late by as much.
void limit_receive_buffer(int fd, const ThrottleSettings& settings) {
    if (settings.bytes_per_second == 0) return;
    const auto bytes = static_cast<int>(
        std::clamp<std::uint64_t>(settings.bytes_per_second / 50, 64 * 1024, 4 * 1024 * 1024));
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

std::uint64_t seed_of(const ThrottleSettings& settings) {
    if (settings.seed != 0) return settings.seed;
    std::uint64_t seed = 1;
    RW_ASSERT(::getrandom(&seed, sizeof seed, 0) == sizeof seed);
    return seed;
}

}  // namespace

void write_json(const ThrottleCounters& counters, std::string& out) {
    stats::JsonWriter json(out);
    json.begin_object()
        .number("accepted", counters.accepted)
        .number("active", counters.active)
        .number("bytes_up", counters.bytes_up)
        .number("bytes_down", counters.bytes_down)
        .number("stalls", counters.stalls)
        .number("resets", counters.resets)
        .end_object();
    out += '\n';
}

struct ThrottleHop::Impl final : Watcher {
    Impl(const ThrottleSettings& given, const SocketAddress& to, int listening_fd)
        : settings(given), target(to), random(seed_of(given)), listener(listening_fd) {
        settings.port = port_of(listener);
        limit_receive_buffer(listener, settings);  // as what it accepts will have it
    }
    ~Impl() override {
        stop();
        ::close(listener);
    }

    void serve();
    void stop();
    void on_events(std::uint32_t events) override;
    void on_time() override { loop.pause_listener(listener, false, *this); }
    void take(int client);

    ThrottleSettings settings;
    const SocketAddress target;
    base::Random random;
    HopCounters counters;
    Loop loop;
    HopContext context{settings,
                       target,
                       loop,
                       counters,
                       FlowContext{settings, loop, random, counters.stalls},
                       Link(settings, loop),
                       Link(settings, loop),
                       {}};
    const int listener;
    std::thread thread;
};

void ThrottleHop::Impl::serve() {
    loop.add_listener(listener, false, *this);
    loop.run();
    context.connections.clear();
    counters.active.set(0);
}

void ThrottleHop::Impl::stop() {
    if (!thread.joinable()) return;
    loop.stop();
    thread.join();
}

void ThrottleHop::Impl::on_events(std::uint32_t) {
    for (int i = 0; i < 256; ++i) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            take(client);
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        loop.pause_listener(listener, true, *this);
        loop.set_time(*this, loop.now() + base::Duration::milliseconds(50));
        return;
    }
}

void ThrottleHop::Impl::take(int client) {
    counters.accepted.add();
    const BoundSocket server = begin_connect(target);
    if (server.fd < 0) {
        counters.resets.add();
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(client);
        return;
    }
    limit_receive_buffer(server.fd, settings);
    set_no_delay(client);
    set_no_delay(server.fd);
    const auto index = static_cast<std::size_t>(client);
    if (context.connections.size() <= index) context.connections.resize(index + 1);
    context.connections[index] = std::make_unique<HopConnection>(client, server.fd, context);
    counters.active.add();
    context.connections[index]->start();
}

base::Result<std::unique_ptr<ThrottleHop>> ThrottleHop::open(const ThrottleSettings& settings) {
    const auto target = resolve(settings.to_host, settings.to_port);
    if (!target) return base::unexpected(base::Error::from_errno(-EADDRNOTAVAIL));
    const BoundSocket bound = listen_at({settings.host, settings.port, {}, false});
    if (bound.fd < 0) return base::unexpected(base::Error::from_errno(-bound.os_error));
    return std::unique_ptr<ThrottleHop>(
        new ThrottleHop(std::make_unique<Impl>(settings, *target, bound.fd)));
}

ThrottleHop::ThrottleHop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ThrottleHop::~ThrottleHop() = default;

std::uint16_t ThrottleHop::port() const { return impl_->settings.port; }
std::string ThrottleHop::url() const {
    return url_of("tcp", impl_->settings.host, impl_->settings.port);
}

void ThrottleHop::start() {
    RW_ASSERT(!impl_->thread.joinable());
    impl_->thread = std::thread([impl = impl_.get()] { impl->serve(); });
}

void ThrottleHop::stop() { impl_->stop(); }

ThrottleCounters ThrottleHop::counters() const {
    const HopCounters& from = impl_->counters;
    return {from.accepted.read(),   from.active.read(), from.bytes_up.read(),
            from.bytes_down.read(), from.stalls.read(), from.resets.read()};
}

}  // namespace ringway::mock
