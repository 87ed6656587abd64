#include "ringway/upstream/dial.h"

#include <cerrno>

#include "ringway/net/socket_options.h"
#include "ringway/ring/sys.h"

namespace ringway::upstream {

namespace {

const sockaddr* address_for(UpstreamSet& endpoints, Endpoint& endpoint, socklen_t& bytes) {
    if (config::is_unix(endpoint.settings->target.scheme)) {
        bytes = endpoint.unix_path.bytes;
        return reinterpret_cast<const sockaddr*>(&endpoint.unix_path.storage);
    }
    const net::Address& address = endpoints.next_address(endpoint);
    bytes = address.raw_bytes();
    return address.raw();
}

int bind_source(int fd, const config::Upstream& settings) {
    if (settings.source_address.empty()) return 0;
    const auto source = net::Address::parse(settings.source_address, 0);
    if (!source) return -EINVAL;
    // The port is chosen at connect, so that one address serves more connections than ports.
    const int on = 1;
    ring::sys::set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return ring::sys::bind(fd, source->raw(), source->raw_bytes());
}

}  // namespace

int begin_connect(net::Socket& socket, UpstreamSet& endpoints, Endpoint& endpoint) {
    socklen_t bytes = 0;
    const sockaddr* address = address_for(endpoints, endpoint, bytes);
    const int fd =
        ring::sys::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return fd;
    int failure = net::apply(fd, endpoint.upstream->socket, address->sa_family);
    if (failure == 0 && address->sa_family != AF_UNIX) {
        failure = bind_source(fd, *endpoint.upstream);
    }
    if (failure != 0) {
        ring::sys::close(fd);
        return failure;
    }
    socket.attach(fd);
    socket.start_connecting(address, bytes);
    return 0;
}

bool is_shortage(int result) {
    return result == -EMFILE || result == -ENFILE || result == -ENOMEM || result == -ENOBUFS;
}

}  // namespace ringway::upstream
