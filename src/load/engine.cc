#include "engine.h"

#include <cerrno>
#include <csignal>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::load {
namespace sys = ring::sys;

Target Target::loopback(std::uint16_t port) {
    Target target;
    auto* address = reinterpret_cast<sockaddr_in*>(&target.address);
    address->sin_family = AF_INET;
    address->sin_port = htons(port);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.bytes = sizeof *address;
    return target;
}

Actor::Actor(Engine& engine, int fd) : engine_(engine), fd_(fd) {
    engine_.actors_.push_back(*this);
    ++engine_.alive_;
}

Actor::~Actor() {
    --engine_.alive_;
    sys::close(fd_);
}

void Actor::retire() {
    if (retired_) return;
    retired_ = true;
    if (in_flight()) call_home();
    bury_if_quiet();
}

void Actor::bury_if_quiet() {
    if (!retired_ || buried_ || in_flight()) return;
    buried_ = true;
    engine_.dead_.push_back(this);
}

base::Result<std::unique_ptr<Engine>> Engine::open(const std::string& congestion) {
    // sendfile(2) has no MSG_NOSIGNAL: a peer that left must be an error here, not a signal.
    std::signal(SIGPIPE, SIG_IGN);
    std::unique_ptr<Engine> engine(new Engine);
    engine->congestion_ = congestion;
    auto ring = ring::Ring::open({.submission_entries = 4096, .completion_entries = 32768});
    if (!ring) return base::unexpected(ring.error());
    engine->ring_ = std::move(*ring);
    auto buffers = ring::BufferGroup::create(
        *engine->ring_, {.group = 0, .count = 64, .bytes_each = 16384, .incremental = true});
    if (buffers && !(*buffers)->incremental()) {
        // Without incremental buffers every receive takes a whole one: then many small ones.
        buffers->reset();
        buffers = ring::BufferGroup::create(
            *engine->ring_, {.group = 0, .count = 2048, .bytes_each = 4096, .incremental = false});
    }
    if (!buffers) return base::unexpected(buffers.error());
    engine->buffers_ = std::move(*buffers);
    const int failure = engine->listen(congestion);
    if (failure != 0) return base::unexpected(base::Error::from_errno(failure));
    return engine;
}

Engine::~Engine() {
    RW_ASSERT(alive_ == 0);
    if (listener_ < 0) return;
    sys::shutdown(listener_, SHUT_RDWR);
    while (accept_op_.in_flight()) ring_->turn(sys::now() + base::Duration::milliseconds(10));
    sys::close(listener_);
}

int Engine::listen(const std::string& congestion) {
    listener_ = sys::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener_ < 0) return listener_;
    const int on = 1;
    sys::set_option(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sys::set_option(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!congestion.empty()) {
        const int failure =
            sys::set_option(listener_, IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                            static_cast<socklen_t>(congestion.size()));
        if (failure < 0) return failure;
    }
    const Target any = Target::loopback(0);
    int failure = sys::bind(listener_, reinterpret_cast<const sockaddr*>(&any.address), any.bytes);
    if (failure == 0) failure = sys::listen(listener_, 4096);
    if (failure < 0) return failure;
    sockaddr_in bound{};
    socklen_t bytes = sizeof bound;
    sys::local_name(listener_, reinterpret_cast<sockaddr*>(&bound), &bytes);
    port_ = ntohs(bound.sin_port);
    accept_op_.engine = this;
    ring_->accept_multishot(accept_op_, listener_);
    return 0;
}

void Engine::on_accept(ring::Op& op, const ring::Completion& completion) {
    Engine& engine = *static_cast<AcceptOp&>(op).engine;
    if (completion.result >= 0) {
        if (engine.acceptor_)
            engine.acceptor_(completion.result);
        else
            sys::close(completion.result);
    }
    // Shut down by the destructor, the listener answers with an error; anything else goes on.
    if (completion.more() || completion.result == -EINVAL) return;
    engine.ring_->accept_multishot(op, engine.listener_);
}

unsigned Engine::turn() {
    ++turns_;
    buffers_->flush();
    now_.ns = 0;
    const unsigned completions = ring_->turn(base::Instant{0});
    bury();
    return completions;
}

void Engine::bury() {
    for (std::size_t i = 0; i < dead_.size(); ++i) delete dead_[i];
    dead_.clear();
}

base::Instant Engine::now() {
    if (now_.ns == 0) now_ = sys::now();
    return now_;
}

int Engine::connect(const Target& target) {
    const int fd =
        sys::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    const int on = 1;
    sys::set_option(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!congestion_.empty()) {
        sys::set_option(fd, IPPROTO_TCP, TCP_CONGESTION, congestion_.data(),
                        static_cast<socklen_t>(congestion_.size()));
    }
    // Without waiting: the first send and receive learn how it went.
    const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
    if (::connect(fd, address, target.bytes) == 0 || errno == EINPROGRESS) return fd;
    const int failure = -errno;
    sys::close(fd);
    return failure;
}

bool Engine::clear(base::Duration patience) {
    for_each([](Actor& actor) { actor.wind_up(); });
    const base::Instant until = sys::now() + patience;
    while (alive_ > 0 && sys::now() < until) turn();
    const bool in_order = alive_ == 0;
    for_each([](Actor& actor) { actor.retire(); });
    while (alive_ > 0) turn();
    return in_order;
}

}  // namespace ringway::load
