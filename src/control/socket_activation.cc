#include "socket_activation.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ringway/net/address.h"

namespace ringway::control {
namespace {

constexpr int first_inherited_fd = 3;  // SD_LISTEN_FDS_START
constexpr int inherited_max = 1024;

std::optional<std::int64_t> number_in(const char* text) {
    if (text == nullptr || *text == '\0') return std::nullopt;
    std::int64_t number = 0;
    const char* end = text + std::strlen(text);
    const auto [stopped, failure] = std::from_chars(text, end, number);
    if (failure != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

std::string unix_address_of(const sockaddr_un& address, socklen_t bytes) {
    const auto head = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path));
    if (bytes <= head) return {};
    if (address.sun_path[0] == '\0') {
        return "unix:@" + std::string(address.sun_path + 1, bytes - head - 1);
    }
    return "unix:" + std::string(address.sun_path, strnlen(address.sun_path, bytes - head));
}

std::string address_of(int fd) {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    auto* raw = reinterpret_cast<sockaddr*>(&storage);
    if (::getsockname(fd, raw, &bytes) != 0) return {};
    if (storage.ss_family == AF_UNIX) {
        return unix_address_of(*reinterpret_cast<const sockaddr_un*>(&storage), bytes);
    }
    return net::Address::from(raw, bytes).to_string();
}

bool listens(int fd) {
    int value = 0;
    socklen_t bytes = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &bytes) == 0 && value != 0;
}

}  // namespace

std::vector<InheritedSocket> parse_listen_variables(const char* pid, const char* fds,
                                                    const char* names, std::int64_t own_pid) {
    if (number_in(pid) != own_pid) return {};
    const auto count = number_in(fds);
    if (!count || *count <= 0 || *count > inherited_max) return {};
    std::vector<InheritedSocket> sockets(static_cast<std::size_t>(*count));
    std::string_view left = names != nullptr ? names : "";
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        sockets[i].fd = first_inherited_fd + static_cast<int>(i);
        const std::size_t colon = left.find(':');
        sockets[i].name = std::string(left.substr(0, colon));
        left = colon == std::string_view::npos ? std::string_view{} : left.substr(colon + 1);
    }
    return sockets;
}

std::vector<int> match_inherited(const std::vector<InheritedSocket>& sockets,
                                 const std::vector<config::Listener>& listeners) {
    std::vector<int> chosen(listeners.size(), -1);
    std::vector<bool> taken(sockets.size(), false);
    const auto match = [&](auto fits) {
        for (std::size_t l = 0; l < listeners.size(); ++l) {
            for (std::size_t s = 0; s < sockets.size() && chosen[l] < 0; ++s) {
                if (taken[s] || !fits(sockets[s], listeners[l])) continue;
                chosen[l] = static_cast<int>(s);
                taken[s] = true;
            }
        }
    };
    match([](const InheritedSocket& socket, const config::Listener& listener) {
        return !socket.name.empty() && socket.name == listener.name;
    });
    match([](const InheritedSocket& socket, const config::Listener& listener) {
        return !socket.address.empty() && socket.address == listener.target.to_string();
    });
    return chosen;
}

std::vector<InheritedSocket> take_inherited_sockets(std::vector<std::string>& complaints) {
    auto sockets = parse_listen_variables(std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"),
                                          std::getenv("LISTEN_FDNAMES"),
                                          static_cast<std::int64_t>(::getpid()));
    for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
        ::unsetenv(variable);
    }
    std::vector<InheritedSocket> usable;
    for (InheritedSocket& socket : sockets) {
        if (!listens(socket.fd)) {
            complaints.push_back(fmt::format(
                "inherited descriptor {} ('{}') is not a listening stream socket and was closed",
                socket.fd, socket.name));
            ::close(socket.fd);
            continue;
        }
        ::fcntl(socket.fd, F_SETFD, FD_CLOEXEC);
        ::fcntl(socket.fd, F_SETFL, ::fcntl(socket.fd, F_GETFL) | O_NONBLOCK);
        socket.address = address_of(socket.fd);
        usable.push_back(std::move(socket));
    }
    return usable;
}

}  // namespace ringway::control
