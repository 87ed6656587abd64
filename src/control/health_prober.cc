#include "health_prober.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/ring/sys.h"

namespace ringway::control {

HealthProber::HealthProber(Poller& poller, const config::Settings& settings, std::uint64_t seed,
                           Addresses addresses, Changed changed)
    : poller_(poller),
      random_(seed),
      addresses_(std::move(addresses)),
      changed_(std::move(changed)) {
    const base::Instant now = ring::sys::now();
    std::size_t flat = 0;
    for (const config::Upstream& upstream : settings.upstreams) {
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            if (upstream.health.enabled) {
                probes_.push_back({flat, &upstream, &endpoint.target,
                                   EndpointHealth(upstream.health, now, random_)});
            }
            ++flat;
        }
    }
}

HealthProber::~HealthProber() { stop(); }

void HealthProber::stop() {
    stopped_ = true;
    for (Probe& probe : probes_) close_socket(probe);
}

base::Instant HealthProber::next_due() const {
    base::Instant due = base::Instant::never();
    if (stopped_) return due;
    for (const Probe& probe : probes_) due = std::min(due, probe.health.due());
    return due;
}

void HealthProber::tick(base::Instant now) {
    if (stopped_) return;
    for (Probe& probe : probes_) {
        if (probe.health.due() > now) continue;
        if (probe.health.checking()) {
            probe.os_error = ETIMEDOUT;
            close_socket(probe);
            finish(probe, false, now);
        } else {
            probe.health.begin(now);
            probe.address = 0;
            probe.os_error = 0;
            try_next_address(probe, now);
        }
    }
}

// Until one address accepts or is undecided; the check fails when there is no further one.
void HealthProber::try_next_address(Probe& probe, base::Instant now) {
    if (config::is_unix(probe.target->scheme)) {
        const auto path = net::UnixPath::parse(probe.target->path);
        const bool first = probe.address++ == 0;
        if (!first || !path) return finish(probe, false, now);
        const int outcome =
            begin_connect(probe, reinterpret_cast<const sockaddr*>(&path->storage), path->bytes);
        if (outcome != -EINPROGRESS) finish(probe, outcome == 0, now);
        return;
    }
    const std::vector<net::Address>& addresses = addresses_(probe.endpoint);
    if (addresses.empty()) probe.os_error = EDESTADDRREQ;  // the name does not resolve
    while (probe.address < addresses.size()) {
        const net::Address& address = addresses[probe.address++];
        const int outcome = begin_connect(probe, address.raw(), address.raw_bytes());
        if (outcome == -EINPROGRESS) return;
        if (outcome == 0) return finish(probe, true, now);
    }
    finish(probe, false, now);
}

// 0 when connected at once, -EINPROGRESS while it is undecided, or what failed.
int HealthProber::begin_connect(Probe& probe, const sockaddr* address, socklen_t bytes) {
    const int fd =
        ring::sys::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        probe.os_error = -fd;
        return fd;
    }
    if (!probe.upstream->source_address.empty() && address->sa_family != AF_UNIX) {
        const auto source = net::Address::parse(probe.upstream->source_address, 0);
        if (source && source->family() == address->sa_family) {
            (void)ring::sys::bind(fd, source->raw(), source->raw_bytes());
        }
    }
    const int outcome = ::connect(fd, address, bytes) == 0 ? 0 : -errno;
    if (outcome != -EINPROGRESS) {
        probe.os_error = -outcome;
        ::close(fd);
        return outcome;
    }
    probe.fd = fd;
    Probe* place = &probe;  // probes_ is filled once, in the constructor
    if (!poller_.add(fd, EPOLLOUT, [this, place](std::uint32_t) { connected_or_not(*place); })) {
        ::close(std::exchange(probe.fd, -1));
        return -ENOMEM;
    }
    return -EINPROGRESS;
}

void HealthProber::connected_or_not(Probe& probe) {
    int outcome = 0;
    socklen_t bytes = sizeof outcome;
    if (::getsockopt(probe.fd, SOL_SOCKET, SO_ERROR, &outcome, &bytes) != 0) outcome = errno;
    close_socket(probe);
    const base::Instant now = ring::sys::now();
    if (outcome == 0) return finish(probe, true, now);
    probe.os_error = outcome;
    try_next_address(probe, now);
}

void HealthProber::close_socket(Probe& probe) {
    if (probe.fd < 0) return;
    poller_.remove(probe.fd);
    ::close(std::exchange(probe.fd, -1));
}

void HealthProber::finish(Probe& probe, bool passed, base::Instant now) {
    const HealthChange change = probe.health.finish(passed, now, random_);
    if (change == HealthChange::none) return;
    changed_(probe.endpoint, change == HealthChange::came_up, probe.os_error);
}

}  // namespace ringway::control
