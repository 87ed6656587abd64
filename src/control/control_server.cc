#include "control_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::control {

std::string framed_reply(std::string_view body) {
    std::string framed;
    framed.reserve(body.size() + 2);
    bool at_line_start = true;
    for (const char c : body) {
        if (c == '\n' && at_line_start) framed += ' ';
        framed += c;
        at_line_start = c == '\n';
    }
    if (!at_line_start) framed += '\n';
    framed += '\n';
    return framed;
}

ControlServer::ControlServer(Poller& poller, int listener_fd, Execute execute)
    : poller_(poller),
      listener_fd_(listener_fd),
      execute_(std::move(execute)),
      clients_(clients_max) {
    if (!poller_.add(listener_fd_, EPOLLIN, [this](std::uint32_t) { accept_clients(); })) {
        RW_PANIC("the control socket cannot be watched");
    }
}

ControlServer::~ControlServer() {
    for (std::size_t slot = 0; slot < clients_.size(); ++slot) {
        if (clients_[slot].fd < 0) continue;
        send_output(slot);  // what the client takes now
        if (clients_[slot].fd >= 0) close_client(slot);
    }
    poller_.remove(listener_fd_);
    ::close(listener_fd_);
}

std::size_t ControlServer::client_count() const {
    return static_cast<std::size_t>(std::count_if(
        clients_.begin(), clients_.end(), [](const Client& client) { return client.fd >= 0; }));
}

void ControlServer::accept_clients() {
    // A few per turn; the rest is still readable.
    for (int i = 0; i < 8; ++i) {
        const int fd = ::accept4(listener_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        const auto free = std::find_if(clients_.begin(), clients_.end(),
                                       [](const Client& client) { return client.fd < 0; });
        if (free == clients_.end()) {
            const std::string refusal =
                fmt::format("error: {} control clients are connected already\n\n", clients_max);
            (void)::send(fd, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            ::close(fd);
            continue;
        }
        const auto slot = static_cast<std::size_t>(free - clients_.begin());
        const std::uint32_t generation = free->generation + 1;
        *free = Client{};
        free->fd = fd;
        free->generation = generation;
        free->interest = EPOLLIN;
        if (!poller_.add(fd, EPOLLIN, [this, slot](std::uint32_t seen) { on_event(slot, seen); })) {
            ::close(std::exchange(free->fd, -1));
        }
    }
}

void ControlServer::on_event(std::size_t slot, std::uint32_t events) {
    Client& client = clients_[slot];
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
        close_client(slot);
        return;
    }
    if ((events & EPOLLIN) != 0) read_input(client);
    pump(slot);
}

void ControlServer::read_input(Client& client) {
    std::array<char, command_bytes_max> chunk;
    const ssize_t bytes = ::recv(client.fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (bytes <= 0) {
        client.input_ended = true;
        return;
    }
    client.input.append(chunk.data(), static_cast<std::size_t>(bytes));
}

// Sends, and executes while everything sent has left. Replies that come at once call back into
// here; the flag makes them leave the work to the loop that is running already.
void ControlServer::pump(std::size_t slot) {
    Client& client = clients_[slot];
    if (client.fd < 0 || client.pumping) return;
    client.pumping = true;
    const std::uint32_t generation = client.generation;
    for (;;) {
        send_output(slot);
        if (client.fd < 0 || client.generation != generation) return;
        if (client.output_pending() || client.executing) break;
        if (client.quitting || !execute_next_line(slot)) break;
        if (client.fd < 0 || client.generation != generation) return;
    }
    client.pumping = false;
    const bool nothing_to_come = client.quitting || client.input_ended;
    if (nothing_to_come && !client.executing && !client.output_pending()) {
        close_client(slot);
        return;
    }
    update_interest(slot);
}

// False when no whole line is there.
bool ControlServer::execute_next_line(std::size_t slot) {
    Client& client = clients_[slot];
    std::size_t newline = client.input.find('\n');
    if (newline == std::string::npos && client.input_ended && !client.input.empty()) {
        client.input += '\n';  // the last line of a script may lack its newline
        newline = client.input.size() - 1;
    }
    if (client.skipping) {
        client.input.erase(0, newline == std::string::npos ? newline : newline + 1);
        client.skipping = newline == std::string::npos;
        return !client.skipping;
    }
    if (newline == std::string::npos) {
        if (client.input.size() <= command_bytes_max) return false;
        client.input.clear();
        client.skipping = true;
        client.executing = true;
        refuse({slot, client.generation},
               fmt::format("a command has at most {} bytes", command_bytes_max));
        return true;
    }
    const std::string line = client.input.substr(0, newline);
    client.input.erase(0, newline + 1);
    execute_line(slot, line);
    return true;
}

void ControlServer::execute_line(std::size_t slot, std::string_view line) {
    Client& client = clients_[slot];
    const ClientId id{slot, client.generation};
    client.executing = true;
    const auto parsed = parse_command(line);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
        refuse(id, refusal->sentence);
        return;
    }
    const Request& request = std::get<Request>(parsed);
    if (request.verb == Verb::quit) {
        client.quitting = true;
        client.executing = false;
        return;
    }
    if (request.verb == Verb::help) {
        reply(id, std::string(help_text()));
        return;
    }
    execute_(id, request);
}

ControlServer::Client* ControlServer::find(ClientId id) {
    Client& client = clients_.at(id.slot);
    return client.fd >= 0 && client.generation == id.generation ? &client : nullptr;
}

void ControlServer::reply(ClientId id, std::string_view body) {
    if (find(id) != nullptr) append_reply(id.slot, body);
}

void ControlServer::refuse(ClientId id, std::string_view sentence) {
    if (find(id) != nullptr) append_reply(id.slot, fmt::format("error: {}", sentence));
}

void ControlServer::append_reply(std::size_t slot, std::string_view body) {
    Client& client = clients_[slot];
    RW_ASSERT(client.executing);
    client.executing = false;
    client.output += framed_reply(body);
    pump(slot);
}

void ControlServer::send_output(std::size_t slot) {
    Client& client = clients_[slot];
    while (client.output_pending()) {
        const ssize_t bytes =
            ::send(client.fd, client.output.data() + client.sent,
                   client.output.size() - client.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0 && errno == EAGAIN) {
            if (client.stalled_at.is_never()) client.stalled_at = ring::sys::now();
            return;
        }
        if (bytes < 0) {
            close_client(slot);
            return;
        }
        client.sent += static_cast<std::size_t>(bytes);
        client.stalled_at = base::Instant::never();
    }
    client.output.clear();
    client.sent = 0;
}

void ControlServer::update_interest(std::size_t slot) {
    Client& client = clients_[slot];
    std::uint32_t wanted = 0;
    if (client.output_pending()) {
        wanted = EPOLLOUT;
    } else if (!client.executing && !client.input_ended) {
        wanted = EPOLLIN;
    }
    if (wanted == client.interest) return;
    client.interest = wanted;
    poller_.change(client.fd, wanted);
}

void ControlServer::close_client(std::size_t slot) {
    Client& client = clients_[slot];
    poller_.remove(client.fd);
    ::close(std::exchange(client.fd, -1));
    client.input = {};
    client.output = {};
    client.sent = 0;
}

void ControlServer::tick(base::Instant now) {
    for (std::size_t slot = 0; slot < clients_.size(); ++slot) {
        const Client& client = clients_[slot];
        if (client.fd < 0 || client.stalled_at.is_never()) continue;
        if (client.stalled_at + stall_timeout <= now) close_client(slot);
    }
}

base::Instant ControlServer::next_due() const {
    base::Instant due = base::Instant::never();
    for (const Client& client : clients_) {
        if (client.fd >= 0) due = std::min(due, client.stalled_at + stall_timeout);
    }
    return due;
}

}  // namespace ringway::control
