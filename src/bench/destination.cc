#include "destination.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include "ringway/config/url.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Complaint;
using config::Refusal;

// The URL of the place alone, as the server's own URLs are, and what stands behind it.
struct Split {
    std::string place;
    std::string target;
};

constexpr std::string_view url_rule =
    "a URL is http://HOST:PORT/PATH, tcp://HOST:PORT, http+unix:/SOCKET:/PATH or tcp+unix:/SOCKET";

Refusal unknown_shape(std::string_view url) {
    const std::size_t mark = url.find("://");
    if (mark == std::string_view::npos && url.find(':') != 0 && url.find(' ') > url.size()) {
        return {std::string{url_rule}, fmt::format("http://{}?", config::printable(url))};
    }
    const std::string_view scheme = url.substr(0, mark);
    if (scheme == "https" || scheme == "h2" || scheme == "h2c" || scheme == "wss") {
        return {fmt::format("{}:// is not in this release, which measures http://, tcp://, "
                            "http+unix: and tcp+unix:",
                            scheme),
                {}};
    }
    return {std::string{url_rule}, {}};
}

Checked<Split> split_url(std::string_view url) {
    for (const std::string_view scheme : {"http://", "tcp://"}) {
        if (!url.starts_with(scheme)) continue;
        const std::size_t end = url.find_first_of("/?#", scheme.size());
        if (end == std::string_view::npos) return Split{std::string{url}, {}};
        return Split{std::string{url.substr(0, end)}, std::string{url.substr(end)}};
    }
    for (const std::string_view scheme : {"http+unix:", "tcp+unix:"}) {
        if (!url.starts_with(scheme)) continue;
        const std::size_t end = url.find_first_of(":?#", scheme.size());
        if (end == std::string_view::npos) return Split{std::string{url}, {}};
        return Split{std::string{url.substr(0, end)},
                     std::string{url.substr(url[end] == ':' ? end + 1 : end)}};
    }
    return unknown_shape(url);
}

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// One attempt, given up after a second: names like localhost may have an address at which nobody
// listens.
bool accepts(const addrinfo& place) {
    const int fd =
        ::socket(place.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, place.ai_protocol);
    if (fd < 0) return false;
    int outcome = ::connect(fd, place.ai_addr, place.ai_addrlen) == 0 ? 0 : errno;
    if (outcome == EINPROGRESS) {
        pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
        socklen_t bytes = sizeof outcome;
        if (::poll(&writable, 1, 1000) != 1 ||
            ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &bytes) != 0) {
            outcome = ETIMEDOUT;
        }
    }
    ::close(fd);
    return outcome == 0;
}

std::string numeric_text(const addrinfo& place) {
    char host[NI_MAXHOST] = {};
    char port[NI_MAXSERV] = {};
    if (::getnameinfo(place.ai_addr, place.ai_addrlen, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return {};
    }
    return place.ai_family == AF_INET6 ? fmt::format("[{}]:{}", host, port)
                                       : fmt::format("{}:{}", host, port);
}

Complaint resolve(const config::Target& target, Destination& destination) {
    if (target.port == 0) return Refusal{"nobody can be reached at port 0", {}};
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int code =
        ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &wanted, &found);
    if (code != 0) {
        return Refusal{fmt::format("\"{}\" has no address: {}", target.host,
                                   code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code)),
                       {}};
    }
    const std::unique_ptr<addrinfo, FreeAddresses> list{found};
    const addrinfo* chosen = found;
    if (found->ai_next != nullptr) {
        const addrinfo* each = found;
        while (each != nullptr && !accepts(*each)) each = each->ai_next;
        if (each != nullptr) chosen = each;
    }
    std::memcpy(&destination.address, chosen->ai_addr, chosen->ai_addrlen);
    destination.address_bytes = chosen->ai_addrlen;
    destination.text = numeric_text(*chosen);
    return {};
}

void use_unix(const std::string& path, Destination& destination) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // "@name" is abstract: a zero stands for the @, and none ends it.
    const bool is_abstract = path.starts_with('@');
    std::memcpy(address.sun_path, path.data(), path.size());
    if (is_abstract) address.sun_path[0] = '\0';
    std::memcpy(&destination.address, &address, sizeof address);
    destination.address_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) +
                                                       path.size() + (is_abstract ? 0 : 1));
    destination.text = "unix:" + path;
    destination.authority = "localhost";
}

}  // namespace

Complaint check_target(std::string_view target) {
    bool in_placeholder = false;
    for (std::size_t i = 0; i < target.size(); ++i) {
        if (target.substr(i, 2) == "{{") in_placeholder = true;
        if (target.substr(i, 2) == "}}") in_placeholder = false;
        const auto byte = static_cast<unsigned char>(target[i]);
        if (byte == '#') return Refusal{"what follows a # is never sent to a server", {}};
        if (byte == ' ' && in_placeholder) continue;
        if (byte <= 0x20 || byte >= 0x7f) {
            return Refusal{"the path of a URL consists of visible ASCII characters",
                           fmt::format("write it %{:02X}", byte)};
        }
    }
    return {};
}

Checked<Place> find_place(std::string_view url) {
    auto split = split_url(url);
    if (!split) return split.reason();
    auto parsed = config::parse_url(split->place);
    if (!parsed) return parsed.reason();
    const config::Target& target = parsed->target;

    Place place;
    place.destination.is_http = config::is_http(target.scheme);
    if (!place.destination.is_http && !split->target.empty() && split->target != "/") {
        return Refusal{"tcp:// and tcp+unix: have no path and no query", {}};
    }
    if (place.destination.is_http) {
        place.target = split->target.starts_with('/') ? split->target : "/" + split->target;
        if (auto complaint = check_target(place.target)) return *complaint;
    }
    if (config::is_unix(target.scheme)) {
        use_unix(target.path, place.destination);
        return place;
    }
    place.destination.authority = split->place.substr(split->place.find("//") + 2);
    if (auto complaint = resolve(target, place.destination)) return *complaint;
    return place;
}

}  // namespace ringway::bench
