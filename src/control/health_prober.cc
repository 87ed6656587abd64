#include "health_prober.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/base/result.h"
#include "ringway/ring/sys.h"

namespace ringway::control {
namespace {

std::string_view text_of_errno(int os_error) { return std::strerror(os_error); }

}  // namespace

HealthProber::HealthProber(Poller& poller, const config::Settings& settings, std::uint64_t seed,
                           Addresses addresses, Changed changed)
    : poller_(poller),
      random_(seed),
      addresses_(std::move(addresses)),
      changed_(std::move(changed)) {
    reload(settings);
}

HealthProber::~HealthProber() { stop(); }

void HealthProber::stop() {
    stopped_ = true;
    for (const auto& probe : probes_) close_socket(*probe);
}

// ---- whom to check ------------------------------------------------------------------------------

void HealthProber::reload(const config::Settings& settings) {
    Probes before = std::exchange(probes_, {});
    for (const config::Upstream& upstream : settings.upstreams) {
        if (!upstream.health.enabled) continue;
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            if (endpoint.retired) continue;
            probes_.push_back(take_probe(before, upstream, endpoint));
        }
    }
    for (const auto& probe : before) {
        if (probe) close_socket(*probe);
    }
}

std::unique_ptr<HealthProber::Probe> HealthProber::take_probe(Probes& before,
                                                              const config::Upstream& upstream,
                                                              const config::Endpoint& endpoint) {
    bool healthy = true;
    const auto known = std::find_if(before.begin(), before.end(), [&](const auto& probe) {
        return probe && probe->endpoint == endpoint.slot && probe->target == endpoint.target;
    });
    if (known != before.end()) {
        healthy = (*known)->health.healthy();
        if ((*known)->rule == upstream.health &&
            (*known)->source_address == upstream.source_address) {
            return std::move(*known);
        }
    }
    return std::make_unique<Probe>(
        upstream, endpoint, EndpointHealth(upstream.health, ring::sys::now(), random_, healthy));
}

base::Instant HealthProber::next_due() const {
    base::Instant due = base::Instant::never();
    if (stopped_) return due;
    for (const auto& probe : probes_) due = std::min(due, probe->health.due());
    return due;
}

void HealthProber::tick(base::Instant now) {
    if (stopped_) return;
    for (const auto& probe : probes_) {
        if (probe->health.due() > now) continue;
        if (probe->health.checking()) {
            probe->reason = probe->answer ? "no answer in time" : text_of_errno(ETIMEDOUT);
            close_socket(*probe);
            finish(*probe, false, now);
        } else {
            probe->health.begin(now);
            probe->address = 0;
            probe->reason.clear();
            try_next_address(*probe, now);
        }
    }
}

// ---- one check ----------------------------------------------------------------------------------

// Until one address accepts or is undecided; the check fails when there is no further one.
void HealthProber::try_next_address(Probe& probe, base::Instant now) {
    if (config::is_unix(probe.target.scheme)) {
        const auto path = net::UnixPath::parse(probe.target.path);
        const bool first = probe.address++ == 0;
        if (!first || !path) return finish(probe, false, now);
        const auto* address = reinterpret_cast<const sockaddr*>(&path->storage);
        if (begin_connect(probe, address, path->bytes) != 0) finish(probe, false, now);
        return;
    }
    const std::vector<net::Address>& addresses = addresses_(probe.endpoint);
    if (addresses.empty()) probe.reason = "the name does not resolve";
    while (probe.address < addresses.size()) {
        const net::Address& address = addresses[probe.address++];
        if (begin_connect(probe, address.raw(), address.raw_bytes()) == 0) return;
    }
    finish(probe, false, now);
}

// 0 when the poller will tell how it ends, or the negative errno of what failed.
int HealthProber::begin_connect(Probe& probe, const sockaddr* address, socklen_t bytes) {
    const int fd =
        ring::sys::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        probe.reason = text_of_errno(-fd);
        return fd;
    }
    if (!probe.source_address.empty() && address->sa_family != AF_UNIX) {
        const auto source = net::Address::parse(probe.source_address, 0);
        if (source && source->family() == address->sa_family) {
            (void)ring::sys::bind(fd, source->raw(), source->raw_bytes());
        }
    }
    int failure = ::connect(fd, address, bytes) == 0 ? 0 : errno;
    if (failure == EINPROGRESS) failure = 0;
    probe.fd = fd;
    Probe* place = &probe;
    // One that is connected already is writable at once.
    if (failure == 0 && !poller_.add(fd, EPOLLOUT, [this, place](std::uint32_t events) {
            on_event(*place, events);
        })) {
        failure = ENOMEM;
    }
    if (failure == 0) return 0;
    ::close(std::exchange(probe.fd, -1));
    probe.reason = text_of_errno(failure);
    return -failure;
}

void HealthProber::on_event(Probe& probe, std::uint32_t events) {
    if (!probe.answer) {
        connected_or_not(probe);
    } else if (!probe.request.empty() && (events & EPOLLOUT) != 0) {
        send_request(probe);
    } else {
        read_answer(probe);
    }
}

void HealthProber::connected_or_not(Probe& probe) {
    int outcome = 0;
    socklen_t bytes = sizeof outcome;
    if (::getsockopt(probe.fd, SOL_SOCKET, SO_ERROR, &outcome, &bytes) != 0) outcome = errno;
    if (outcome == 0 && !probe.rule.path.empty()) return begin_exchange(probe);
    close_socket(probe);
    const base::Instant now = ring::sys::now();
    if (outcome == 0) return finish(probe, true, now);
    probe.reason = text_of_errno(outcome);
    try_next_address(probe, now);
}

void HealthProber::begin_exchange(Probe& probe) {
    const bool is_unix = config::is_unix(probe.target.scheme);
    probe.request = check_request(probe.rule, is_unix ? "localhost" : probe.target.to_string());
    probe.answer.emplace(probe.rule);
    send_request(probe);
}

void HealthProber::send_request(Probe& probe) {
    const ssize_t sent =
        ::send(probe.fd, probe.request.data(), probe.request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno == EAGAIN) return;
        probe.reason = text_of_errno(errno);
        return end_attempt(probe, HttpCheck::Verdict::failed);
    }
    probe.request.erase(0, static_cast<std::size_t>(sent));
    if (probe.request.empty()) poller_.change(probe.fd, EPOLLIN);
}

void HealthProber::read_answer(Probe& probe) {
    std::array<char, 16384> room;
    const ssize_t got = ::recv(probe.fd, room.data(), room.size(), MSG_DONTWAIT);
    if (got < 0) {
        if (errno == EAGAIN) return;
        probe.reason = text_of_errno(errno);
        return end_attempt(probe, HttpCheck::Verdict::failed);
    }
    const HttpCheck::Verdict verdict =
        got == 0 ? probe.answer->end()
                 : probe.answer->feed({room.data(), static_cast<std::size_t>(got)});
    if (verdict == HttpCheck::Verdict::undecided) return;
    if (verdict == HttpCheck::Verdict::failed) probe.reason = probe.answer->reason();
    end_attempt(probe, verdict);
}

void HealthProber::end_attempt(Probe& probe, HttpCheck::Verdict verdict) {
    close_socket(probe);
    const base::Instant now = ring::sys::now();
    if (verdict == HttpCheck::Verdict::passed) return finish(probe, true, now);
    // An address that answers wrongly has answered: traffic would get the same.
    finish(probe, false, now);
}

void HealthProber::close_socket(Probe& probe) {
    probe.answer.reset();
    probe.request.clear();
    if (probe.fd < 0) return;
    poller_.remove(probe.fd);
    ::close(std::exchange(probe.fd, -1));
}

void HealthProber::finish(Probe& probe, bool passed, base::Instant now) {
    const HealthChange change = probe.health.finish(passed, now, random_);
    if (change == HealthChange::none) return;
    const bool came_up = change == HealthChange::came_up;
    changed_(probe.endpoint, came_up, came_up ? std::string_view{} : probe.reason);
}

}  // namespace ringway::control
