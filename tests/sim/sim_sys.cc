// The direct system calls (ring/sys.h), answered by the simulated machine.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>

#include "kernel.h"
#include "network.h"
#include "ringway/ring/sys.h"

namespace ringway::ring::sys {

using sim::EventFile;
using sim::Fault;
using sim::File;
using sim::Kernel;
using sim::PipeEnd;
using sim::Socket;

namespace {

Kernel& kernel() { return Kernel::current(); }

Socket* socket_at(int fd) {
    ++kernel().operations;
    File* file = kernel().find(fd);
    if (file == nullptr) return nullptr;
    if (file->kind() == File::Kind::socket) return static_cast<Socket*>(file);
    kernel().fail("descriptor {} is not a socket but {}", fd, file->describe());
    return nullptr;
}

PipeEnd* pipe_at(int fd, File::Kind end) {
    File* file = kernel().find(fd);
    if (file == nullptr) return nullptr;
    if (file->kind() == end) return static_cast<PipeEnd*>(file);
    kernel().fail("descriptor {} is not the right end of a pipe but {}", fd, file->describe());
    return nullptr;
}

int copy_name(const sim::AddressKey& key, sockaddr* address, socklen_t* bytes) {
    if (key.empty()) {
        sockaddr_storage nobody{};
        nobody.ss_family = AF_UNIX;
        std::memcpy(address, &nobody, std::min<std::size_t>(*bytes, sizeof(sa_family_t)));
        *bytes = sizeof(sa_family_t);
        return 0;
    }
    std::memcpy(address, key.data(), std::min<std::size_t>(*bytes, key.size()));
    *bytes = static_cast<socklen_t>(key.size());
    return 0;
}

}  // namespace

base::Instant now() { return kernel().now(); }
std::int64_t wall_clock_us() { return 1'700'000'000'000'000 + kernel().now().ns / 1000; }

int socket(int, int, int) {
    ++kernel().operations;
    if (kernel().faults().fires(Fault::socket_error)) {
        return kernel().random().chance(1, 2) ? -EMFILE : -ENOBUFS;
    }
    if (!kernel().has_free_descriptor()) return -EMFILE;
    return kernel().install(kernel().network->make_socket(true));
}

int bind(int fd, const sockaddr* address, socklen_t bytes) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    found->local = sim::key_of(address, bytes);
    return 0;
}

int listen(int fd, int backlog) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    return found->listen(found->local, static_cast<std::size_t>(std::max(backlog, 1)));
}

int accept(int listener_fd) {
    Socket* listener = socket_at(listener_fd);
    if (listener == nullptr) return -EBADF;
    if (!kernel().has_free_descriptor()) return -EMFILE;
    if (listener->state() != Socket::State::listening) return -EINVAL;
    if (listener->accept_queue_length() == 0) return -EAGAIN;
    if (kernel().faults().fires(Fault::accept_error)) return -EMFILE;
    Socket* made = listener->accept();
    const int fd = kernel().install(*made);
    kernel().trace("  accepted {} directly as fd {}", made->describe(), fd);
    return fd;
}

int set_option(int fd, int level, int name, const void* value, socklen_t bytes) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    if (level == SOL_SOCKET && name == SO_LINGER && bytes == sizeof(linger)) {
        linger wanted{};
        std::memcpy(&wanted, value, sizeof wanted);
        found->linger_zero = wanted.l_onoff != 0 && wanted.l_linger == 0;
    }
    return 0;
}

int get_option(int fd, int level, int name, void* value, socklen_t* bytes) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    std::memset(value, 0, *bytes);
    if (level == SOL_SOCKET && name == SO_ERROR && *bytes >= sizeof(int)) {
        const int error = found->take_error();
        std::memcpy(value, &error, sizeof error);
    }
    return 0;
}

int peer_name(int fd, sockaddr* address, socklen_t* bytes) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    if (found->state() != Socket::State::connected || found->is_dead()) return -ENOTCONN;
    return copy_name(found->remote, address, bytes);
}

int local_name(int fd, sockaddr* address, socklen_t* bytes) {
    Socket* found = socket_at(fd);
    return found == nullptr ? -EBADF : copy_name(found->local, address, bytes);
}

int shutdown(int fd, int how) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    kernel().trace("  shutdown {} how {}", found->describe(), how);
    return found->shutdown(how);
}

int close(int fd) {
    ++kernel().operations;
    kernel().trace("  close fd {}", fd);
    return kernel().close(fd);
}

std::int64_t splice_in(int socket_fd, int pipe_write_fd, std::size_t bytes_max) {
    Socket* source = socket_at(socket_fd);
    PipeEnd* pipe = pipe_at(pipe_write_fd, File::Kind::pipe_write);
    if (source == nullptr || pipe == nullptr) return -EBADF;
    const std::int64_t moved = sim::splice_in(*source, *pipe->state, bytes_max, kernel());
    kernel().trace("  splice {} -> pipe: {}", source->describe(), moved);
    return moved;
}

std::int64_t splice_out(int pipe_read_fd, int socket_fd, std::size_t bytes_max, bool more_follows) {
    Socket* target = socket_at(socket_fd);
    PipeEnd* pipe = pipe_at(pipe_read_fd, File::Kind::pipe_read);
    if (target == nullptr || pipe == nullptr) return -EBADF;
    if (kernel().faults().fires(Fault::short_send)) {
        bytes_max = 1 + kernel().random().below(bytes_max);
    }
    const std::int64_t moved = sim::splice_out(*pipe->state, *target, bytes_max, more_follows);
    kernel().trace("  splice pipe -> {}: {}", target->describe(), moved);
    return moved;
}

int make_pipe(int fds[2], std::size_t wanted_bytes) {
    ++kernel().operations;
    if (kernel().faults().fires(Fault::pipe_error)) {
        return kernel().random().chance(1, 2) ? -EMFILE : -ENFILE;
    }
    auto state = std::make_shared<sim::PipeState>();
    state->slots_max = std::max<std::size_t>(1, wanted_bytes / 4096);
    if (kernel().faults().fires(Fault::pipe_shrunk))
        state->slots_max = 1 + kernel().random().below(2);
    fds[0] = kernel().install(kernel().make<PipeEnd>(File::Kind::pipe_read, state));
    if (fds[0] < 0) return fds[0];
    fds[1] = kernel().install(kernel().make<PipeEnd>(File::Kind::pipe_write, state));
    if (fds[1] < 0) {
        kernel().close(fds[0]);
        return fds[1];
    }
    kernel().trace("  pipe {} {} of {} slots", fds[0], fds[1], state->slots_max);
    return 0;
}

int pipe_bytes(int pipe_fd) {
    File* file = kernel().find(pipe_fd);
    if (file == nullptr || file->kind() == File::Kind::socket ||
        file->kind() == File::Kind::event) {
        return -EBADF;
    }
    return static_cast<int>(static_cast<PipeEnd*>(file)->state->slots_max * 4096);
}

std::int64_t peek(int fd, void* data, std::size_t bytes) {
    Socket* found = socket_at(fd);
    return found == nullptr ? -EBADF : found->peek(data, bytes);
}

std::int64_t discard(int fd, std::size_t bytes) {
    Socket* found = socket_at(fd);
    return found == nullptr ? -EBADF : found->receive(nullptr, bytes);
}

std::int64_t receive(int fd, void* data, std::size_t bytes) {
    const std::int64_t seen = peek(fd, data, bytes);
    return seen > 0 ? discard(fd, static_cast<std::size_t>(seen)) : seen;
}

std::int64_t send_now(int fd, const void* data, std::size_t bytes) {
    Socket* found = socket_at(fd);
    if (found == nullptr) return -EBADF;
    if (kernel().faults().fires(Fault::short_send)) bytes = 1 + kernel().random().below(bytes);
    const iovec piece{const_cast<void*>(data), bytes};
    const std::int64_t sent = found->send(&piece, 1);
    kernel().trace("  send now {}: {}", found->describe(), sent);
    return sent;
}

int make_wake_fd() { return kernel().install(kernel().make<EventFile>()); }

void signal_wake_fd(int fd) {
    File* file = kernel().find(fd);
    if (file != nullptr) static_cast<EventFile*>(file)->signal();
}

void clear_wake_fd(int fd) {
    File* file = kernel().find(fd);
    if (file != nullptr) static_cast<EventFile*>(file)->clear();
}

}  // namespace ringway::ring::sys
