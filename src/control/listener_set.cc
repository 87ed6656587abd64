#include "listener_set.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "resolver.h"
#include "ringway/ring/sys.h"
#include "socket_activation.h"

namespace ringway::control {
namespace {

constexpr auto name_patience = base::Duration::seconds(5);

// A listener's host that is a name: asked for once, before anything runs.
std::optional<net::Address> resolve_once(Poller& poller, const config::Target& target) {
    std::optional<net::Address> found;
    ResolverReports reports;
    reports.changed = [&found](std::size_t, const std::vector<net::Address>& addresses) {
        found = addresses.front();
    };
    Resolver resolver(poller, {{0, target.host, target.port}}, base::Duration::seconds(60), 1,
                      std::move(reports));
    const base::Instant until = ring::sys::now() + name_patience;
    resolver.tick(ring::sys::now());
    while (!found && resolver.first_round_under_way() && ring::sys::now() < until) {
        poller.wait(std::min(until, resolver.next_due()));
        resolver.tick(ring::sys::now());
    }
    return found;
}

}  // namespace

ListenerSet::ListenerSet(const config::Settings& settings, Poller& poller)
    : settings_(settings), poller_(poller), opened_(settings.listeners.size()) {
    for (Opened& opened : opened_) opened.fds.assign(settings.shards, -1);
    for (const config::Listener& listener : settings.listeners) {
        // Requests of HTTP go by route, and a file of replies alone has no upstream at all.
        rows_.push_back({listener.name, net::listener_url(listener.target),
                         listener.speaks_http() ? std::string{}
                                                : settings.upstreams.at(listener.upstream).name});
    }
}

ListenerSet::~ListenerSet() {
    for (const Opened& opened : opened_) {
        for (const int fd : opened.fds) {
            if (fd >= 0) ::close(fd);
        }
    }
    remove_files();
}

std::string ListenerSet::open_all(std::vector<std::string>& notes) {
    const std::vector<InheritedSocket> inherited = take_inherited_sockets(notes);
    const std::vector<int> matched = match_inherited(inherited, settings_.listeners);
    std::string error;
    for (std::size_t l = 0; l < opened_.size() && error.empty(); ++l) {
        if (matched[l] < 0) {
            error = open_one(l);
            continue;
        }
        const InheritedSocket& socket = inherited[static_cast<std::size_t>(matched[l])];
        const net::Listening adopted =
            net::adopt_listening_socket(socket.fd, settings_.listeners[l]);
        error = adopted.error;
        if (!error.empty()) continue;
        opened_[l].fds[0] = adopted.fd;
        opened_[l].single = true;
        set_row(l, adopted.fd);
        notes.push_back(fmt::format("listener {} uses the inherited socket '{}' ({})",
                                    settings_.listeners[l].name, socket.name, socket.address));
    }
    for (std::size_t s = 0; s < inherited.size(); ++s) {
        if (std::find(matched.begin(), matched.end(), static_cast<int>(s)) != matched.end())
            continue;
        notes.push_back(fmt::format("no listener fits the inherited socket '{}' ({}): closed",
                                    inherited[s].name, inherited[s].address));
        ::close(inherited[s].fd);
    }
    return error;
}

std::string ListenerSet::open_one(std::size_t l) {
    const config::Listener& listener = settings_.listeners[l];
    if (!config::is_unix(listener.target.scheme)) return open_tcp(l);
    if (auto probed = net::wait_until_free(listener, {}); !probed) return probed.error;
    const net::Listening opened = net::open_listening_socket(listener, {});
    if (!opened) return opened.error;
    opened_[l].fds[0] = opened.fd;
    opened_[l].single = true;
    opened_[l].file = opened.file;
    return {};
}

// One socket per shard on the same address; the kernel deals connections out between them.
std::string ListenerSet::open_tcp(std::size_t l) {
    const config::Listener& listener = settings_.listeners[l];
    std::optional<net::Address> address = net::literal_address(listener.target);
    if (!address) address = resolve_once(poller_, listener.target);
    if (!address) {
        return fmt::format("listener {}: {}: the name does not resolve", listener.name,
                           net::listener_url(listener.target));
    }
    if (auto probed = net::wait_until_free(listener, *address); !probed) return probed.error;
    for (int& fd : opened_[l].fds) {
        const net::Listening opened = net::open_listening_socket(listener, *address);
        if (!opened) return opened.error;
        fd = opened.fd;
        if (address->port() == 0) address->set_port(net::bound_port(fd));
    }
    set_row(l, opened_[l].fds[0]);
    return {};
}

void ListenerSet::set_row(std::size_t l, int fd) {
    config::Target target = settings_.listeners[l].target;
    const std::uint16_t port = net::bound_port(fd);
    if (port != 0) target.port = port;
    rows_[l].url = net::listener_url(target);
}

std::vector<int> ListenerSet::take_descriptors(std::size_t shard) {
    std::vector<int> fds;
    for (Opened& opened : opened_) fds.push_back(std::exchange(opened.fds.at(shard), -1));
    return fds;
}

std::vector<bool> ListenerSet::hands_over(std::size_t shard) const {
    std::vector<bool> result;
    for (const Opened& opened : opened_) {
        result.push_back(opened.single && shard == 0 && settings_.shards > 1);
    }
    return result;
}

void ListenerSet::remove_files() {
    for (std::size_t l = 0; l < opened_.size(); ++l) {
        net::remove_socket_file(settings_.listeners[l].target, opened_[l].file);
        opened_[l].file = {};
    }
}

}  // namespace ringway::control
