#include "resolver.h"

#include <algorithm>
#include <utility>

#include <ares.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include "ringway/ring/sys.h"

namespace ringway::control {
namespace {

constexpr int query_timeout_ms = 1500;
constexpr int query_tries = 2;
constexpr auto lifetime_min = base::Duration::seconds(1);
constexpr std::int64_t jitter_percent = 10;

// Order says nothing in DNS: answers that only rotate are no change.
bool same_set(std::vector<net::Address> a, std::vector<net::Address> b) {
    const auto by_text = [](const net::Address& x, const net::Address& y) {
        return x.to_string() < y.to_string();
    };
    std::sort(a.begin(), a.end(), by_text);
    std::sort(b.begin(), b.end(), by_text);
    return a == b;
}

}  // namespace

Resolver::Resolver(Poller& poller, std::vector<NameToResolve> names, base::Duration interval,
                   std::uint64_t seed, ResolverReports reports)
    : poller_(poller), interval_(interval), random_(seed), reports_(std::move(reports)) {
    for (NameToResolve& target : names) add(std::move(target));
}

Resolver::~Resolver() {
    closing_ = true;
    if (channel_ != nullptr) ::ares_destroy(channel_);
    if (library_ready_) ::ares_library_cleanup();
}

void Resolver::add(NameToResolve target) {
    if (channel_ == nullptr && broken_.empty()) open_channel();
    Name name;
    name.target = std::move(target);
    const auto unused = std::find_if(names_.begin(), names_.end(),
                                     [](const Name& each) { return !each.wanted && !each.asking; });
    if (unused != names_.end()) {
        *unused = std::move(name);
        return;
    }
    queries_.push_back({this, names_.size()});
    names_.push_back(std::move(name));
}

void Resolver::replace(std::vector<NameToResolve> names, base::Duration interval) {
    interval_ = interval;
    for (Name& name : names_) {
        const auto stays = std::find(names.begin(), names.end(), name.target);
        if (name.wanted && stays != names.end()) {
            names.erase(stays);
        } else {
            name.wanted = false;
        }
    }
    for (NameToResolve& target : names) add(std::move(target));
}

// Not before there is a name: without one nothing of the machine's configuration is read.
void Resolver::open_channel() {
    int status = ::ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS) {
        library_ready_ = true;
        ares_options options{};
        options.timeout = query_timeout_ms;
        options.tries = query_tries;
        options.sock_state_cb_data = this;
        options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
            static_cast<Resolver*>(self)->socket_state(fd, readable != 0, writable != 0);
        };
        status = ::ares_init_options(&channel_, &options,
                                     ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    }
    if (status != ARES_SUCCESS) {
        channel_ = nullptr;
        broken_ = ::ares_strerror(status);
    }
}

void Resolver::socket_state(int fd, bool readable, bool writable) {
    const auto known = std::find(watched_.begin(), watched_.end(), fd);
    if (!readable && !writable) {
        if (known == watched_.end()) return;
        poller_.remove(fd);
        watched_.erase(known);
        return;
    }
    const std::uint32_t events =
        (readable ? std::uint32_t{EPOLLIN} : 0u) | (writable ? std::uint32_t{EPOLLOUT} : 0u);
    if (known != watched_.end()) {
        poller_.change(fd, events);
        return;
    }
    const bool added = poller_.add(fd, events, [this, fd](std::uint32_t seen) {
        const bool failed = (seen & (EPOLLERR | EPOLLHUP)) != 0;
        const bool can_read = (seen & EPOLLIN) != 0 || failed;
        const bool can_write = (seen & EPOLLOUT) != 0 || failed;
        ::ares_process_fd(channel_, can_read ? fd : ARES_SOCKET_BAD,
                          can_write ? fd : ARES_SOCKET_BAD);
    });
    if (added) watched_.push_back(fd);
}

bool Resolver::first_round_under_way() const {
    return channel_ != nullptr && std::any_of(names_.begin(), names_.end(), [](const Name& name) {
               return name.wanted && !name.answered;
           });
}

std::vector<std::string> Resolver::unresolved() const {
    std::vector<std::string> hosts;
    for (const Name& name : names_) {
        if (name.wanted && name.addresses.empty()) hosts.push_back(name.target.host);
    }
    return hosts;
}

void Resolver::tick(base::Instant now) {
    if (channel_ == nullptr) return;
    ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i].wanted && !names_[i].asking && names_[i].due <= now) ask(i);
    }
}

base::Instant Resolver::next_due() const {
    if (channel_ == nullptr) return base::Instant::never();
    base::Instant due = base::Instant::never();
    for (const Name& name : names_) {
        if (name.wanted && !name.asking) due = std::min(due, name.due);
    }
    timeval wait{};
    if (::ares_timeout(channel_, nullptr, &wait) != nullptr) {
        const auto span =
            base::Duration::seconds(wait.tv_sec) + base::Duration::microseconds(wait.tv_usec);
        due = std::min(due, ring::sys::now() + span);
    }
    return due;
}

void Resolver::ask(std::size_t index) {
    Name& name = names_[index];
    name.asking = true;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    // The answer may come before this call returns (/etc/hosts, or no name server at all).
    ::ares_getaddrinfo(
        channel_, name.target.host.c_str(), nullptr, &hints,
        [](void* argument, int status, int, ares_addrinfo* info) {
            const Query& query = *static_cast<const Query*>(argument);
            query.resolver->answered(query.name, status, info);
        },
        &queries_[index]);
}

void Resolver::answered(std::size_t index, int status, ares_addrinfo* info) {
    Name& name = names_[index];
    if (closing_) {
        if (info != nullptr) ::ares_freeaddrinfo(info);
        return;
    }
    name.asking = false;
    if (!name.wanted) {
        if (info != nullptr) ::ares_freeaddrinfo(info);
        return;
    }
    name.answered = true;
    std::vector<net::Address> addresses;
    base::Duration lifetime = interval_;
    for (const ares_addrinfo_node* node = info != nullptr ? info->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
        net::Address address = net::Address::from(node->ai_addr, node->ai_addrlen);
        address.set_port(name.target.port);
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
            addresses.push_back(address);
        }
        // /etc/hosts has no lifetimes: 0 means nothing there.
        if (node->ai_ttl > 0) {
            lifetime = std::min(lifetime, base::Duration::seconds(node->ai_ttl));
        }
    }
    if (info != nullptr) ::ares_freeaddrinfo(info);
    if (status == ARES_SUCCESS && !addresses.empty()) {
        learned(name, std::move(addresses), lifetime);
        return;
    }
    name.due = ring::sys::now() + jittered(std::min(name.retry_after, interval_));
    name.retry_after = std::min(name.retry_after * 2, interval_);
    if (!std::exchange(name.failing, true) && reports_.failed) {
        reports_.failed(name.target.endpoint, name.target.host,
                        status == ARES_SUCCESS ? "no address" : ::ares_strerror(status));
    }
}

void Resolver::learned(Name& name, std::vector<net::Address> addresses, base::Duration lifetime) {
    name.due = ring::sys::now() + jittered(std::max(lifetime, lifetime_min));
    name.retry_after = lifetime_min;
    if (std::exchange(name.failing, false) && reports_.recovered) {
        reports_.recovered(name.target.endpoint, name.target.host);
    }
    if (same_set(name.addresses, addresses)) return;
    name.addresses = std::move(addresses);
    if (reports_.changed) reports_.changed(name.target.endpoint, name.addresses);
}

base::Duration Resolver::jittered(base::Duration span) {
    if (span.is_forever()) return span;
    const std::int64_t reach_ns = span.ns / 100 * jitter_percent;
    const auto offset = random_.below(static_cast<std::uint64_t>(2 * reach_ns + 1));
    return base::Duration::nanoseconds(span.ns - reach_ns + static_cast<std::int64_t>(offset));
}

}  // namespace ringway::control
